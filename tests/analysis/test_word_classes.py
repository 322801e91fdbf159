from __future__ import annotations

import pytest

from onegrain.analysis.word_classes import word_classes

UNIVERSAL = {
    "open": "ADJ ADV INTJ NOUN PROPN VERB",
    "closed": "ADP AUX CCONJ DET NUM PART PRON SCONJ",
    "other": "PUNCT SYM X",
}


def test_the_universal_tags_are_in_their_three_classes() -> None:
    for name, tags in UNIVERSAL.items():
        assert set(word_classes(tags.split())) == {name}


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["NN", "VBD", "PRP$", "-LRB-", "``"], ["open", "open", "closed", "other", "other"]),
        (["NOUN+PART", "ADP+DET", "PUNCT+PUNCT", "X+AUX"], ["open", "closed", "other", "closed"]),
        (["NOUN", "_", "other"], ["open", "other", "other"]),
        (["NN+POS", "NN"], ["open", "open"]),
        (["NOUN", "NN"], ["", ""]),  # of two tag sets
        (["NOUN", "B-PER"], ["", ""]),
        (["_", "other"], ["", ""]),
        (["+", "NOUN+"], ["", ""]),
        ([], []),
    ],
)
def test_tags_and_what_is_no_tag(labels: list[str], classes: list[str]) -> None:
    assert word_classes(labels) == classes
