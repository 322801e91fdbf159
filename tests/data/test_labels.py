from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.labels import UNLABELLED, UNSEEN, LabelSet

SENTENCES = st.lists(st.lists(st.sampled_from("ABCDE")).map(tuple))


def test_labels_are_numbered_by_frequency_then_name() -> None:
    labels = LabelSet.of([("B", "C"), ("A", "C", "B"), ("C",)])
    assert labels.names == ("C", "B", "A")
    assert len(labels) == 3


@given(SENTENCES)
def test_numbers_lead_back_to_the_names(sentences: list[tuple[str, ...]]) -> None:
    labels = LabelSet.of(sentences)
    numbers = labels.encode(sentences)
    flat = [name for row in sentences for name in row]
    assert [labels.names[number] for number in numbers.tolist()] == flat


def test_words_without_a_label_are_neither_a_label_nor_unseen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    labels = LabelSet.of([("A", "", "")])
    assert labels.names == ("A",)
    assert labels.encode([("", "A")]).tolist() == [UNLABELLED, 0]
    assert not caplog.records


def test_labels_that_training_lacks_are_counted_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    labels = LabelSet.of([("A",)])
    assert labels.encode([("A", "Z", "Y", "Z")]).tolist() == [0, UNSEEN, UNSEEN, UNSEEN]
    assert len(caplog.records) == 1
    assert "3 of 4 words have a label that training does not have" in caplog.text
    LabelSet(("A",)).encode([("B",)], "dev")
    assert "1 of 1 dev words have a label that training does not have" in caplog.text
    assert "Y, Z" in caplog.text
