"""The labels of a task and their numbers."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.data.corpus import NO_LABEL, Words

log = logging.getLogger(__name__)

UNSEEN = -1
UNLABELLED = -2


@dataclass(frozen=True)
class LabelSet:
    """The labels that occur in training.

    Attributes:
        names: From the most frequent to the rarest, ties by name; the place is the number.

    Example:
        >>> labels = LabelSet.of([("DET", "NOUN"), ("NOUN",)])
        >>> labels.names, labels.encode([("DET",), ("X", "NOUN")])
        (('NOUN', 'DET'), tensor([ 1, -1,  0]))
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, labels: Iterable[Words]) -> LabelSet:
        """Collect the labels of training sentences."""
        counts = Counter(chain.from_iterable(labels))
        del counts[NO_LABEL]
        return cls(tuple(sorted(counts, key=lambda name: (-counts[name], name))))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def size(self) -> int:
        """Number of labels."""
        return len(self.names)

    def encode(self, labels: Iterable[Words], split: str = "") -> Int[Tensor, " words"]:
        """Return the numbers of the labels of all words, sentence after sentence.

        A label that does not occur in training becomes -1, which no prediction equals, so it
        counts as wrong; how many there are is said once for each call. A word without label
        becomes -2, and is not to be counted at all.

        Args:
            labels: Of every sentence.
            split: Whose labels these are, for what is said.
        """
        flat = list(chain.from_iterable(labels))
        numbers = self._numbers | {NO_LABEL: UNLABELLED}
        unseen = Counter(name for name in flat if name not in numbers)
        if unseen:
            log.warning(
                "%d of %d %s have a label that training does not have, and count as wrong: %s",
                unseen.total(),
                len(flat),
                f"{split} words".strip(),
                ", ".join(sorted(unseen)),
            )
        return torch.tensor([numbers.get(name, UNSEEN) for name in flat], dtype=torch.long)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}
