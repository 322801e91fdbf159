import logging
from dataclasses import replace

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from onegrain.data.corpus import Corpus
from onegrain.data.pieces import PieceEncoder
from onegrain.errors import UserError
from onegrain.settings import Pieces, TransformerModel, Truncated

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##believ", "##able", "a", "dog", "the"]
WORDS = ("the", "unbelievable", "dog")
CORPUS = Corpus(
    "en", (WORDS, (), ("a", "cat")), labels={"pos": (("DET", "ADJ", "NOUN"), (), ("DET", "NOUN"))}
)


@pytest.fixture
def tokenizer():
    made = Tokenizer(
        models.WordPiece({piece: i for i, piece in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.add_special_tokens(VOCABULARY[:4])
    made.enable_truncation(4)  # as in the files of sentence-transformers; nothing may be cut by it
    made.enable_padding(length=20)
    return made


def encoder_for(tokenizer, limit=None, **settings):
    return PieceEncoder(tokenizer, TransformerModel(**settings), limit, "[UNK]")


@pytest.mark.parametrize(
    ("pieces", "spans"),
    [
        (Pieces.first, [(1, 2), (2, 3), (5, 6)]),
        (Pieces.last, [(1, 2), (4, 5), (5, 6)]),
        (Pieces.mean, [(1, 2), (2, 5), (5, 6)]),
    ],
)
def test_a_word_is_its_first_or_last_piece_or_all(tokenizer, pieces, spans):
    (encoded,) = encoder_for(tokenizer, pieces=pieces).encode_sentences([WORDS])
    assert [VOCABULARY[index] for index in encoded.ids] == [
        "[CLS]", "the", "un", "##believ", "##able", "dog", "[SEP]",
    ]  # fmt: skip
    assert encoded.spans == spans
    assert encoded.unknown == [False] * 3


def test_words_the_tokenizer_does_not_know_or_makes_nothing_of_are_unknown(tokenizer):
    (encoded,) = encoder_for(tokenizer).encode_sentences([("cat", "\u200b", "dog", "\u200d")])
    assert encoded.unknown == [True, True, False, True]
    assert encoded.ids == [2, 1, 1, 8, 1, 3]
    assert encoded.spans == [(1, 2), (2, 3), (3, 4), (4, 5)]


def test_what_gives_no_piece_is_an_error_where_there_is_no_unknown_token(tokenizer):
    encoder = replace(encoder_for(tokenizer), unknown=None)
    with pytest.raises(UserError, match="makes nothing of the word '\\\\u200b'"):
        encoder.encode_sentences([("dog", "\u200b")])


def test_a_word_that_looks_like_a_special_token_is_a_word(tokenizer):
    (encoded,) = encoder_for(tokenizer).encode_sentences([("[SEP]", "dog")])
    assert len(encoded.spans) == 2


def test_a_sentence_without_words_is_not_read(tokenizer):
    (encoded,) = encoder_for(tokenizer).encode_sentences([()])
    assert (encoded.ids, encoded.spans) == ([], [])


def test_special_tokens_are_words_without_labels(tokenizer):
    encoder = encoder_for(tokenizer, special_tokens=True)
    read = encoder.readable(CORPUS)
    assert read.sentences[0] == ("[CLS]", *WORDS, "[SEP]")
    assert read.labels["pos"] == (("", "DET", "ADJ", "NOUN", ""), (), ("", "DET", "NOUN", ""))
    first, empty, _ = encoder.encode_sentences(read.sentences)
    assert first.spans == [(0, 1), (1, 2), (4, 5), (5, 6), (6, 7)]
    assert first.ids == encoder_for(tokenizer).encode_sentences([WORDS])[0].ids
    assert empty.ids == []


@pytest.mark.parametrize(("limit", "words"), [(7, 3), (6, 2), (5, 1), (4, 1), (3, 1)])
def test_words_beyond_the_limit_go_with_their_labels(tokenizer, caplog, limit, words):
    encoder = encoder_for(tokenizer, limit, truncated=Truncated.drop)
    with caplog.at_level(logging.WARNING):
        read = encoder.readable(CORPUS)
    assert read.sentences[0] == WORDS[:words]
    assert read.labels["pos"][0] == ("DET", "ADJ", "NOUN")[:words]
    assert max(len(one.ids) for one in encoder.encode_sentences(read.sentences)) <= limit
    lost = CORPUS.word_count - read.word_count
    assert (f"{lost} of 5 words are left out" in caplog.text) == (lost > 0)


def test_truncation_is_an_error_unless_asked_for(tokenizer):
    with pytest.raises(UserError, match=r"1 sentences have more than 6 pieces.*'the unbeliev"):
        encoder_for(tokenizer, 6).readable(CORPUS)


def test_what_fits_is_left_as_it_is(tokenizer):
    assert encoder_for(tokenizer, 7).readable(CORPUS) is CORPUS


def test_words_are_read_as_in_a_line_where_the_tokenizer_adds_no_space_itself():
    pieces = ["and", "Ġthe", "Ġcat", "the", "cat", "Ġ", "t"]
    byte_pairs = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, []))
    byte_pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte_pairs.model = models.WordLevel({p: i for i, p in enumerate(pieces)}, unk_token="t")
    encoder = PieceEncoder(byte_pairs, TransformerModel(), None, "t")
    (encoded,) = encoder.encode_sentences([("and", "the", "cat")])
    assert [pieces[index] for index in encoded.ids] == ["and", "Ġthe", "Ġcat"]
    assert encoded.spans == [(0, 1), (1, 2), (2, 3)]


def test_a_tokenizer_that_glues_words_is_refused():
    glued = Tokenizer(models.WordLevel({"t": 0, "and the cat": 1, "cat": 2}, unk_token="t"))
    encoder = PieceEncoder(glued, TransformerModel(), None, "t")
    with pytest.raises(UserError, match="does not read words one by one"):
        encoder.encode_sentences([("and", "the")])


@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2", "xlnet", "t5"])
def test_alignment_is_that_of_each_architectures_own_tokenizer(tiny_transformer, kind):
    import transformers

    theirs = transformers.AutoTokenizer.from_pretrained(
        tiny_transformer(kind), add_prefix_space=True
    )
    expected = theirs(["the", "Zebra", "don't", "é"], is_split_into_words=True)
    encoder = PieceEncoder(theirs.backend_tokenizer, TransformerModel(), None, theirs.unk_token)
    (encoded,) = encoder.encode_sentences([("the", "Zebra", "don't", "é")])
    assert encoded.ids == expected["input_ids"]
    last = {word: at for at, word in enumerate(expected.word_ids(0)) if word is not None}
    assert [first for first, _ in encoded.spans] == [last[word] for word in range(4)]
