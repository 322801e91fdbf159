from __future__ import annotations

import logging
from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.corpus import NO_LABEL, Corpus, Splits
from onegrain.data.rare import without_rare
from onegrain.settings import Rare

ROWS = st.lists(st.lists(st.sampled_from("ABCDE")).map(tuple), max_size=8)


def corpus_of(rows: list[tuple[str, ...]]) -> Corpus:
    return Corpus("en", tuple(rows), labels={"t": tuple(rows)})


def splits_of(train: str, dev: str = "A", test: str = "A") -> Splits:
    return Splits(*(corpus_of([tuple(part)]) for part in (train, dev, test)))


def labels(splits: Splits) -> list[str]:
    return [
        "".join(label or "-" for label in chain.from_iterable(corpus.labels["t"]))
        for corpus in (splits.train, splits.dev, splits.test)
    ]


def test_rare_in_training_is_rare_everywhere() -> None:
    splits = splits_of("AAABBC", dev="BBBBB", test="CAZ")
    merged, rare = without_rare(splits, "t", 3, Rare.merge)
    assert labels(merged) == ["AAAotherotherother", "other" * 5, "otherAother"]
    assert rare.names == ("B", "C", "Z")
    assert rare.words == {"train": 3, "dev": 5, "test": 2}
    dropped, same = without_rare(splits, "t", 3, Rare.drop)
    assert labels(dropped) == ["AAA---", "-----", "-A-"]
    assert same == rare


@given(ROWS, ROWS, st.integers(0, 6))
def test_what_is_left_is_frequent_and_every_word_is_accounted_for(
    train: list[tuple[str, ...]], test: list[tuple[str, ...]], least: int
) -> None:
    splits = Splits(corpus_of(train), corpus_of([]), corpus_of(test))
    dropped, rare = without_rare(splits, "t", least, Rare.drop)
    before = Counter(chain.from_iterable(train))
    after = Counter(chain.from_iterable(dropped.train.labels["t"]))
    left_out = after.pop(NO_LABEL, 0)
    assert after == {label: count for label, count in before.items() if count >= least}
    assert rare.words["train"] == left_out
    assert dropped.test.sentences == splits.test.sentences
    kept = set(chain.from_iterable(dropped.test.labels["t"])) - {NO_LABEL}
    assert kept <= (set(after) if least else {*after, *chain.from_iterable(test)})


def test_zero_keeps_all_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    splits = splits_of("AB", test="Z")
    with caplog.at_level(logging.INFO):
        same, rare = without_rare(splits, "t", 0, Rare.drop)
    assert same is splits
    assert (rare.names, rare.words["test"]) == ((), 0)
    assert not caplog.records


def test_words_without_a_label_are_no_label() -> None:
    corpus = Corpus("en", (("a", "b"),), labels={"t": (("A", NO_LABEL),)})
    _, rare = without_rare(Splits(corpus, corpus, corpus), "t", 2, Rare.merge)
    assert (rare.names, rare.words["train"]) == (("A",), 1)


def test_it_is_said_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        without_rare(splits_of("AAB", dev="B", test="AC"), "t", 2, Rare.merge)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == (
        "task.min_count=2: 2 rare labels become 'other', 1 training, 1 dev and 1 test words (B, C)"
    )
