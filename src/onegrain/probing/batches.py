"""Shuffled batches of words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import IterableDataset

from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.uncertain import Emphasis
from onegrain.ranks import ALONE, Ranks


class Drawn(NamedTuple):
    """Neighbouring words of a batch that were drawn from the same words.

    Attributes:
        size: How many there are, of this process.
        stands_for: How many words each of them represents.
    """

    size: int
    stands_for: float


class Batch(NamedTuple):
    """The words of a step.

    Attributes:
        rows: Their numbers.
        values: Their activations.
        labels: Their label ids.
        draws: What they were drawn from, in their order.
    """

    rows: Int[Tensor, " rows"]
    values: Float[Tensor, "rows neurons"]
    labels: Int[Tensor, " rows"]
    draws: tuple[Drawn, ...]


class WordBatches(IterableDataset[Batch]):
    """All words in an order that is new in every epoch, a batch at a time.

    Equal seeds give equal batches. With several ``ranks``, ``data`` is what this process has of
    all words, and a batch its part of that of all.

    Attributes:
        emphasis: Where it is given, an epoch has as many batches, but not each word once:
            uncertain words come more often than the others, and none twice in a batch.
    """

    def __init__(
        self,
        data: LabelledActivations,
        batch_size: int,
        seed: int,
        dtype: torch.dtype,
        ranks: Ranks = ALONE,
    ) -> None:
        self.data, self.batch_size, self.dtype = data, batch_size, dtype
        self.words = ranks.total(len(data))
        self.here = ranks.rows(self.words)
        self.emphasis: Emphasis | None = None
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-self.words // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self.emphasis is None or len(self) == 1 or self.batch_size == 1:
            order = torch.randperm(self.words, generator=self._generator)
            for rows in order.split(self.batch_size):
                yield self._batch((rows, self.words))
            return
        uncertain, others = self.emphasis.uncertain, self.emphasis.others
        count = self.emphasis.drawn(self.batch_size)
        draws = zip(
            self._drawn(uncertain, count),
            self._drawn(others, self.batch_size - count),
            strict=True,
        )
        for some, more in islice(draws, len(self)):
            yield self._batch((some, len(uncertain)), (more, len(others)))

    def _drawn(self, rows: Int[Tensor, " rows"], count: int) -> Iterator[Int[Tensor, " count"]]:
        """Yield ``count`` of the rows at a time without end, in order after order."""
        while True:
            order = rows[torch.randperm(len(rows), generator=self._generator)]
            yield from order[: len(rows) // count * count].split(count)

    def _batch(self, *drawn: tuple[Int[Tensor, " _"], int]) -> Batch:
        """Put rows, and of how many words they are, together."""
        here = [self._here(rows) for rows, _ in drawn]
        rows = torch.cat(here)
        values = self.data.activations.gather(rows).to(self.dtype)
        draws = tuple(
            Drawn(len(part), words / len(whole))
            for part, (whole, words) in zip(here, drawn, strict=True)
        )
        return Batch(rows, values, self.data.labels[rows], draws)

    def _here(self, rows: Int[Tensor, " rows"]) -> Int[Tensor, " here"]:
        """Return this process's rows, counted from its first."""
        if len(self.here) == self.words:
            return rows
        return rows[(rows >= self.here.start) & (rows < self.here.stop)] - self.here.start
