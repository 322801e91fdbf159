from __future__ import annotations

from pathlib import Path

import pytest

from onegrain.data.aligned_labels import read_aligned
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError


def read(folder: Path, words: str, labels: str) -> Corpus:
    (folder / "w.txt").write_text(words)
    (folder / "l.txt").write_text(labels)
    return read_aligned(folder / "w.txt", folder / "l.txt", "en", "pos")


def test_lines_go_together_word_by_word(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a  dog .\n\nno\n", "DET NOUN .\n\nINTJ\n")
    assert corpus.sentences == (("a", "dog", "."), ("no",))
    assert corpus.labels["pos"] == (("DET", "NOUN", "."), ("INTJ",))


@pytest.mark.parametrize(
    ("words", "labels", "message"),
    [
        ("a\nb\n", "X\n", r"w\.txt has 2 lines and .*l\.txt has 1: words and labels go line"),
        ("a\nb c\n", "X\nY\n", r"w\.txt:2: 2 words, but .*l\.txt:2 has 1 labels"),
        ("a\n\n", "X\nY\n", r"w\.txt:2: 0 words, but .*l\.txt:2 has 1"),
        ("\n\n", "\n\n", r"w\.txt: there is no word"),
    ],
)
def test_what_does_not_go_together_is_refused_by_line(
    tmp_path: Path, words: str, labels: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read(tmp_path, words, labels)
