"""Labelled text in two columns, as for tagging tasks of every kind."""

from __future__ import annotations

from pathlib import Path

from onegrain.data.corpus import Corpus, Words
from onegrain.data.text_files import read_lines
from onegrain.errors import UserError


def read_tsv(path: Path, language: str, task: str = "pos") -> Corpus:
    r"""Read lines of ``word<TAB>label``, with a blank line after each sentence.

    Args:
        path: The file, plain, ``.gz`` or ``.xz``.
        language: Of the text.
        task: What the labels are called.

    Raises:
        UserError: If a line has another number of columns or an empty one.
    """
    rows: list[tuple[Words, Words]] = []
    words: list[str] = []
    labels: list[str] = []
    for number, line in enumerate([*read_lines(path), ""], 1):  # as if a blank line came last
        if line.strip():
            word, label = _columns(path, number, line)
            words.append(word)
            labels.append(label)
        elif words:
            rows.append((tuple(words), tuple(labels)))
            words, labels = [], []
    if not rows:
        raise UserError(f"{path}: there is no sentence; expected lines of 'word<TAB>label'")
    sentences, labelled = zip(*rows, strict=True)
    return Corpus(language, sentences, labels={task: labelled})


def _columns(path: Path, number: int, line: str) -> tuple[str, str]:
    columns = line.split("\t")
    if len(columns) != 2:
        raise UserError(
            f"{path}:{number}: expected 'word<TAB>label', found {len(columns)} column"
            + "s" * (len(columns) != 1)
        )
    word, label = columns
    if not word.strip() or not label.strip():
        raise UserError(f"{path}:{number}: the word or its label is empty")
    return word, label
