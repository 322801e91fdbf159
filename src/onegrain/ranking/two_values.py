"""Neurons that tell two values of one property apart, each by itself (Bau et al., ICLR 2019).

The paper ranks neurons for a property by the share of their variance that it explains, and by how
well a normal distribution for each value tells words apart by the neuron alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.labelled import ActivationSource
from onegrain.ranking.ordering import rank_by_scores

BLOCK_WORDS = 2048  # in fp64, 2,000 neurons need 33 MB
NARROWEST = 1e-6  # variance of a value's words, in that of all words: no density is infinite


@dataclass(frozen=True, eq=False)
class ValueMoments:
    """What every neuron does on the words of each of two values.

    Attributes:
        counts: Words of each value.
        means: Of every neuron.
        variances: Divided by the number of words.
    """

    counts: Int[Tensor, " 2"]
    means: Float[Tensor, "2 neurons"]
    variances: Float[Tensor, "2 neurons"]

    @property
    def shares(self) -> Float[Tensor, "2 1"]:
        """Each value's share of the words."""
        return (self.counts / self.counts.sum()).double()[:, None]

    @property
    def variance(self) -> Float[Tensor, " neurons"]:
        """Of all words; 0 for a constant neuron."""
        between = self.shares.prod() * (self.means[0] - self.means[1]).square()
        return (self.shares * self.variances).sum(dim=0) + between


def value_moments(
    source: ActivationSource, values: Int[Tensor, " tokens"], block_words: int = BLOCK_WORDS
) -> ValueMoments:
    """Read the words once; sums are in fp64, of what differs from the first word.

    Args:
        source: The words.
        values: 0 or 1 for every word; one with -1 is left out.
        block_words: How many are read at a time.

    Raises:
        ValueError: If a value has no word.

    Example:
        >>> from onegrain.probing.labelled import InMemory
        >>> source = InMemory(torch.tensor([[1.0], [3.0], [5.0], [9.0]]))
        >>> found = value_moments(source, torch.tensor([0, 0, 1, -1]))
        >>> found.means.tolist(), found.variances.tolist(), found.counts.tolist()
        ([[2.0], [5.0]], [[1.0], [0.0]], [2, 1])
    """
    counts = torch.bincount(values[values >= 0], minlength=2)
    if len(counts) > 2 or not bool(counts.all()):
        raise ValueError(f"two values need words each, and there are {counts.tolist()}")
    first = source.gather(torch.zeros(1, dtype=torch.long)).double()
    sums = torch.zeros(3, source.shape[1], dtype=torch.float64)  # the last: words left out
    squares = torch.zeros_like(sums)
    for block, here in zip(source.blocks(block_words), values.split(block_words), strict=True):
        shifted, rows = block.double() - first, here % 3
        sums.index_add_(0, rows, shifted)
        squares.index_add_(0, rows, shifted.square_())
    offsets = sums[:2] / counts[:, None]
    variances = squares[:2] / counts[:, None] - offsets.square()
    return ValueMoments(counts, offsets + first, variances.clamp_(min=0))


def rank_by_explained_variance(
    moments: ValueMoments, layout: NeuronLayout, seed: int = 0
) -> Ranking:
    """Rank by 1 - E[Var(x | value)] / Var(x), the share of the variance between the two values."""
    within = (moments.shares * moments.variances).sum(dim=0)
    varies = moments.variance > 0
    share = torch.where(varies, 1 - within / moments.variance, 0.0).float()
    return rank_by_scores("explained_variance", share, layout, seed)


def rank_by_gaussian_f1(
    source: ActivationSource,
    values: Int[Tensor, " tokens"],
    moments: ValueMoments,
    layout: NeuronLayout,
    seed: int = 0,
    block_words: int = BLOCK_WORDS,
) -> Ranking:
    """Rank by how well a neuron alone tells the values apart, by one normal for each.

    A word is given the value under which its activation is more probable, with the values' shares
    as priors. The score is the mean of both values' F1 on these words.

    Args:
        source: The words.
        values: 0 or 1 for every word; one with -1 is left out.
        moments: Of these words.
        layout: What the neurons are.
        seed: Of the order of neurons that cannot be told apart.
        block_words: How many words are read at a time.
    """
    variance = moments.variance
    varies = variance > 0
    spread = torch.where(varies, moments.variances.maximum(NARROWEST * variance), 1.0)
    bias = moments.shares.log() - spread.log() / 2
    right = torch.zeros(2, source.shape[1], dtype=torch.float64)
    said_one = torch.zeros(source.shape[1], dtype=torch.float64)
    for block, here in zip(source.blocks(block_words), values.split(block_words), strict=True):
        states, truth = block.double()[here >= 0], here[here >= 0]
        log = bias[:, None] - (states - moments.means[:, None]).square() / (2 * spread[:, None])
        one = (log[1] > log[0]).double()
        is_one = truth.double()
        right += torch.stack([(1 - is_one) @ (1 - one), is_one @ one])
        said_one += one.sum(dim=0)
    said = torch.stack([moments.counts.sum() - said_one, said_one])
    f1 = (2 * right / (said + moments.counts[:, None])).mean(dim=0)
    scores = torch.where(varies, f1, 0.0).float()
    return rank_by_scores("gaussian_f1", scores, layout, seed)
