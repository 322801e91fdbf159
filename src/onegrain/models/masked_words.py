"""Pieces that are hidden from a masked language model, and are to be found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from onegrain.data.encoding import EncodedWords
from onegrain.models.batches import NO_TAG, LengthSampler, TaggedBatch, TaggedDataset, pad

HIDDEN, REPLACED = 0.8, 0.1  # of what is to be found; the rest is shown as it is


@dataclass(frozen=True)
class Masking:
    """How pieces are hidden (Devlin et al., NAACL 2019).

    Attributes:
        share: Of the pieces of words, that are to be found: of these 8 in 10 are hidden, 1 is
            another piece, and 1 is shown.
        mask_id: The piece that stands for a hidden one.
        size: Pieces that there are.
    """

    share: float
    mask_id: int
    size: int

    def draw(
        self,
        ids: Int[Tensor, "batch time"],
        is_word: Bool[Tensor, "batch time"],
        generator: torch.Generator,
    ) -> tuple[Int[Tensor, "batch time"], Int[Tensor, "batch time"]]:
        """Return pieces as the model is shown them, and those that it is to find.

        At least one is to be found in every sentence that has one.
        """
        chance, what = (torch.rand(ids.shape, generator=generator) for _ in range(2))
        chance = chance.masked_fill(~is_word, 2.0)
        chosen = (chance < self.share) | (chance == chance.min(dim=1, keepdim=True).values)
        chosen &= is_word
        other = torch.randint(self.size, ids.shape, generator=generator)
        shown = torch.where(chosen & (what < HIDDEN), self.mask_id, ids)
        replaced = chosen & (what >= HIDDEN) & (what < HIDDEN + REPLACED)
        return torch.where(replaced, other, shown), torch.where(chosen, ids, NO_TAG)


class MaskedDataset(Dataset[TaggedBatch]):
    """Sentences of which other pieces are hidden in every epoch; indexed by epoch and batch.

    Args:
        encoded: Sentences, each with at least one word; the spans are all pieces of a word.
        masking: What is hidden.
        seed: With the epoch and the sentences of a batch, it decides what is hidden of it.
    """

    def __init__(self, encoded: Sequence[EncodedWords], masking: Masking, seed: int) -> None:
        self.sources = self.targets = [torch.tensor(one.ids) for one in encoded]
        self.is_word = [_word_pieces(one) for one in encoded]
        self.masking = masking
        self.seed = seed

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: tuple[int, list[int]]) -> TaggedBatch:
        epoch, rows = index
        number = (self.seed * 100_003 + epoch) * 1_000_003 + rows[0]
        ids, lengths = pad([self.sources[row] for row in rows])
        is_word = pad_sequence([self.is_word[row] for row in rows], batch_first=True)
        shown, wanted = self.masking.draw(ids, is_word, torch.Generator().manual_seed(number))
        return TaggedBatch(shown, lengths, wanted)

    @property
    def target_tokens(self) -> int:
        """Pieces that are to be found in one epoch, about."""
        return max(1, round(self.masking.share * sum(int(row.sum()) for row in self.is_word)))

    def fixed(self) -> TaggedDataset:
        """Return the sentences with pieces hidden once and for all, to measure models on."""
        alone = [self[0, [row]] for row in range(len(self))]
        return TaggedDataset(
            [one.ids[0].tolist() for one in alone], [one.tags[0].tolist() for one in alone]
        )


class _WithEpoch(Sampler[tuple[int, list[int]]]):
    """Batches of rows, each with the number of the epoch."""

    def __init__(self, rows: LengthSampler) -> None:
        self.rows = rows

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that comes next (Lightning calls this)."""
        self.rows.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        for rows in self.rows:
            yield self.rows.epoch, rows


def masked_loader(data: MaskedDataset, batch_size: int, seed: int) -> DataLoader[TaggedBatch]:
    """Return the loader of batches of similar length, in a new order in every epoch."""
    sampler = _WithEpoch(LengthSampler(data, batch_size, seed, shuffle=True))
    return DataLoader(data, batch_size=None, sampler=sampler)


def _word_pieces(encoded: EncodedWords) -> Bool[Tensor, " time"]:
    is_word = torch.zeros(len(encoded.ids), dtype=torch.bool)
    for first, end in encoded.spans:
        is_word[first:end] = True
    return is_word
