"""Named entities as spans, and how many of them a tagger finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onegrain.data.bio import OUTSIDE, entity_type, is_bio_tag

Span = tuple[str, int, int]
"""The type of an entity, its first word and the word after its last."""


@dataclass(frozen=True)
class EntityScore:
    """How well entities are found; one counts only if its type and both ends are right.

    Attributes:
        gold: Entities that there are.
        predicted: Entities that were predicted.
        correct: Those of them that are there.
    """

    gold: int
    predicted: int
    correct: int

    @property
    def precision(self) -> float:
        """Share of the predicted entities that are there; 0 where none was predicted."""
        return self.correct / max(self.predicted, 1)

    @property
    def recall(self) -> float:
        """Share of the entities that were found; 0 where there are none."""
        return self.correct / max(self.gold, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing is correct."""
        return 2 * self.correct / max(self.gold + self.predicted, 1)


def entity_score(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> EntityScore:
    """Compare entities sentence by sentence, as CoNLL's ``conlleval`` does.

    Args:
        gold: BIO tags of every sentence.
        predicted: Those that were predicted for it.

    Raises:
        ValueError: If there is not one predicted tag for each gold one.

    Example:
        >>> entity_score([("B-PER", "I-PER", "O")], [("B-PER", "O", "O")]).f1
        0.0
    """
    there = found = correct = 0
    for right, guessed in zip(gold, predicted, strict=True):
        if len(right) != len(guessed):
            raise ValueError(f"{len(guessed)} tags for a sentence of {len(right)} words")
        one, other = set(entities(right)), set(entities(guessed))
        there, found, correct = there + len(one), found + len(other), correct + len(one & other)
    return EntityScore(there, found, correct)


def entities(tags: Sequence[str]) -> list[Span]:
    """Return the entities of a sentence, from left to right.

    An ``I-`` that goes on with nothing, or with an entity of another type, begins one: taggers
    predict such, and ``conlleval`` reads them so.

    Example:
        >>> entities(["B-PER", "I-PER", "B-PER", "O", "I-LOC", "I-ORG"])
        [('PER', 0, 2), ('PER', 2, 3), ('LOC', 4, 5), ('ORG', 5, 6)]
    """
    spans: list[Span] = []
    before, start = OUTSIDE, 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        goes_on = tag.startswith("I-") and entity_type(tag) == entity_type(before)
        if before != OUTSIDE and not goes_on:
            spans.append((entity_type(before), start, place))
        if not goes_on:
            start = place
        before = tag
    return spans


def are_entities(labels: Iterable[str]) -> bool:
    """Return whether labels are BIO tags, one that begins an entity among them.

    Example:
        >>> are_entities(["O", "B-PER"]), are_entities(["O", "PER"]), are_entities(["O"])
        (True, False, False)
    """
    there = set(labels)
    return all(map(is_bio_tag, there)) and any(tag.startswith("B-") for tag in there)
