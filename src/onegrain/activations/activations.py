"""Recorded activations, mapped from disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.activations.record import INDEX_FILE
from onegrain.activations.shards import map_shard
from onegrain.activations.tokens import TokenTable
from onegrain.errors import UserError
from onegrain.neurons import NeuronLayout

LOADED_AT_ONCE = 8192  # words


@dataclass(frozen=True, eq=False)
class Activations:
    """What every neuron did on every word, read from disk only where it is used.

    There is no single ``values`` tensor: several files cannot be mapped as one, and joining them
    would load them. `gather` and `blocks` read a part, `load` everything.

    Attributes:
        layout: What the columns mean.
        tokens: What the rows mean.
        shards: The mapped files, whose rows follow each other.
        chosen: Which rows of the files these are; None: all of them.
        folder: Where the files are, for another process to map them too.
    """

    layout: NeuronLayout
    tokens: TokenTable
    shards: tuple[Float[Tensor, "_ neurons"], ...]
    chosen: Int[Tensor, " tokens"] | None = None
    folder: Path | None = None

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Go to another process as the place of the files, not as what is in them."""
        if self.folder is None:
            return super().__reduce__()
        return _opened, (self.folder, self.chosen)

    @classmethod
    def open(cls, folder: Path) -> Activations:
        """Map what `record` wrote.

        Raises:
            UserError: If the recording is missing, unfinished or damaged.
        """
        path = folder / INDEX_FILE
        try:
            index = json.loads(path.read_text(encoding="utf-8"))
            layout = NeuronLayout.from_json(index["layout"])
            files = [(folder / shard["file"], shard["rows"]) for shard in index["shards"]]
        except FileNotFoundError as error:
            raise UserError(f"{folder}: no finished recording ({INDEX_FILE} is missing)") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: not the index of a recording ({error})") from error
        tokens = TokenTable.load(folder)
        if len(tokens) != sum(rows for _, rows in files):
            raise UserError(f"{folder}: {len(tokens)} words for {sum(r for _, r in files)} rows")
        shards = tuple(map_shard(file, rows, layout.size) for file, rows in files)
        return cls(layout, tokens, shards, folder=folder)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of words and of neurons."""
        return len(self.tokens), self.layout.size

    @property
    def dtype(self) -> torch.dtype:
        """Number format on disk."""
        return self.shards[0].dtype if self.shards else torch.float32

    def select(self, rows: Int[Tensor, " rows"]) -> Activations:
        """Return some of the words, in the order asked for; nothing is read."""
        recorded = rows if self.chosen is None else self.chosen[rows]
        return replace(self, tokens=self.tokens.select(rows), chosen=recorded)

    def gather(self, rows: Int[Tensor, " rows"]) -> Float[Tensor, "rows neurons"]:
        """Return any rows, in the order asked for, in the number format on disk.

        Raises:
            IndexError: If there is no such row.
        """
        return self._recorded(rows if self.chosen is None else self.chosen[rows])

    def _recorded(self, rows: Int[Tensor, " rows"]) -> Float[Tensor, "rows neurons"]:
        if len(self.shards) == 1:
            return self.shards[0].index_select(0, rows)
        there = sum(map(len, self.shards))
        if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= there):
            raise IndexError(f"rows must be in 0..{there - 1}")
        gathered = torch.empty(len(rows), self.layout.size, dtype=self.dtype)
        first = 0
        for shard in self.shards:
            here = ((rows >= first) & (rows < first + len(shard))).nonzero()[:, 0]
            gathered[here] = shard.index_select(0, rows[here] - first)
            first += len(shard)
        return gathered

    def blocks(self, size: int) -> Iterator[Float[Tensor, "rows neurons"]]:
        """Yield all rows in order, ``size`` at a time; the last block may be smaller.

        A block within one shard is a view of the map, unless rows were chosen.
        """
        if self.chosen is not None:
            yield from map(self._recorded, self.chosen.split(size))
            return
        for first in range(0, len(self.tokens), size):
            parts = list(self._parts(first, first + size))
            yield parts[0] if len(parts) == 1 else torch.cat(parts)

    def load(self, dtype: torch.dtype = torch.float32) -> Float[Tensor, "tokens neurons"]:
        """Return everything in memory, in ``dtype``."""
        values = torch.empty(self.shape, dtype=dtype)
        first = 0
        for block in self.blocks(LOADED_AT_ONCE):
            values[first : first + len(block)] = block
            first += len(block)
        return values

    def _parts(self, first: int, last: int) -> Iterator[Float[Tensor, "rows neurons"]]:
        """Yield the views that make up a range of rows, one for each shard it touches."""
        starts = accumulate((len(shard) for shard in self.shards), initial=0)
        for shard, start in zip(self.shards, starts, strict=False):
            if start < last and first < start + len(shard):
                yield shard[max(0, first - start) : last - start]


def _opened(folder: Path, chosen: Int[Tensor, " tokens"] | None) -> Activations:
    opened = Activations.open(folder)
    return opened if chosen is None else opened.select(chosen)
