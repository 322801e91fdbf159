"""Ablation curves: the tidy rows that every kind of ablation ends in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.ablation.bootstrap import bootstrap_accuracy
from onegrain.ablation.probe_mask import correct_by_sentence
from onegrain.neurons import Ranking
from onegrain.probing.labelled import LabelledActivations


@dataclass(frozen=True)
class KeepOrder:
    """An order in which neurons are kept.

    Attributes:
        name: ``top``, ``bottom`` or ``random``.
        neurons: The first kept first.
        seed: Of a random order; of the run for the others.
    """

    name: str
    neurons: Int[Tensor, " neurons"]
    seed: int


def keep_orders(ranking: Ranking, random_orders: int, seed: int) -> list[KeepOrder]:
    """Return the ranking from the top, from the bottom, and ``random_orders`` random orders."""
    randoms = [
        KeepOrder("random", _shuffled(len(ranking.order), each), each)
        for each in range(seed, seed + random_orders)
    ]
    top = KeepOrder("top", ranking.order, seed)
    bottom = KeepOrder("bottom", ranking.order.flip(0), seed)
    return [top, bottom, *randoms]


def probe_mask_curves(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    orders: Sequence[KeepOrder],
    counts: Sequence[int],
    clamp: Float[Tensor, " neurons"] | None = None,
    bootstrap_samples: int = 1000,
    bootstrap_seed: int = 0,
) -> pd.DataFrame:
    """Classify with the first ``counts`` neurons of every order kept, all others clamped.

    Returns:
        One row for each order and count: ``order``, ``seed``, ``neurons``, ``fraction``,
        ``value`` (accuracy), and ``low`` and ``high``, its 95% interval over test sentences.
    """
    permutations = torch.stack([order.neurons for order in orders])
    correct = correct_by_sentence(weight, bias, data, permutations, counts, clamp)
    accuracy = correct.sum(dim=-1).double() / len(data)
    low, high = bootstrap_accuracy(
        correct, data.sentence_words, samples=bootstrap_samples, seed=bootstrap_seed
    )
    return pd.DataFrame(
        {
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

    Positive where keeping the top neurons is worth more than keeping the bottom ones, so where
    the ranking tells important neurons apart.
    """
    return _area(curves[curves["order"] == "top"]) - _area(curves[curves["order"] == "bottom"])


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


def _shuffled(size: int, seed: int) -> Int[Tensor, " neurons"]:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))
