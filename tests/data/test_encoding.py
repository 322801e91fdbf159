from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onegrain.data.detokenization import detokenize
from onegrain.data.encoding import TextEncoder
from onegrain.data.vocabulary import BOS, EOS, PAD, UNK
from onegrain.errors import UserError
from onegrain.settings import Splitting, TextSettings, VocabularyKind

SENTENCES = [
    ("I", "don't", "know", "."),
    ("It", "'s", "o'clock", ",", "John", "."),
    ("No", "e-mail", "for", "us", "?"),
]
KNOWN = sorted({word for words in SENTENCES for word in words})
KINDS = list(VocabularyKind)
SPLITTINGS = list(Splitting)


def encoder_for(
    kind: VocabularyKind = VocabularyKind.words,
    splitting: Splitting = Splitting.punctuation,
    lowercase: bool = True,
    size: int = 200,
) -> TextEncoder:
    text = TextSettings(splitting, lowercase, kind, size)
    return TextEncoder.learn(SENTENCES, "en", text)


ENCODERS = {
    (kind, splitting): encoder_for(kind, splitting) for kind in KINDS for splitting in SPLITTINGS
}


@given(st.sampled_from(list(ENCODERS)), st.lists(st.sampled_from(KNOWN), max_size=8))
def test_known_words_come_back_as_lower_cased_text(
    choice: tuple[VocabularyKind, Splitting], words: list[str]
) -> None:
    encoder = ENCODERS[choice]
    encoded = encoder.encode(words)
    assert not any(encoded.unknown)
    lowered = [word.lower() for word in words]
    if choice[1] is Splitting.punctuation:
        lowered = [token for word in lowered for token in _cut_by_hand(word)]
    assert encoder.decode(encoded.ids) == detokenize(lowered, "en")


def _cut_by_hand(word: str) -> list[str]:
    return {"don't": ["don", "'t"], "e-mail": ["e", "-", "mail"]}.get(word, [word])


@given(st.sampled_from(list(ENCODERS)), st.lists(st.text(), max_size=8))
@settings(deadline=None)
def test_every_word_ends_at_its_last_piece(
    choice: tuple[VocabularyKind, Splitting], words: list[str]
) -> None:
    encoder = ENCODERS[choice]
    encoded = encoder.encode(words)
    start = 0
    for word, (last, end), unknown in zip(words, encoded.spans, encoded.unknown, strict=True):
        alone = encoder.encode([word])
        assert encoded.ids[start:end] == alone.ids
        assert last == end - 1
        assert unknown == (UNK in alone.ids)
        start = end
    assert start == len(encoded.ids)
    assert {PAD, BOS, EOS}.isdisjoint(encoded.ids)


def test_raw_and_treebank_words_are_encoded_alike() -> None:
    encoder = encoder_for()
    raw, treebank = encoder.encode(["Don't"]), encoder.encode(["don", "'t"])
    assert raw.ids == treebank.ids
    assert (raw.spans, treebank.spans) == ([(1, 2)], [(0, 1), (1, 2)])


def test_a_word_of_white_space_only_is_unknown() -> None:
    assert encoder_for().encode([" "]).ids == [UNK]


def test_case_is_kept_where_the_setting_says_so() -> None:
    encoder = encoder_for(lowercase=False)
    assert encoder.encode(["John", "john"]).unknown == [False, True]


def test_decoding_stops_at_the_end_and_leaves_out_padding() -> None:
    encoder = encoder_for()
    ids = encoder.encode(["I", "know", "us"]).ids
    assert encoder.decode([BOS, *ids[:2], PAD, EOS, *ids]) == "i know"


def test_special_symbols_count_for_the_size() -> None:
    assert encoder_for(size=10).size == 10
    assert encoder_for(VocabularyKind.bpe, size=40).size == 40


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_loaded(kind: VocabularyKind, tmp_path: Path) -> None:
    encoder = encoder_for(kind, lowercase=False)
    encoder.save(tmp_path / "encoder.json")
    loaded = TextEncoder.load(tmp_path / "encoder.json")
    assert loaded == encoder
    assert loaded.encode(["John", "knows"]) == encoder.encode(["John", "knows"])
    assert [path.name for path in tmp_path.iterdir()] == ["encoder.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"{", b'{"format": "other"}', b"[" * 100_000],
)
def test_a_foreign_file_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "encoder.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"encoder\.json: not a text encoder") as caught:
        TextEncoder.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"language": None},
        {"splitting": "never"},
        {"lowercase": "yes"},
        {"vocabulary": ["words"]},
        {"symbols": {"a": 1}},
    ],
)
def test_a_damaged_file_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "encoder.json"
    encoder_for().save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match="not a text encoder"):
        TextEncoder.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        TextEncoder.load(tmp_path / "encoder.json")


def test_a_vocabulary_needs_room_beyond_the_special_symbols() -> None:
    with pytest.raises(UserError, match=r"data\.text\.vocabulary_size=4"):
        encoder_for(size=4)


def test_a_vocabulary_needs_words() -> None:
    with pytest.raises(UserError, match="no en words"):
        TextEncoder.learn([()], "en", TextSettings())


def test_two_hundred_thousand_words_are_encoded_in_a_second() -> None:
    encoder = encoder_for()
    words = KNOWN * 20
    encoder.encode(words)
    begin = time.perf_counter()
    for _ in range(200_000 // len(words)):
        encoder.encode(words)
    assert time.perf_counter() - begin < 1
