"""Seeded draws that are the same in every process and on every version of Python."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import TypeVar

_Item = TypeVar("_Item")


class Chance:
    """Draws built on ``Random.random`` alone, whose sequence Python guarantees for a seed."""

    def __init__(self, seed: int) -> None:
        self._uniform = Random(seed).random

    def happens(self, probability: float) -> bool:
        """Return True with this probability."""
        return self._uniform() < probability

    def of(self, items: Sequence[_Item]) -> _Item:
        """Pick one of ``items``, the r-th with a weight of about 1/r (Zipf)."""
        return items[self._index(_zipf(len(items)))]

    def any_of(self, items: Sequence[_Item]) -> _Item:
        """Pick one of ``items``, all alike."""
        return items[int(self._uniform() * len(items))]

    def weighted(self, options: tuple[tuple[_Item, int], ...]) -> _Item:
        """Pick the first of one of the pairs, by the second."""
        return options[self._index(_sums(options))][0]

    def _index(self, cumulated: tuple[float, ...]) -> int:
        return min(bisect(cumulated, self._uniform() * cumulated[-1]), len(cumulated) - 1)


@cache
def _sums(options: tuple[tuple[object, int], ...]) -> tuple[float, ...]:
    return tuple(accumulate(float(weight) for _, weight in options))


@cache
def _zipf(size: int) -> tuple[float, ...]:
    return tuple(accumulate(1 / (rank + 2) for rank in range(size)))
