"""Sentence pairs, or sentences with labels, as padded tensors in batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

from onegrain.data.vocabulary import BOS, EOS, PAD
from onegrain.ranks import Ranks

NO_TAG = -1  # where a tagger has nothing to predict


class Batch(NamedTuple):
    """Right-padded sentence pairs.

    Attributes:
        source: Source symbols.
        source_lengths: Symbols of each source sentence.
        target_inputs: What the decoder reads: BOS, then the target. A shorter sentence's EOS stands
            there too, where nothing is predicted any more.
        target_outputs: What it is to predict: the target, then EOS.
    """

    source: Int[Tensor, "batch source"]
    source_lengths: Int[Tensor, " batch"]
    target_inputs: Int[Tensor, "batch target"]
    target_outputs: Int[Tensor, "batch target"]

    @property
    def is_token(self) -> Bool[Tensor, "batch target"]:
        """False at the padding of the target."""
        return self.target_outputs != PAD

    @property
    def gold(self) -> Int[Tensor, " tokens"]:
        """The symbols to predict, padding left out: the order of a model's logits."""
        return self.target_outputs[self.is_token]

    def repeat(self, times: int) -> Batch:
        """Return all pairs once more after each other, ``times`` in all."""
        return Batch(*(torch.cat([part] * times) for part in self))


class TaggedBatch(NamedTuple):
    """Right-padded sentences whose words have labels.

    Attributes:
        ids: Symbols.
        lengths: Symbols of each sentence.
        tags: The label of a word at its last symbol; `NO_TAG` at all others, at the padding, and
            where a word has no label that could be learned.
    """

    ids: Int[Tensor, "batch time"]
    lengths: Int[Tensor, " batch"]
    tags: Int[Tensor, "batch time"]

    @property
    def is_token(self) -> Bool[Tensor, "batch time"]:
        """True where there is something to predict."""
        return self.tags != NO_TAG

    @property
    def gold(self) -> Int[Tensor, " tokens"]:
        """The labels to predict: the order of a model's logits."""
        return self.tags[self.is_token]


AnyBatch: TypeAlias = Batch | TaggedBatch


class TaggedDataset(Dataset[TaggedBatch]):
    """Encoded sentences and the labels of their words; indexed by whole batches.

    Args:
        sources: Symbols of each sentence, at least one.
        targets: For each symbol the label to predict there, or `NO_TAG`.
    """

    def __init__(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        self.sources = [torch.tensor(ids) for ids in sources]
        self.targets = [torch.tensor(tags) for tags in targets]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, rows: list[int]) -> TaggedBatch:
        ids, lengths = pad([self.sources[row] for row in rows])
        tags = pad_sequence(
            [self.targets[row] for row in rows], batch_first=True, padding_value=NO_TAG
        )
        return TaggedBatch(ids, lengths, tags)

    @property
    def target_tokens(self) -> int:
        """Labels to predict in all sentences."""
        return sum(int((tags != NO_TAG).sum()) for tags in self.targets)


class PairDataset(Dataset[Batch]):
    """Encoded sentence pairs, turned into tensors once; indexed by whole batches.

    Args:
        sources: Symbols of each source sentence, at least one.
        targets: Symbols of each target sentence, without BOS and EOS.
    """

    def __init__(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
        self.sources = [torch.tensor(ids) for ids in sources]
        self.targets = [torch.tensor([BOS, *ids, EOS]) for ids in targets]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, rows: list[int]) -> Batch:
        source, lengths = pad([self.sources[row] for row in rows])
        target, _ = pad([self.targets[row] for row in rows])
        return Batch(source, lengths, target[:, :-1], target[:, 1:])

    @property
    def target_tokens(self) -> int:
        """Symbols to predict in all pairs, EOS included."""
        return sum(len(ids) - 1 for ids in self.targets)


AnyDataset: TypeAlias = PairDataset | TaggedDataset


@runtime_checkable
class Sentences(Protocol):
    """What is read and what is to be predicted, and how much of it there is."""

    sources: list[Tensor]
    targets: list[Tensor]

    def __len__(self) -> int: ...

    @property
    def target_tokens(self) -> int:
        """How much there is to predict."""
        ...


