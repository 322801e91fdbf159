from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.corpus import Corpus
from onegrain.data.sampling import hold_out, sampled, shuffled, within_lengths
from onegrain.errors import UserError


def corpus_of(words: list[str]) -> Corpus:
    return Corpus("en", tuple((word,) for word in words))


NUMBERS = corpus_of([str(number) for number in range(100)])


def test_a_draw_is_random_and_repeatable() -> None:
    drawn = shuffled(NUMBERS, 30, 0, "data.train_sentences")
    assert drawn == shuffled(NUMBERS, 30, 0, "data.train_sentences")
    assert drawn != shuffled(NUMBERS, 30, 1, "data.train_sentences")
    assert drawn != NUMBERS.select(range(30))
    assert len(set(drawn.sentences)) == 30


def test_a_smaller_draw_is_part_of_a_larger_one() -> None:
    few, many = (shuffled(NUMBERS, count, 0, "x").sentences for count in (10, 40))
    assert few == many[:10]


def test_all_are_shuffled_where_no_number_is_given() -> None:
    drawn = shuffled(NUMBERS, None, 0, "x")
    assert drawn != NUMBERS
    assert set(drawn.sentences) == set(NUMBERS.sentences)


def test_a_sample_keeps_the_order_of_the_file() -> None:
    drawn = sampled(NUMBERS, 30, 0, "x")
    numbers = [int(words[0]) for words in drawn.sentences]
    assert numbers == sorted(numbers)
    assert numbers != list(range(30))
    assert sampled(NUMBERS, None, 0, "x") == NUMBERS


def test_asking_for_too_many_takes_all_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert len(shuffled(NUMBERS, 101, 0, "data.dev_sentences")) == 100
    assert "data.dev_sentences=101: there are 100; all are taken" in caplog.text


@pytest.mark.parametrize("count", [0, -1])
def test_asking_for_none_is_refused(count: int) -> None:
    with pytest.raises(UserError, match=r"data\.dev_sentences=.*at least 1"):
        shuffled(NUMBERS, count, 0, "data.dev_sentences")


def test_length_limits_hold_on_both_sides_and_are_said(caplog: pytest.LogCaptureFixture) -> None:
    source = Corpus("en", (("a",), ("a", "b"), ("a", "b"), ("a", "b", "c")))
    target = Corpus("fr", (("x", "y"), ("x", "y"), ("x",), ("x", "y")))
    pairs = Corpus("en", source.sentences, translation=target)
    with caplog.at_level(logging.INFO):
        kept = within_lengths(pairs, 2, 2)
    assert kept == pairs.select([1])
    assert "3 of 4 training pairs dropped: data.min_length=2 data.max_length=2" in caplog.text
    with pytest.raises(UserError, match=r"data\.min_length=9"):
        within_lengths(pairs, 9, 2)


@given(st.lists(st.sampled_from([str(n) for n in range(60)]), min_size=40), st.integers(0, 3))
def test_equal_sentences_are_never_in_two_parts(words: list[str], seed: int) -> None:
    corpus = corpus_of([*words, "a", "b", "c"])
    parts = hold_out(corpus, 0.05, 2, seed)
    seen = [set(part.sentences) for part in parts]
    assert sum(map(len, seen)) == len(set(corpus.sentences))
    assert sum(map(len, parts)) == len(corpus)
    assert all(seen)


def test_holding_out_does_not_depend_on_the_order_of_the_file() -> None:
    first, second = (
        hold_out(NUMBERS, 0.05, 2, 0),
        hold_out(NUMBERS.select(range(99, -1, -1)), 0.05, 2, 0),
    )
    assert [len(part) for part in first] == [5, 5, 90]
    assert [set(a.sentences) for a in first] == [set(b.sentences) for b in second]
    assert hold_out(NUMBERS, 0.05, 2, 1)[0] != first[0]


def test_too_few_sentences_cannot_be_split() -> None:
    with pytest.raises(UserError, match=r"2 different source sentences .* data\.dev_source"):
        hold_out(corpus_of(["a", "b", "a"]), 0.05, 2, 0)
