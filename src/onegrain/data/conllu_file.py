"""Treebanks in CoNLL-U (https://universaldependencies.org/format.html).

The columns are read here and not by the ``conllu`` library, which takes a line with too few or too
many columns and ids with gaps without a word and knows no line numbers; the tests compare with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from onegrain.data.corpus import Corpus
from onegrain.data.features import JOIN, features_of
from onegrain.data.text_files import read_lines
from onegrain.errors import UserError
from onegrain.settings import Column, Multiword

_COLUMNS = 10
_INDEX = {
    Column.lemma: 2,
    Column.upos: 3,
    Column.xpos: 4,
    Column.feats: 5,
    Column.deprel: 7,
    Column.misc: 9,
}
_MISSING = "_"
_ID = re.compile(r"([1-9]\d*)(?:-([1-9]\d*))?|\d+\.[1-9]\d*", re.ASCII)  # 3, 3-4, 8.1


class _Row(NamedTuple):
    """A line of a sentence: a word, or a range of words written as one token."""

    line: int
    first: int
    last: int
    form: str
    label: str


def read_conllu(
    path: Path, column: Column, multiword: Multiword, language: str, task: str = "pos"
) -> Corpus:
    """Read the surface tokens of a treebank with one label each.

    A multiword token (``1-2  du``) is one word, as in raw text, and its label is made of those of
    its words: all that are not ``_``, joined by ``+`` in their order (``ADP+DET``), the first or
    the last. Empty nodes (``8.1``) are not written in the text and are skipped.

    Args:
        path: The file, plain, ``.gz`` or ``.xz``.
        column: Where the label stands.
        multiword: The rule for multiword tokens.
        language: Of the text.
        task: What the labels are called.

    Raises:
        UserError: If a line is not CoNLL-U, or the column is empty in the whole file.
    """
    sentences, labels = [], []
    for rows in _sentences(path, column):
        surface = _surface(path, rows, multiword)
        sentences.append(tuple(row.form for row in surface))
        labels.append(tuple(row.label for row in surface))
    if not sentences:
        raise UserError(f"{path}: there is no sentence; expected CoNLL-U")
    if all(label == _MISSING for row in labels for label in row):
        raise UserError(f"{path}: the column {column.value} is empty, so there are no labels in it")
    return Corpus(language, tuple(sentences), labels={task: tuple(labels)})


def _sentences(path: Path, column: Column) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            if rows:
                yield rows
            rows = []
        elif not line.startswith("#"):
            row = _row(path, number, line, column)
            if row is not None:
                rows.append(row)
    if rows:
        yield rows


def _row(path: Path, number: int, line: str, column: Column) -> _Row | None:
    columns = line.split("\t")
    if len(columns) != _COLUMNS:
        _refuse(path, number, f"expected {_COLUMNS} columns between tabs, found {len(columns)}")
    identifier, form, label = columns[0], columns[1], columns[_INDEX[column]]
    match = _ID.fullmatch(identifier)
    if match is None:
        _refuse(path, number, f"expected an id such as 3, 3-4 or 8.1, found '{identifier}'")
    if "." in identifier:
        return None
    if not form.strip() or not label.strip():
        _refuse(path, number, "the word or its label is empty")
    if column is Column.feats:
        try:
            features_of(label)
        except ValueError as error:
            _refuse(path, number, str(error))
    first = int(match[1])
    last = int(match[2] or first)
    if match[2] is not None and last <= first:
        _refuse(path, number, f"the range {identifier} does not rise")
    return _Row(number, first, last, form, label)


def _surface(path: Path, rows: list[_Row], multiword: Multiword) -> list[_Row]:
    """Return what stands in the text: each range in the place of its words."""
    labels = {row.first: row.label for row in rows if row.first == row.last}
    surface: list[_Row] = []
    expected, covered = 1, 0  # the next word; the last word of the latest range
    for row in rows:
        is_range = row.first < row.last
        if row.first != expected or (is_range and row.first <= covered):
            _refuse(path, row.line, f"expected id {expected} here, found {row.first}")
        if is_range:
            span = range(row.first, row.last + 1)
            if not all(index in labels for index in span):
                _refuse(path, row.line, f"the words {row.first} to {row.last} do not all follow")
            covered = row.last
            row = row._replace(label=_combine([labels[index] for index in span], multiword))
        else:
            expected += 1
        if is_range or row.first > covered:
            surface.append(row)
    return surface


def _combine(labels: list[str], multiword: Multiword) -> str:
    match multiword:
        case Multiword.joined:
            return JOIN.join(label for label in labels if label != _MISSING) or _MISSING
        case Multiword.first:
            return labels[0]
        case Multiword.last:
            return labels[-1]


def _refuse(path: Path, line: int, reason: str) -> NoReturn:
    raise UserError(f"{path}:{line}: {reason}")