class LengthSampler(Sampler[list[int]]):
    """Rows of one batch at a time, of similar length; a new order in every epoch.

    As many batches as possible hold sources of one single length, so that they need no padding
    and run in fused kernels; within a length, targets of similar length stand together. The rest
    is batched with its neighbours in length. Neither the batches' number nor their sizes change
    from one epoch to the next.

    Args:
        data: The pairs, or sentences of another kind.
        batch_size: Pairs in a batch; the last may have fewer.
        seed: Of the order; the same seed and epoch give the same batches in every process.
        shuffle: Without it, batches come in order of length and are always the same. With it, they
            are for training, and each of several processes gets its share of every batch.
    """

    def __init__(self, data: Sentences, batch_size: int, seed: int, shuffle: bool) -> None:
        self.source_lengths = [len(ids) for ids in data.sources]
        self.target_lengths = [len(ids) for ids in data.targets]
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next (Lightning calls this)."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.source_lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        # A generator: Lightning creates the first iterator before it sets the epoch.
        size = self.batch_size
        even, rest = self._by_length(self._rows())
        batches = even + [rest[start : start + size] for start in range(0, len(rest), size)]
        if self.shuffle:
            order = torch.randperm(len(batches), generator=self._generator(1)).tolist()
            batches = [batches[index] for index in order]
        ranks = Ranks.current()
        for batch in batches:
            # What cannot be shared out, and what only measures, all processes do alike.
            whole = not self.shuffle or len(batch) < ranks.count
            yield batch if whole else list(ranks.share(batch))

    def _rows(self) -> list[int]:
        """All rows, sorted by source and target length, ties in random order."""
        rows = list(range(len(self.source_lengths)))
        if self.shuffle:
            rows = torch.randperm(len(rows), generator=self._generator(0)).tolist()
        return sorted(rows, key=lambda row: (self.source_lengths[row], self.target_lengths[row]))

    def _by_length(self, rows: list[int]) -> tuple[list[list[int]], list[int]]:
        """Cut full batches of one source length; return them and the rows left over."""
        even: list[list[int]] = []
        rest: list[int] = []
        waiting: list[int] = []
        for row in rows:
            if waiting and self.source_lengths[waiting[0]] != self.source_lengths[row]:
                rest += waiting
                waiting = []
            waiting.append(row)
            if len(waiting) == self.batch_size:
                even.append(waiting)
                waiting = []
        return even, rest + waiting

    def _generator(self, stream: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed * 100_003 + self.epoch) * 2 + stream)


def sentence_dataset(sentences: Sequence[Sequence[int]]) -> PairDataset:
    """Return sentences as their own targets, which is how a language model learns them."""
    return PairDataset(sentences, sentences)


def pair_loader(
    data: AnyDataset, batch_size: int, seed: int, *, shuffle: bool
) -> DataLoader[AnyBatch]:
    """Return the loader of batches of similar length."""
    sampler = LengthSampler(data, batch_size, seed, shuffle)
    return DataLoader(data, batch_size=None, sampler=sampler)


def by_length(lengths: Sequence[int], most_rows: int, most_symbols: int) -> Iterator[list[int]]:
    """Put sentences of similar length together, the shortest first.

    Args:
        lengths: Symbols of each sentence.
        most_rows: In a batch.
        most_symbols: In a batch, padding counted; a sentence that has more is alone.

    Example:
        >>> list(by_length([3, 1, 9, 2], most_rows=2, most_symbols=8))
        [[1, 3], [0], [2]]
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        full = (len(batch) + 1) * lengths[row] > most_symbols or len(batch) == most_rows
        if batch and full:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def is_read(
    ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
) -> Bool[Tensor, "batch time"]:
    """Return which of right-padded symbols are not padding."""
    return torch.arange(ids.shape[1], device=ids.device) < lengths.to(ids.device)[:, None]


def pad(
    rows: Sequence[Int[Tensor, " _"]],
) -> tuple[Int[Tensor, "batch longest"], Int[Tensor, " batch"]]:
    """Pad sentences on the right; return them and their lengths.

    Example:
        >>> pad([torch.tensor([4, 5]), torch.tensor([6])])
        (tensor([[4, 5],
                [6, 0]]), tensor([2, 1]))
    """
    lengths = torch.tensor([len(row) for row in rows])
    return pad_sequence(list(rows), batch_first=True, padding_value=PAD), lengths
