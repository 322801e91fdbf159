"""Shuffled batches of words."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import IterableDataset

from onegrain.probing.labelled import LabelledActivations

Batch = tuple[Int[Tensor, " rows"], Float[Tensor, "rows neurons"], Int[Tensor, " rows"]]


class WordBatches(IterableDataset[Batch]):
    """All words in an order that is new in every epoch, a batch at a time.

    Yields row numbers, activations and label ids. Equal seeds give equal batches.
    """

    def __init__(
        self, data: LabelledActivations, batch_size: int, seed: int, dtype: torch.dtype
    ) -> None:
        self.data, self.batch_size, self.dtype = data, batch_size, dtype
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for rows in torch.randperm(len(self.data), generator=self._generator).split(
            self.batch_size
        ):
            values = self.data.activations.gather(rows)
            yield rows, values.to(self.dtype), self.data.labels[rows]
