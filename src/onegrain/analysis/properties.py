"""Properties of words that may explain what a neuron does: labels, the word itself, its position.

A property puts each word into a group. Where the groups stand for numbers, it also says which, and
a neuron is measured by how far it grows with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.data.corpus import NO_LABEL


@dataclass(frozen=True, eq=False)
class Property:
    """One property of all words of a text.

    Attributes:
        groups: The group of every word, from 0; -1 where the property is not known.
        values: The number that each group stands for, where it does.
    """

    groups: Int[Tensor, " tokens"]
    values: Float[Tensor, " groups"] | None = None


def label_property(labels: Sequence[str]) -> Property:
    """Group words by their label; those that a task leaves out have none.

    Example:
        >>> label_property(["DET", "NOUN", "DET"]).groups.tolist()
        [0, 1, 0]
    """
    names = (label for label in dict.fromkeys(labels) if label != NO_LABEL)
    numbers = {label: number for number, label in enumerate(names)}
    return Property(_numbered(labels, numbers))


@dataclass(frozen=True, eq=False)
class WordTypes:
    """The different words of a text.

    Attributes:
        types: Those that are frequent enough, from the most frequent, ties by name.
        identity: The property of being one of them. All rarer words are one more group, the last:
            a word that is seen once would explain itself entirely.
    """

    types: tuple[str, ...]
    identity: Property

    @classmethod
    def of(cls, words: Sequence[str], min_count: int, *, lowercase: bool = False) -> WordTypes:
        """Count the words of a text.

        Args:
            words: In the order of the text.
            min_count: How often a type must occur.
            lowercase: Take words that differ in case only for the same, as the model may do.

        Example:
            >>> found = WordTypes.of(["a", "dog", "A", "cat"], min_count=2, lowercase=True)
            >>> found.types, found.identity.groups.tolist()
            (('a',), [0, 1, 0, 1])
        """
        if lowercase:
            words = [word.lower() for word in words]
        counts = Counter(words)
        frequent = (word for word, count in counts.items() if count >= min_count)
        types = tuple(sorted(frequent, key=lambda word: (-counts[word], word)))
        numbers = {word: number for number, word in enumerate(types)}
        groups = _numbered(words, numbers)
        return cls(types, Property(torch.where(groups < 0, len(types), groups)))


def position_properties(
    sentence: Int[Tensor, " tokens"], position: Int[Tensor, " tokens"]
) -> dict[str, Property]:
    """Say in three ways where in its sentence a word stands.

    Args:
        sentence: The sentence of every word, from 0.
        position: The word's place in its sentence, from 0.

    Returns:
        - ``word_number``, the place itself (the position of Bau et al., ICLR 2019);
        - ``relative_position``, a number from 0 (the first word) to 1 (the last); 0 for the only
          word of a sentence;
        - ``sentence_third``: beginning, middle or end of the sentence (Dalvi et al., AAAI 2019, who
          do not say how long these are).
    """
    steps = (torch.bincount(sentence)[sentence] - 1).clamp(min=1)
    relative, groups = (position.double() / steps).unique(return_inverse=True)
    return {
        "word_number": Property(position),
        "relative_position": Property(groups, relative),
        "sentence_third": Property((3 * position // steps).clamp(max=2)),
    }


def _numbered(names: Sequence[str], numbers: Mapping[str, int]) -> Int[Tensor, " tokens"]:
    return torch.tensor([numbers.get(name, -1) for name in names], dtype=torch.long)
