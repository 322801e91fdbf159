"""Numbers that are read off ablation curves; without torch, so that reports stay quick."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def gap(curves: pd.DataFrame) -> float:
    """Return the area between the top and the bottom curve over fractions 0 to 1.

    Positive where the top neurons matter more: where keeping them is worth more, or ablating them
    costs more, than the bottom ones. For perplexity it is the area between its logarithms.

    Args:
        curves: The rows of one experiment: one ``operation`` and one ``metric``.
    """
    (operation,), (metric,) = curves["operation"].unique(), curves["metric"].unique()
    if metric == "perplexity":
        curves = curves.assign(value=-curves["value"].map(math.log))
    top, bottom = (_area(curves[curves["order"] == order]) for order in ("top", "bottom"))
    return top - bottom if operation == "keep" else bottom - top


def drop_at(curves: pd.DataFrame, order: str, fraction: float) -> float:
    """Return what ablating a fraction costs: BLEU or accuracy lost, or perplexity gained."""
    loss = value_at(curves, order, 0.0) - value_at(curves, order, fraction)
    is_perplexity = (curves["metric"] == "perplexity").all()
    return (-loss if is_perplexity else loss) + 0.0  # never -0.0


def value_at(curves: pd.DataFrame, order: str, fraction: float) -> float:
    """Return a curve's value at the point nearest to ``fraction``; the mean over random orders."""
    rows = curves[curves["order"] == order]
    distance = (rows["fraction"] - fraction).abs()
    return float(rows.loc[distance <= distance.min() + 1e-12, "value"].mean())


def _area(curve: pd.DataFrame) -> float:
    ascending = curve.sort_values("fraction")
    return float(np.trapezoid(ascending["value"].to_numpy(), ascending["fraction"].to_numpy()))
