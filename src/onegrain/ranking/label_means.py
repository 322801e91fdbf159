"""Rankings by how far a neuron's mean differs between labels.

Probeless is of Antverg & Belinkov (ICLR 2022): no probe is trained that could mix up what a neuron
encodes with what the probe makes of it. The F statistic is that of a one-way analysis of variance.
Selectivity is the distance of a label's mean from that of all other words, as a share of the
neuron's range.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.groups import BLOCK_WORDS, GroupMeans
from onegrain.probing.labelled import ActivationSource
from onegrain.ranking.ordering import rank_by_label_scores

ROUNDING = 1e-12  # a smaller share of the variance within labels is none; it keeps F finite


def rank_by_probeless(
    means: GroupMeans, labels: Sequence[str], layout: NeuronLayout, *, seed: int = 0
) -> Ranking:
    """Rank neurons by the sum of |q(z) - q(z')| over all pairs of labels, q(z) the mean on z.

    The order of a label is by the sum over its own pairs. Neurons are taken as they are, so those
    of a large scale come first; neurons whose mean is the same on all labels are last.

    Args:
        means: Of the words of every label.
        labels: A name for each of its groups.
        layout: What the neurons are.
        seed: Of the random order among neurons that cannot be told apart.

    Example:
        >>> from onegrain.neurons import Block
        >>> from onegrain.probing.groups import group_means
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.5, 3.0]])
        >>> means = group_means(InMemory(values), {"pos": torch.tensor([0, 1, 2])})["pos"]
        >>> layout = NeuronLayout((Block("lm", 1, "", 2),))
        >>> ranking = rank_by_probeless(means, ["ADJ", "NOUN", "VERB"], layout)
        >>> ranking.order.tolist(), ranking.scores.tolist()
        ([1, 0], [1.0, 4.0])
    """
    distances = torch.stack([(means.means - own).abs().sum(dim=0) for own in means.means])
    total = distances.sum(dim=0) / 2
    return rank_by_label_scores("probeless", distances, labels, total, layout, seed)


def rank_by_anova(
    means: GroupMeans, labels: Sequence[str], layout: NeuronLayout, *, seed: int = 0
) -> Ranking:
    """Rank neurons by the F statistic of their means on the labels.

    F is the variance between labels, divided by their number less one, over the variance within,
    divided by the number of words less that of labels. A label's order is by the F of its words
    against all others. A constant neuron has F = 0 and is last; one that is constant on each label
    and tells them apart has a finite, very large F.

    Args:
        means: Of the words of every label.
        labels: A name for each of its groups.
        layout: What the neurons are.
        seed: Of the random order among neurons that cannot be told apart.
    """
    total = means.variance * means.words
    deviations = (means.means - means.mean).square()
    between = means.counts.double() @ deviations
    rest = means.words - means.counts[:, None]
    against_rest = means.counts[:, None] * deviations * means.words / rest.clamp(min=1)
    return rank_by_label_scores(
        "anova",
        _f_statistic(against_rest, total, groups=2, words=means.words),
        labels,
        _f_statistic(between, total, groups=len(labels), words=means.words),
        layout,
        seed,
    )


def rank_by_selectivity(
    means: GroupMeans,
    source: ActivationSource,
    labels: Sequence[str],
    layout: NeuronLayout,
    *,
    seed: int = 0,
) -> Ranking:
    """Rank neurons by |mean on a label - mean on all other words| / (maximum - minimum).

    That is the score for one label, from 0 to 1; the score of a neuron is that of its best label.
    Constant neurons have score 0 and are last.

    Args:
        means: Of the words of every label.
        source: The same words, for the range of every neuron; they are read once more.
        labels: A name for each of the groups.
        layout: What the neurons are.
        seed: Of the random order among neurons that cannot be told apart.
    """
    rest = (means.words - means.counts).clamp(min=1)[:, None]
    sums = means.counts[:, None] * means.means
    elsewhere = (means.mean * means.words - sums) / rest
    spread = _range(source)
    distance = (means.means - elsewhere).abs() / spread.clamp(min=torch.finfo(spread.dtype).tiny)
    by_label = torch.where(
        (means.variance > 0) & (means.counts < means.words)[:, None], distance, 0
    )
    best = by_label.amax(dim=0)
    return rank_by_label_scores("selectivity", by_label, labels, best, layout, seed)


def _f_statistic(
    between: Float[Tensor, "*labels neurons"],
    total: Float[Tensor, " neurons"],
    groups: int,
    words: int,
) -> Float[Tensor, "*labels neurons"]:
    within = torch.maximum(total - between, ROUNDING * total)
    freedom = max(words - groups, 1) / max(groups - 1, 1)
    return torch.where(total > 0, between / within * freedom, 0.0)


def _range(source: ActivationSource) -> Float[Tensor, " neurons"]:
    """Return the maximum of every neuron less its minimum."""
    low = torch.full((source.shape[1],), torch.inf, dtype=torch.float64)
    high = -low
    for block in source.blocks(BLOCK_WORDS):
        torch.minimum(low, block.amin(dim=0).double(), out=low)
        torch.maximum(high, block.amax(dim=0).double(), out=high)
    return high - low
