"""Labelled text in columns between tabs, one word a line, as for tagging tasks of every kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onegrain.data.corpus import Corpus
from onegrain.data.text_files import read_lines
from onegrain.errors import UserError

_COMMENT = re.compile(r"#+( |$)")  # "# newdoc", but not the words "#" and "#hashtag"


class TaggedWord(NamedTuple):
    """A word, its label and the line that they stand in."""

    line: int
    word: str
    label: str


Sentences = list[list[TaggedWord]]


@dataclass(frozen=True)
class Columns:
    """Which columns hold the word and its label, counted from 1.

    Attributes:
        word: Of the word.
        label: Of its label.
        only: There are no other columns, and no comments.
    """

    word: int
    label: int
    only: bool = False

    def of(self, columns: Sequence[str]) -> tuple[str, str] | None:
        """Return word and label, None where there are too few columns or too many."""
        last = max(self.word, self.label)
        if len(columns) < last or (self.only and len(columns) > last):
            return None
        return columns[self.word - 1], columns[self.label - 1]


TWO_COLUMNS = Columns(1, 2, only=True)
IOB2_COLUMNS = Columns(2, 3)  # Universal NER: number, word, tag, -, annotator
PMB_COLUMNS = Columns(1, 4)  # Parallel Meaning Bank: token, token, symbol, semantic tag, ...


def read_columns(path: Path, columns: Columns = TWO_COLUMNS) -> Sentences:
    r"""Read lines of ``word<TAB>label``, or more columns, with a blank line after each sentence.

    Where there are more columns, a line that begins with ``#`` and a space is a comment.

    Args:
        path: The file, plain, ``.gz`` or ``.xz``.
        columns: What stands where.

    Raises:
        UserError: If a line has another number of columns or an empty one.
    """
    sentences = list(_sentences(path, columns))
    if not sentences:
        raise UserError(f"{path}: there is no sentence; expected lines of {_expected(columns)}")
    return sentences


def corpus_of(sentences: Sentences, language: str, task: str) -> Corpus:
    """Return words and labels without their lines."""
    return Corpus(
        language,
        tuple(tuple(tagged.word for tagged in row) for row in sentences),
        labels={task: tuple(tuple(tagged.label for tagged in row) for row in sentences)},
    )


def _sentences(path: Path, columns: Columns) -> Iterator[list[TaggedWord]]:
    row: list[TaggedWord] = []
    for number, line in enumerate([*read_lines(path), ""], 1):  # as if a blank line came last
        if not line.strip():
            if row:
                yield row
            row = []
        elif columns.only or not _COMMENT.match(line):
            row.append(_tagged(path, number, line, columns))


def _tagged(path: Path, number: int, line: str, columns: Columns) -> TaggedWord:
    cells = line.split("\t")
    pair = columns.of(cells)
    if pair is None:
        found = f"{len(cells)} column" + "s" * (len(cells) != 1)
        raise UserError(f"{path}:{number}: expected {_expected(columns)}, found {found}")
    word, label = pair
    if not word.strip() or not label.strip():
        raise UserError(f"{path}:{number}: the word or its label is empty")
    return TaggedWord(number, word, label)


def _expected(columns: Columns) -> str:
    if columns == TWO_COLUMNS:
        return "'word<TAB>label'"
    return f"a word in column {columns.word} and its label in column {columns.label}, between tabs"
