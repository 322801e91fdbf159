"""Text to words and back, by rules that look at one white-space chunk at a time.

Because no rule looks beyond its chunk and a word that is split again stays as it is, raw text and
the words of a treebank come out alike: ``don't`` of a translation corpus and ``do``, ``n't`` of a
treebank meet in a vocabulary that holds ``don`` and ``'t``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

from onegrain.data.corpus import Words
from onegrain.settings import Splitting

ELIDING_LANGUAGES = frozenset({"fr", "it", "ca"})

_TYPOGRAPHIC_APOSTROPHES = re.compile("[\u2019\u02bc\uff07]")
_KEPT_FOR_THE_RULES = "'.,"

_WORD = r"[^\s'.,]+(?:(?<=\d)[.,](?=\d)[^\s'.,]+)*"  # "dog", "3.5", "1,000"
_CLITIC = r"'(?:s|t|m|re|ve|ll|d)(?![^\s'.,])"
_ELIDED = rf"{_WORD}(?<=[^\W\d])'|{_WORD}|\S"  # "l'" "homme"
_WITH_CLITICS = (
    rf"(?<!['.,]){_CLITIC}"  # "'s", after a word or alone
    rf"|{_WORD}(?:(?<=[^\W\d])(?!{_CLITIC})'(?=[^\W\d]){_WORD})*"  # "o'clock"
    r"|\S"
)
_TOKEN_OF_ELIDING = re.compile(_ELIDED)
_TOKEN = re.compile(_WITH_CLITICS, re.IGNORECASE)


def words_of(line: str, language: str, splitting: Splitting) -> Words:
    """Cut a line of text into words.

    Example:
        >>> words_of("Est-ce l'homme ?", "fr", Splitting.punctuation)
        ('Est', '-', 'ce', "l'", 'homme', '?')
    """
    if splitting is Splitting.spaces:
        return tuple(line.split())
    return tuple(chain.from_iterable(_split(chunk, language) for chunk in line.split()))


def split(chunk: str, language: str) -> list[str]:
    """Cut one white-space chunk, or one word of a treebank, at punctuation and clitics.

    Every punctuation character and symbol is a token of its own, hyphens too. Numbers keep their
    inner ``.`` and ``,``. French, Italian and Catalan leave an apostrophe with the letters before
    it; elsewhere an English clitic (``'s 't 'm 're 've 'll 'd``) is a token and any other
    apostrophe between letters belongs to its word. Splitting a token again changes nothing.

    Example:
        >>> split("(don't", "en"), split("n't", "en"), split("3.5%", "en")
        (['(', 'don', "'t"], ['n', "'t"], ['3.5', '%'])
    """
    return list(_split(chunk, language))


@lru_cache(maxsize=1 << 17)
def _split(chunk: str, language: str) -> Words:
    plain = _TYPOGRAPHIC_APOSTROPHES.sub("'", chunk)
    spaced = "".join(f" {char} " if _stands_alone(char) else char for char in plain)
    pattern = _TOKEN_OF_ELIDING if language in ELIDING_LANGUAGES else _TOKEN
    return tuple(pattern.findall(spaced))


def _stands_alone(char: str) -> bool:
    return char not in _KEPT_FOR_THE_RULES and unicodedata.category(char)[0] in "PS"
