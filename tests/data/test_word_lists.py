from __future__ import annotations

from pathlib import Path

import pytest

from onegrain.data.word_lists import list_labels, read_list
from onegrain.errors import UserError


def test_words_of_the_list_share_a_label_or_have_their_own() -> None:
    sentence = ("He", "said", "she", "HE")
    assert list_labels(["he", "She"], "listed")(sentence) == ("listed", "other", "listed", "listed")
    assert list_labels(["he", "She"], None)(sentence) == ("he", "other", "She", "he")
    exact = list_labels(["he", "She"], "listed", ignore_case=False)
    assert exact(sentence) == ("other", "other", "other", "other")


def test_a_file_has_a_word_a_line(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(" he \n\nshe\n")
    assert read_list(path) == ["he", "she"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("he\nNew York\n", r"list\.txt:2: expected one word, found 'New York'"),
        ("\n \n", r"list\.txt: there is no word"),
    ],
)
def test_a_wrong_file_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        read_list(tmp_path / "list.txt")
