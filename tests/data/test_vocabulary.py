from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onegrain.data.vocabulary import (
    BOS,
    EOS,
    PAD,
    SPECIAL_SYMBOLS,
    UNK,
    BpeVocabulary,
    WordVocabulary,
)

WORDS = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1)


def test_frequent_words_come_first_and_ties_go_by_alphabet() -> None:
    vocabulary = WordVocabulary.learn(Counter({"b": 2, "a": 2, "c": 5, "d": 1}), size=7)
    assert vocabulary.words == ("c", "a", "b")
    assert vocabulary.size == 7
    assert [vocabulary.ids_of(word) for word in "cabd"] == [[4], [5], [6], [UNK]]


@pytest.mark.parametrize("kind", [WordVocabulary, BpeVocabulary])
def test_text_that_looks_like_a_special_symbol_is_none(
    kind: type[WordVocabulary] | type[BpeVocabulary],
) -> None:
    counts = {"</s>": 50, "a</s>b": 50, "c</s>d": 50, "e</s": 50, "/s>f": 50, "x": 1}
    vocabulary = kind.learn(counts, 60)
    for text in (*SPECIAL_SYMBOLS, *counts, "x</s>x"):
        assert set(vocabulary.ids_of(text)).isdisjoint({PAD, BOS, EOS})


@given(st.dictionaries(WORDS, st.integers(1, 9), min_size=1))
@settings(max_examples=50, deadline=None)
def test_bpe_recovers_every_word_it_was_trained_on(counts: dict[str, int]) -> None:
    vocabulary = BpeVocabulary.learn(counts, size=2000)
    ids = [index for word in counts for index in vocabulary.ids_of(word)]
    assert vocabulary.words_of(ids) == list(counts)


def test_bpe_keeps_to_its_size_even_when_there_are_more_characters() -> None:
    counts = Counter({chr(0x4E00 + index): 100 - index for index in range(60)})
    vocabulary = BpeVocabulary.learn(counts, size=20)
    assert vocabulary.size == 20
    assert UNK not in vocabulary.ids_of(chr(0x4E00))
    assert UNK in vocabulary.ids_of(chr(0x4E00 + 59))


def test_an_unknown_character_leaves_the_rest_of_the_sentence_readable() -> None:
    vocabulary = BpeVocabulary.learn(Counter({"ab": 3, "b": 2}), size=20)
    ids = [index for word in ("ab", "aqb", "b") for index in vocabulary.ids_of(word)]
    assert vocabulary.words_of(ids) == ["ab", "a<unk>b", "b"]


def test_bpe_is_the_same_in_every_process() -> None:
    program = (
        "from onegrain.data.vocabulary import BpeVocabulary;"
        "import hashlib;"
        "counts = {chr(97 + a) + chr(97 + b) * 2: 1 + (a * b) % 3"
        " for a in range(20) for b in range(20)};"
        "print(hashlib.sha256(BpeVocabulary.learn(counts, 120).to_json().encode()).hexdigest())"
    )
    command = [sys.executable, "-c", program]
    hashes = {subprocess.run(command, capture_output=True, check=True).stdout for _ in range(3)}
    assert len(hashes) == 1


@pytest.mark.parametrize("content", [None, 3, "words", [1], ["a", "a"]])
def test_a_word_vocabulary_is_read_only_from_a_list_of_words(content: object) -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        WordVocabulary.from_json(content)


@pytest.mark.parametrize("content", [None, [], "{}", json.dumps({"model": {"type": "BPE"}})])
def test_bpe_is_read_only_from_a_tokenizer(content: object) -> None:
    with pytest.raises(ValueError, match=r"vocabulary|tokenizer"):
        BpeVocabulary.from_json(content)
