"""A word with its labels, and how words become a line of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple


class Word(NamedTuple):
    """One word of a sentence.

    Attributes:
        form: As it is written, apart from the capital of a sentence's first word.
        pos: Universal part of speech; a contraction has those of its parts, ``ADP+DET``.
        morph: Universal features, ``_`` for none.
        sem: Semantic tag of the Parallel Meaning Bank.
    """

    form: str
    pos: str
    morph: str
    sem: str


COMMA = Word(",", "PUNCT", "_", "NIL")
PERIOD = Word(".", "PUNCT", "_", "NIL")
HYPHEN = Word("-", "PUNCT", "_", "NIL")
QUESTION = Word("?", "PUNCT", "_", "QUE")
EXCLAMATION = Word("!", "PUNCT", "_", "EMP")
_FINAL = (PERIOD, QUESTION, EXCLAMATION)


@cache
def feats(*features: str) -> str:
    """Join features as a treebank does: by name, without the empty ones.

    Example:
        >>> feats("Number=Sing", "Gender=Fem", "")
        'Gender=Fem|Number=Sing'
    """
    given = sorted(filter(None, features), key=lambda feature: feature.split("=")[0].lower())
    return "|".join(given) or "_"


def tidy(words: Iterable[Word]) -> list[Word]:
    """Drop the commas that meet another one, the end or the start of the sentence."""
    kept: list[Word] = []
    for word in words:
        if kept and kept[-1] is COMMA and (word is COMMA or word in _FINAL):
            kept.pop()
        if kept or word is not COMMA:
            kept.append(word)
    return kept


def capitalise(words: Sequence[Word]) -> tuple[Word, ...]:
    """Give the first word its capital."""
    first = words[0]
    return (first._replace(form=first.form[0].upper() + first.form[1:]), *words[1:])


def line(words: Sequence[Word], language: str) -> str:
    """Write a sentence as a person would.

    Example:
        >>> line([Word(form, "", "", "") for form in ("Est", "-", "il", "là", "?")], "fr")
        'Est-il là ?'
    """
    text = words[0].form
    for before, word in pairwise(words):
        text += word.form if _touch(before.form, word.form, language) else " " + word.form
    return text


def _touch(before: str, after: str, language: str) -> bool:
    if after in ",." or "-" in (before, after):
        return True
    if after in "?!":
        return language != "fr"  # French sets a space before a high mark
    if language == "fr":
        return before.endswith("'")
    return after.startswith("'")
