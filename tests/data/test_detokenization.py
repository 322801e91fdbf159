from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from onegrain.data.detokenization import detokenize
from onegrain.data.tokenization import words_of
from onegrain.settings import Splitting

TATOEBA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "tatoeba"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "I don't know; it's 2:30 p.m. (or later)."),
        ("en", '"What time is it?" "It\'s ten o\'clock."'),
        ("en", "The boys' books cost $9.99, not 3%."),
        ("fr", "« Où est-ce que l'homme s'en va ? »"),
        ("fr", "Attention : 3,5 % aujourd'hui !"),
        ("de", "„Wie geht's dir?“ — „Gut!“"),
    ],
)
def test_a_well_written_line_survives_being_cut_and_joined(language: str, line: str) -> None:
    assert detokenize(words_of(line, language, Splitting.punctuation), language) == line


def test_no_words_are_no_text() -> None:
    assert detokenize([], "en") == ""


def test_punctuation_alone_is_written() -> None:
    assert detokenize(["-", "'", '"', ","], "en") == "-'\","


@pytest.mark.skipif(not TATOEBA.is_dir(), reason="needs ../shared/data/tatoeba")
@pytest.mark.parametrize(
    ("pair", "language", "share"),
    [("en-fr", "en", 0.995), ("en-fr", "fr", 0.98), ("en-de", "de", 0.99)],
)
def test_nearly_every_line_of_tatoeba_comes_back(pair: str, language: str, share: float) -> None:
    packed = TATOEBA / pair / f"test.{language}.xz"
    lines = lzma.decompress(packed.read_bytes()).decode().splitlines()
    cut = [words_of(line, language, Splitting.punctuation) for line in lines]
    equal = [detokenize(words, language) == line for words, line in zip(cut, lines, strict=True)]
    assert sum(equal) / len(lines) > share
