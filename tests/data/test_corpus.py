from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.corpus import Corpus, Splits

CORPUS = Corpus(
    "en",
    (("the", "dog"), ("no",), ()),
    text=("The dog", "No", ""),
    translation=Corpus("fr", (("le", "chien"), ("non",), ())),
    labels={"pos": (("DET", "NOUN"), ("INTJ",), ())},
)

words = st.lists(st.text(max_size=4), max_size=4).map(tuple)
rows = st.lists(words, max_size=5).map(tuple)


def test_size_is_in_sentences_and_words() -> None:
    assert (len(CORPUS), CORPUS.word_count) == (3, 3)


def test_a_selection_takes_all_that_belongs_to_its_sentences() -> None:
    chosen = CORPUS.select([2, 0, 0])
    assert chosen.sentences == ((), ("the", "dog"), ("the", "dog"))
    assert chosen.text == ("", "The dog", "The dog")
    assert chosen.translation is not None
    assert chosen.translation.sentences == ((), ("le", "chien"), ("le", "chien"))
    assert chosen.labels == {"pos": ((), ("DET", "NOUN"), ("DET", "NOUN"))}
    assert chosen.select([]).word_count == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ("The dog",)}, "1 lines of text for 3 sentences"),
        ({"translation": Corpus("fr", ())}, "0 translations for 3 sentences"),
        ({"labels": {"pos": (("DET",), ("INTJ",), ())}}, "'pos' does not have one label"),
        ({"labels": {"sem": (("a", "b"), ("c",))}}, "'sem' does not have one label"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(CORPUS, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"language": "de"},
        {"sentences": (("a", "dog"), ("no",), ())},
        {"text": None},
        {"text": ("the dog", "No", "")},
        {"translation": None},
        {"translation": Corpus("fr", (("un", "chien"), ("non",), ()))},
        {"labels": {}},
        {"labels": {"sem": (("DET", "NOUN"), ("INTJ",), ())}},
        {"labels": {"pos": (("DET", "VERB"), ("INTJ",), ())}},
    ],
)
def test_any_difference_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert replace(CORPUS, **change).fingerprint != CORPUS.fingerprint


@given(rows, rows)
def test_fingerprints_are_equal_where_sentences_are_and_nowhere_else(
    one: tuple[tuple[str, ...], ...], other: tuple[tuple[str, ...], ...]
) -> None:
    equal = Corpus("en", one).fingerprint == Corpus("en", other).fingerprint
    assert equal == (one == other)


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    # Should it change, everything in every store is made again.
    assert CORPUS.fingerprint.startswith("795931e526779064")


def test_the_order_of_the_labels_says_nothing() -> None:
    two = {"pos": CORPUS.labels["pos"], "sem": CORPUS.labels["pos"]}
    turned = dict(reversed(two.items()))
    assert replace(CORPUS, labels=two).fingerprint == replace(CORPUS, labels=turned).fingerprint


def test_splits_differ_where_any_part_does() -> None:
    splits = Splits(CORPUS, CORPUS, CORPUS.select([0]))
    assert splits.fingerprint == Splits(CORPUS, CORPUS, CORPUS.select([0])).fingerprint
    assert splits.fingerprint != Splits(CORPUS, CORPUS.select([0]), CORPUS).fingerprint
