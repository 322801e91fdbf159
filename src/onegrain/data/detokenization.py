"""Words back to a line as people write it, for BLEU and for reading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onegrain.data.tokenization import ELIDING_LANGUAGES

_CLOSING = frozenset(".,;:?!)]}%…”’°")
_OPENING = frozenset("([{‘„¿¡#@")
_JOINING = frozenset("-/_")  # both neighbours
_PAIRED = frozenset("\"'")  # the same sign opens and closes
_BEFORE_AMOUNT = frozenset("$£€")
_SPACED_IN_FRENCH = frozenset("?!;:%")

_CLITIC = re.compile(r"'(?:s|t|m|re|ve|ll|d)", re.IGNORECASE)
_TIME = re.compile(r"(?<=\d) ?: (?=\d)")  # "2: 30" is 2:30
_INITIALS = re.compile(r"(?<=\b[^\W\d]\.) (?=[^\W\d]\.)")  # "p. m." is p.m.


def detokenize(words: Sequence[str], language: str) -> str:
    """Write words as a line, with the spaces that the language has around punctuation.

    The rules undo :func:`onegrain.data.tokenization.split` as far as the words alone tell.

    Example:
        >>> detokenize(["Est", "-", "ce", "l'", "homme", "?"], "fr")
        "Est-ce l'homme ?"
    """
    line = ""
    open_quotes: set[str] = set()
    joined = True  # nothing comes before the first word
    for word in words:
        closes = word in open_quotes or (word == "'" and line.endswith("s"))  # "the boys' books"
        if not (joined or closes or _joins_previous(word, line, language)):
            line += " "
        line += word
        joined = _joins_next(word, language) or (word in _PAIRED and not closes)
        if word in _PAIRED:
            open_quotes = open_quotes - {word} if closes else open_quotes | {word}
    return _INITIALS.sub("", _TIME.sub(":", line))


def _joins_previous(word: str, line: str, language: str) -> bool:
    if language == "fr" and word in _SPACED_IN_FRENCH:
        return False
    if word in _CLOSING or (word == "“" and language == "de"):
        return True
    if word in _JOINING:
        return line[-1].isalnum() or line[-1] in _JOINING  # a dash after a full stop stands alone
    return language not in ELIDING_LANGUAGES and _CLITIC.fullmatch(word) is not None


def _joins_next(word: str, language: str) -> bool:
    if word in _OPENING or word in _JOINING or (word == "“" and language != "de"):
        return True
    if word in _BEFORE_AMOUNT:
        return language == "en"
    return language in ELIDING_LANGUAGES and len(word) > 1 and word.endswith("'")
