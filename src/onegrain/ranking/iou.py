"""Intersection over union: on how far the same words a neuron is active and a label stands.

Mu & Andreas (NeurIPS 2020), and network dissection (Bau et al., CVPR 2017) before: a neuron is
active above 0, or in its top quantile, and explained by the label z of the highest

    IoU(neuron, z) = |active and z| / |active or z|.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.groups import BLOCK_WORDS
from onegrain.probing.labelled import LabelledActivations
from onegrain.ranking.ordering import rank_by_label_scores

QUANTILE_WORDS = 20_000  # over which quantiles are taken, evenly spread over all


def rank_by_iou(
    train: LabelledActivations,
    labels: Sequence[str],
    layout: NeuronLayout,
    *,
    quantile: float | None = None,
    varies: Bool[Tensor, " neurons"] | None = None,
    seed: int = 0,
) -> Ranking:
    """Rank neurons by their highest IoU with any label.

    A neuron of a recurrent network speaks with both signs, so it may be active above its threshold
    or, as its negative is, below the one at the other end: the better of the two counts.

    Args:
        train: Words and their labels.
        labels: Label names, by id.
        layout: What the neurons are.
        quantile: Active are the words in this share at the top (or bottom) of the neuron's values,
            over at most 20,000 words; None: those above (or below) 0. Values at the threshold
            itself, such as the zeros of a rectified neuron, are not.
        varies: Which neurons are ranked; the others, such as constant ones, which say nothing of
            any word, have score 0 and come last. All by default.
        seed: Of the random order among neurons that cannot be told apart.

    Example:
        >>> from onegrain.neurons import Block
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 0.0], [-1.0, -1.0]])
        >>> labels = torch.tensor([0, 0, 1, 1])
        >>> train = LabelledActivations(InMemory(values), labels, torch.arange(4))
        >>> layout = NeuronLayout((Block("lm", 1, "", 2),))
        >>> rank_by_iou(train, ["NOUN", "VERB"], layout).scores.tolist()
        [1.0, 0.5]
    """
    counts = torch.bincount(train.labels, minlength=len(labels)).double()[:, None]
    best = torch.zeros(len(labels), train.neurons, dtype=torch.float64)
    for active in _active_words(train, _thresholds(train, quantile), len(labels)):
        union = active.sum(dim=0) + counts - active
        torch.maximum(best, active / union.clamp(min=1), out=best)
    if varies is not None:
        best = torch.where(varies, best, 0.0)
    return rank_by_label_scores("iou", best, labels, best.amax(dim=0), layout, seed)


def _thresholds(
    train: LabelledActivations, quantile: float | None
) -> tuple[Float[Tensor, " neurons"], Float[Tensor, " neurons"]]:
    """Return the values above which, and below which, each neuron is active."""
    if quantile is None:
        zero = torch.zeros(train.neurons)
        return zero, zero
    sample = train.spread(QUANTILE_WORDS).activations
    values = torch.cat(list(sample.blocks(BLOCK_WORDS))).float()
    inside = min(max(round(quantile * len(values)), 1), len(values) - 1)
    low = values.kthvalue(inside + 1, dim=0).values
    high = values.kthvalue(len(values) - inside, dim=0).values
    return high, low


def _active_words(
    train: LabelledActivations,
    thresholds: tuple[Float[Tensor, " neurons"], Float[Tensor, " neurons"]],
    labels: int,
) -> Float[Tensor, "signs labels neurons"]:
    """Count, for either sign, the words of each label on which each neuron is active."""
    high, low = thresholds
    counts = torch.zeros(2, labels, train.neurons, dtype=torch.float64)
    for values, ids, _ in train.blocks(BLOCK_WORDS):
        _add(counts[0], ids, values > high)
        _add(counts[1], ids, values < low)
    return counts


def _add(
    counts: Float[Tensor, "labels neurons"],
    ids: Int[Tensor, " rows"],
    active: Bool[Tensor, "rows neurons"],
) -> None:
    """Add by a product, which for a few labels is many times as fast as scattering rows."""
    members = torch.nn.functional.one_hot(ids, len(counts)).float()
    counts += members.T @ active.float()
