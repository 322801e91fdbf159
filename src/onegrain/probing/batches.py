"""Shuffled batches of words."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import IterableDataset

from onegrain.probing.labelled import LabelledActivations
from onegrain.ranks import ALONE, Ranks

Batch = tuple[Int[Tensor, " rows"], Float[Tensor, "rows neurons"], Int[Tensor, " rows"]]


class WordBatches(IterableDataset[Batch]):
    """All words in an order that is new in every epoch, a batch at a time.

    Yields row numbers, activations and label ids. Equal seeds give equal batches. With several
    ``ranks``, ``data`` is what this process has of all words, and a batch its part of that of all.
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
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-self.words // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for rows in torch.randperm(self.words, generator=self._generator).split(self.batch_size):
            if len(self.here) < self.words:
                rows = rows[(rows >= self.here.start) & (rows < self.here.stop)] - self.here.start
            values = self.data.activations.gather(rows)
            yield rows, values.to(self.dtype), self.data.labels[rows]
