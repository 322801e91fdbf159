"""Ablation curves: the tidy rows that every kind of ablation ends in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.bootstrap import bootstrap_accuracy
from onegrain.ablation.orders import NeuronOrder
from onegrain.ablation.probe_mask import correct_by_sentence
from onegrain.probing.labelled import LabelledActivations


def probe_mask_curves(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    orders: Sequence[NeuronOrder],
    counts: Sequence[int],
    clamp: Float[Tensor, " neurons"] | None = None,
    bootstrap_samples: int = 1000,
    bootstrap_seed: int = 0,
) -> pd.DataFrame:
    """Classify with the first ``counts`` neurons of every order kept, all others clamped.

    Returns:
        One row for each order and count: ``target``, ``operation``, ``metric``, ``order``,
        ``seed``, ``neurons``, ``fraction``, ``value`` (accuracy), and ``low`` and ``high``, its 95%
        interval over test sentences.
    """
    permutations = torch.stack([order.neurons for order in orders])
    correct = correct_by_sentence(weight, bias, data, permutations, counts, clamp)
    accuracy = correct.sum(dim=-1).double() / len(data)
    low, high = bootstrap_accuracy(
        correct, data.sentence_words, samples=bootstrap_samples, seed=bootstrap_seed
    )
    return pd.DataFrame(
        {
            "target": "probe_mask",
            "operation": "keep",
            "metric": "accuracy",
            "order": [order.name for order in orders for _ in counts],
            "seed": [order.seed for order in orders for _ in counts],
            "neurons": [count for _ in orders for count in counts],
            "fraction": [count / data.neurons for _ in orders for count in counts],
            "value": accuracy.flatten().tolist(),
            "low": low.flatten().tolist(),
            "high": high.flatten().tolist(),
        }
    )


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
    """Return what ablating a fraction of the neurons costs: BLEU lost, or perplexity gained."""
    loss = value_at(curves, order, 0.0) - value_at(curves, order, fraction)
    return -loss if (curves["metric"] == "perplexity").all() else loss


def value_at(curves: pd.DataFrame, order: str, fraction: float) -> float:
    """Return a curve's value at the point nearest to ``fraction``; the mean over random orders."""
    rows = curves[curves["order"] == order]
    distance = (rows["fraction"] - fraction).abs()
    return float(rows.loc[distance <= distance.min() + 1e-12, "value"].mean())


def _area(curve: pd.DataFrame) -> float:
    ascending = curve.sort_values("fraction")
    x = torch.tensor(ascending["fraction"].to_numpy(copy=True))
    y = torch.tensor(ascending["value"].to_numpy(copy=True))
    return float(torch.trapezoid(y, x))
