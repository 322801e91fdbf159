"""A slow tokenizer read word by word says what it says of a whole line."""

import pytest

from onegrain.models.pretrained import load_pretrained
from onegrain.settings import Pieces, TransformerModel

WORDS = ("the", "unbelievable", "dog", "sleeps", "!")


@pytest.fixture(scope="module")
def slow_marian(tiny_transformer):
    pytest.importorskip("sentencepiece")
    return tiny_transformer("slow_marian")


@pytest.fixture
def theirs(slow_marian):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(slow_marian)
    assert not tokenizer.is_fast
    return tokenizer


def encoder(folder, **settings):
    return load_pretrained(folder, TransformerModel(path=str(folder), **settings)).source


def test_pieces_are_those_of_the_line(slow_marian, theirs):
    (encoded,) = encoder(slow_marian).encode_sentences([WORDS])
    assert encoded.ids == theirs(" ".join(WORDS))["input_ids"]


def test_each_word_has_its_own_pieces(slow_marian, theirs):
    (encoded,) = encoder(slow_marian, pieces=Pieces.mean).encode_sentences([WORDS])
    for word, (first, end) in zip(WORDS, encoded.spans, strict=True):
        pieces = theirs.convert_tokens_to_ids(theirs.tokenize(word))
        assert encoded.ids[first:end] == pieces
    assert encoded.spans[-1][1] == len(encoded.ids) - 1  # what ends the text is of no word


def test_what_is_unknown_and_what_is_invisible_is_said(slow_marian, theirs):
    (encoded,) = encoder(slow_marian).encode_sentences([("the", "鸟", "\u200b", "dog")])
    assert encoded.unknown == [False, True, True, False]
    assert len(encoded.spans) == 4


def test_special_tokens_are_words_of_their_own_by_setting(slow_marian):
    from onegrain.data.corpus import Corpus

    source = encoder(slow_marian, special_tokens=True)
    read = source.readable(Corpus("en", (WORDS,)))
    assert read.sentences == ((*WORDS, "</s>"),)
    (encoded,) = source.encode_sentences(read.sentences)
    assert len(encoded.spans) == len(WORDS) + 1
