"""Which pattern a word matches: a label that needs no annotation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from onegrain.data.corpus import Words
from onegrain.data.word_lists import OTHER

_NAMED = re.compile(r"([\w-]+)=(.+)", re.DOTALL)


def named_pattern(text: str) -> tuple[str, re.Pattern[str]]:
    r"""Return the label and the pattern of ``label=pattern``.

    Raises:
        ValueError: If it is not of that form, or the pattern is not one of Python's.

    Example:
        >>> named_pattern(r"year=\d{4}")
        ('year', re.compile('\\d{4}'))
    """
    match = _NAMED.fullmatch(text)
    if match is None:
        raise ValueError(r"expected label=pattern, such as year=\d{4}")
    label, pattern = match.groups()
    if label == OTHER:
        raise ValueError(f"'{OTHER}' is the label of words that match none; take another")
    try:
        return label, re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression ({error})") from error


def pattern_labels(patterns: Sequence[str]) -> Callable[[Words], Words]:
    r"""Return a function from a sentence to its labels.

    A word has the label of the first pattern that it matches as a whole, or ``other``.

    Raises:
        ValueError: If a pattern is wrong, see `named_pattern`.

    Example:
        >>> pattern_labels([r"number=\d+", "capital=[A-Z].*"])(("In", "1999", "we"))
        ('capital', 'number', 'other')
    """
    compiled = [named_pattern(text) for text in patterns]

    @cache  # a word occurs many times
    def label(word: str) -> str:
        return next((name for name, pattern in compiled if pattern.fullmatch(word)), OTHER)

    return lambda sentence: tuple(map(label, sentence))
