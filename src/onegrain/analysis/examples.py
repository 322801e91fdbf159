"""What single neurons do, word by word: the passages that move them most, and how their values lie.

Everything is streamed over the recorded activations, so memory holds one block of them and the
results. Figure 3 of Dalvi et al. (AAAI 2019) shows one neuron over sentences in this way.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Int8
from torch import Tensor

from onegrain.analysis.passages import Passages
from onegrain.probing.labelled import ActivationSource

STEPS = 127  # of the quantised scale, on either side of zero
_ROWS = 4096  # in a block
_TILE = 100  # neurons whose histograms stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Extremes:
    """How far every neuron goes, and where.

    Attributes:
        low: Its lowest value over all words.
        high: Its highest.
        lowest: The passages that hold its lowest values, the very lowest first; each passage
            once. There are fewer columns than asked for where there are fewer passages.
        highest: Those that hold its highest values, the very highest first.
    """

    low: Float[Tensor, " neurons"]
    high: Float[Tensor, " neurons"]
    lowest: Int[Tensor, "neurons places"]
    highest: Int[Tensor, "neurons places"]

    @property
    def peak(self) -> Float[Tensor, " neurons"]:
        """The largest absolute value of every neuron: the end of its symmetric scale."""
        return torch.maximum(self.low.abs(), self.high.abs())


@dataclass(frozen=True, eq=False)
class Distribution:
    """How every neuron's values lie over groups of words.

    Attributes:
        counts: Words in each bin. The bins of a neuron have one width and go from its ``-peak``
            to its ``peak``.
        mean: The mean activation, summed in fp64; 0 for a group without words.
    """

    counts: Int[Tensor, "neurons groups bins"]
    mean: Float[Tensor, "neurons groups"]


def extremes(source: ActivationSource, passages: Passages, places: int) -> Extremes:
    """Find the passages where each neuron is highest and lowest, in one pass over all words.

    Raises:
        ValueError: If the passages are not those of ``source``'s words, or there are none.
    """
    words, neurons = source.shape
    if not len(passages) or int(passages.length.sum()) != words:
        raise ValueError(f"passages of {int(passages.length.sum())} words for {words} rows")
    passage = torch.arange(len(passages)).repeat_interleave(passages.length)
    highest, lowest = (_Best.none(places, neurons) for _ in range(2))
    first = 0
    for block in source.blocks(_ROWS):
        here = passage[first : first + len(block)]
        values = block.float()
        highest = highest.with_block(values, here)
        lowest = lowest.with_block(-values, here)
        first += len(block)
    found = min(places, len(passages))
    return Extremes(
        low=-lowest.values[0],
        high=highest.values[0],
        lowest=lowest.passages[:found].T.contiguous(),
        highest=highest.passages[:found].T.contiguous(),
    )


def distribution(
    source: ActivationSource,
    groups: Int[Tensor, " words"],
    count: int,
    peak: Float[Tensor, " neurons"],
    bins: int,
) -> Distribution:
    """Count the words of each group by how active each neuron is on them, and average them.

    Args:
        source: Activations of all words.
        groups: The group of every word, 0 to ``count - 1``, such as its label.
        count: Number of groups.
        peak: Of each neuron; see `Extremes.peak`.
        bins: From ``-peak`` to ``peak``. With an even number zero is an edge. A value on an edge
            belongs to the bin above it, the peak itself to the last.
    """
    neurons = len(peak)
    counts = torch.zeros(neurons, count * bins, dtype=torch.long)
    total = torch.zeros(count, neurons, dtype=torch.float64)
    for block, group in zip(source.blocks(_ROWS), groups.split(_ROWS), strict=True):
        values = block.float()
        total.index_add_(0, group, values.double())
        places = ((_shares(values, peak) + 1) * (bins / 2)).int().clamp_(0, bins - 1)
        places += (group * bins).int()[:, None]
        for start in range(0, neurons, _TILE):
            tile = places[:, start : start + _TILE]
            offset = torch.arange(tile.shape[1], dtype=torch.int32) * (count * bins)
            counted = torch.bincount(
                (tile + offset).flatten(), minlength=tile.shape[1] * count * bins
            )
            counts[start : start + _TILE] += counted.view(-1, count * bins)
    words = torch.bincount(groups, minlength=count).clamp(min=1)
    return Distribution(
        counts=counts.view(neurons, count, bins), mean=(total / words[:, None]).T.float()
    )


def quantised(
    values: Float[Tensor, "*cells"], peak: Float[Tensor, "..."]
) -> Int8[Tensor, "*cells"]:
    """Round activations to 127 steps on either side of zero, the last at the neuron's peak.

    ``code * peak / 127`` is at most ``peak / 254`` away from the activation.

    Args:
        values: Activations.
        peak: The peak of the neuron that each belongs to; shapes broadcast.

    Example:
        >>> quantised(torch.tensor([0.5, -0.25, 0.0]), torch.tensor(0.5)).tolist()
        [127, -64, 0]
    """
    return (_shares(values, peak) * STEPS).round().clamp_(-STEPS, STEPS).to(torch.int8)


def passage_codes(
    source: ActivationSource,
    passages: Passages,
    chosen: Int[Tensor, "neurons places"],
    peak: Float[Tensor, " neurons"],
) -> Int8[Tensor, " cells"]:
    """Return each neuron's quantised values over passages of its own choice, in one pass.

    Returns:
        For one neuron after the other, the words of its passages in the order chosen.
    """
    length = passages.length[chosen]
    rows = passages.rows(chosen.flatten())
    neurons = torch.arange(len(chosen)).repeat_interleave(length.sum(dim=1))
    values = torch.empty(len(rows))
    first = 0
    for block in source.blocks(_ROWS):
        here = ((rows >= first) & (rows < first + len(block))).nonzero()[:, 0]
        values[here] = block[rows[here] - first, neurons[here]].float()
        first += len(block)
    return quantised(values, peak[neurons])


def _shares(values: Float[Tensor, "*cells"], peak: Float[Tensor, "..."]) -> Float[Tensor, "*cells"]:
    """Values as shares of the peak, -1 to 1; 0 for a neuron that is always 0."""
    return values / peak.clamp(min=torch.finfo(torch.float32).tiny)


@dataclass(frozen=True, eq=False)
class _Best:
    """The highest values of each neuron so far, and their passages; descending.

    A passage counts once. It may be split between two blocks, so the last passage of a block that
    was seen may turn up again.
    """

    values: Float[Tensor, "places neurons"]
    passages: Int[Tensor, "places neurons"]

    @classmethod
    def none(cls, places: int, neurons: int) -> _Best:
        return cls(
            torch.full((places, neurons), -torch.inf),
            torch.full((places, neurons), -1, dtype=torch.long),
        )

    def with_block(
        self, values: Float[Tensor, "rows neurons"], passage: Int[Tensor, " rows"]
    ) -> _Best:
        start, neurons = int(passage[0]), values.shape[1]
        found = int(passage[-1]) - start + 1
        peaks = torch.full((found, neurons), -torch.inf)
        peaks.scatter_reduce_(0, (passage - start)[:, None].expand(-1, neurons), values, "amax")
        again = self.passages == start
        split = self.values.where(again, torch.tensor(-torch.inf)).max(dim=0).values
        peaks[0] = torch.maximum(peaks[0], split)
        values = torch.cat((self.values.masked_fill(again, -torch.inf), peaks))
        ids = torch.arange(start, start + found)[:, None].expand(-1, neurons)
        best = values.topk(len(self.values), dim=0)
        return _Best(best.values, torch.cat((self.passages, ids)).gather(0, best.indices))
