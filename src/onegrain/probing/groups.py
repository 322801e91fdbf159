"""What neurons do on groups of words: one pass over the activations for any number of groupings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.labelled import ActivationSource

BLOCK_WORDS = 2048  # in fp64, 2,000 neurons need 33 MB


@dataclass(frozen=True, eq=False)
class GroupMeans:
    """The mean activation of every neuron on each group of words.

    Attributes:
        counts: Words of each group.
        means: Of every neuron on the words of a group; 0 for a group without words.
        mean: Of every neuron over the words of all groups.
        variance: Over the same words, divided by their number; exactly 0 for a constant neuron.
    """

    counts: Int[Tensor, " groups"]
    means: Float[Tensor, "groups neurons"]
    mean: Float[Tensor, " neurons"]
    variance: Float[Tensor, " neurons"]

    @property
    def words(self) -> int:
        """Number of words in all groups."""
        return int(self.counts.sum())


def group_means(
    source: ActivationSource,
    groupings: Mapping[str, Int[Tensor, " tokens"]],
    block_words: int = BLOCK_WORDS,
) -> dict[str, GroupMeans]:
    """Average the activations of all neurons over the groups of several groupings.

    The activations are read once. Sums are in fp64, of what differs from the first word, so that a
    constant neuron has no variance by rounding. Memory holds one block and a row for each group.

    Args:
        source: The words.
        groupings: For each name, the group of every word, from 0; a word with -1 is left out.
        block_words: How many words are read at a time.

    Raises:
        ValueError: If a grouping does not have one entry for each word.

    Example:
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.tensor([[1.0, 5.0], [3.0, 5.0], [5.0, 5.0], [7.0, 5.0]])
        >>> found = group_means(InMemory(values), {"pos": torch.tensor([0, 0, 1, 1])})["pos"]
        >>> found.means.tolist(), found.variance.tolist()
        ([[2.0, 5.0], [6.0, 5.0]], [5.0, 0.0])
    """
    words, neurons = source.shape
    for name, groups in groupings.items():
        if len(groups) != words:
            raise ValueError(f"'{name}' groups {len(groups)} words, and there are {words}")
    sums = [_room(groups, neurons) for groups in groupings.values()]
    squares = torch.zeros(len(sums), neurons, dtype=torch.float64)
    first = source.gather(torch.zeros(min(words, 1), dtype=torch.long)).double().sum(dim=0)
    parts = zip(*(groups.split(block_words) for groups in groupings.values()), strict=True)
    for block, groups_here in zip(source.blocks(block_words), parts, strict=bool(groupings)):
        shifted = block.double() - first
        for total, groups in zip(sums, groups_here, strict=True):
            total.index_add_(0, torch.where(groups < 0, len(total) - 1, groups), shifted)
        counted = torch.stack(groups_here) >= 0
        squares += counted.double() @ shifted.square_()
    return {
        name: _means(groups, total[:-1], square, first)
        for (name, groups), total, square in zip(groupings.items(), sums, squares, strict=True)
    }


def _room(groups: Int[Tensor, " tokens"], neurons: int) -> Float[Tensor, "rows neurons"]:
    """Return a row for each group, and a last one for the words that are left out."""
    return torch.zeros(_group_count(groups) + 1, neurons, dtype=torch.float64)


def _group_count(groups: Int[Tensor, " tokens"]) -> int:
    return max(int(groups.max()) + 1, 0) if len(groups) else 0


def _means(
    groups: Int[Tensor, " tokens"],
    sums: Float[Tensor, "groups neurons"],
    squares: Float[Tensor, " neurons"],
    shift: Float[Tensor, " neurons"],
) -> GroupMeans:
    counts = torch.bincount(groups[groups >= 0], minlength=len(sums))
    words = max(int(counts.sum()), 1)
    offset = sums.sum(dim=0) / words
    means = sums / counts.clamp(min=1)[:, None] + shift
    return GroupMeans(
        counts,
        means=means.masked_fill_((counts == 0)[:, None], 0.0),
        mean=offset + shift,
        variance=(squares / words - offset.square()).clamp_(min=0),
    )
