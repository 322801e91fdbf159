"""Words in one text file, their labels in another: NeuroX's way to store a tagging task."""

from __future__ import annotations

from pathlib import Path

from onegrain.data.corpus import Corpus
from onegrain.data.text_files import read_lines
from onegrain.errors import UserError


def read_aligned(words: Path, labels: Path, language: str, task: str) -> Corpus:
    """Read two files with a sentence a line and as many labels as words, between spaces.

    Lines that are empty in both are skipped.

    Raises:
        UserError: If the files, or two of their lines, do not have equally many.
    """
    texts = read_lines(words), read_lines(labels)
    if len(texts[0]) != len(texts[1]):
        raise UserError(
            f"{words} has {len(texts[0])} lines and {labels} has {len(texts[1])}: "
            "words and labels go line by line"
        )
    rows = [(line.split(), other.split()) for line, other in zip(*texts, strict=True)]
    for number, (row, tags) in enumerate(rows, 1):
        if len(row) != len(tags):
            raise UserError(
                f"{words}:{number}: {len(row)} words, but {labels}:{number} has {len(tags)} labels"
            )
    filled = [(tuple(row), tuple(tags)) for row, tags in rows if row]
    if not filled:
        raise UserError(f"{words}: there is no word")
    sentences, tagged = zip(*filled, strict=True)
    return Corpus(language, sentences, labels={task: tagged})
