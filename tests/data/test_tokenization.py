from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onegrain.data.tokenization import split, words_of
from onegrain.settings import Splitting

LANGUAGES = st.sampled_from(["en", "de", "fr", "it", "ca", "xx"])


@pytest.mark.parametrize(
    ("chunk", "language", "tokens"),
    [
        ("don't", "en", ["don", "'t"]),
        ("n't", "en", ["n", "'t"]),
        ("'s", "en", ["'s"]),
        ("'S", "en", ["'S"]),
        ("John’s", "en", ["John", "'s"]),
        ("couldn't've", "en", ["couldn", "'t", "'ve"]),
        ("80's", "en", ["80", "'s"]),
        ("o'clock", "en", ["o'clock"]),
        ("boys'", "en", ["boys", "'"]),
        ("'em", "en", ["'", "em"]),
        ("geht's", "de", ["geht", "'s"]),
        ("„Nein!“", "de", ["„", "Nein", "!", "“"]),
        ("est-ce", "fr", ["est", "-", "ce"]),
        ("l'homme", "fr", ["l'", "homme"]),
        ("l’", "fr", ["l'"]),
        ("aujourd'hui", "fr", ["aujourd'", "hui"]),
        ("qu'il", "fr", ["qu'", "il"]),
        ("'oui", "fr", ["'", "oui"]),
        ("dell'arte", "it", ["dell'", "arte"]),
        ("3.5", "en", ["3.5"]),
        ("1,000.", "en", ["1,000", "."]),
        ("$9.99", "en", ["$", "9.99"]),
        ("10:30", "en", ["10", ":", "30"]),
        ("U.S.", "en", ["U", ".", "S", "."]),
        ("...", "en", [".", ".", "."]),
        ("snake_case", "en", ["snake", "_", "case"]),
        ("5 000", "fr", ["5", "000"]),
        ("e\u0301te\u0301", "fr", ["e\u0301te\u0301"]),
        ("", "en", []),
    ],
)
def test_a_chunk_is_cut_at_punctuation_and_clitics(
    chunk: str, language: str, tokens: list[str]
) -> None:
    assert split(chunk, language) == tokens


@given(st.text(), LANGUAGES)
@example("x's'y", "en")
@example("a'd1,5", "en")
@example("'t's.5'd", "de")
@example("l''a'", "fr")
def test_a_token_that_is_split_again_stays_as_it_is(text: str, language: str) -> None:
    for token in split(text, language):
        assert split(token, language) == [token]


@given(st.text(alphabet="ab1st.,'’-\" ", max_size=12), LANGUAGES)
def test_idempotence_holds_among_the_characters_that_have_rules(text: str, language: str) -> None:
    for token in split(text, language):
        assert split(token, language) == [token]


@given(st.text(), LANGUAGES)
def test_splitting_loses_only_white_space_and_the_shape_of_apostrophes(
    text: str, language: str
) -> None:
    plain = text.replace("\u2019", "'").replace("\u02bc", "'").replace("\uff07", "'")
    assert "".join(split(text, language)) == "".join(plain.split())


@given(st.text(), LANGUAGES)
def test_every_punctuation_character_but_apostrophes_and_numbers_stands_alone(
    text: str, language: str
) -> None:
    for token in split(text, language):
        if len(token) > 1:
            punctuation = [c for c in token if unicodedata.category(c)[0] in "PS"]
            assert set(punctuation) <= set("'.,")


@given(st.text(), LANGUAGES)
def test_a_line_is_cut_as_its_chunks_are(text: str, language: str) -> None:
    words = words_of(text, language, Splitting.punctuation)
    assert list(words) == [token for chunk in text.split() for token in split(chunk, language)]


@given(st.text())
def test_splitting_at_spaces_leaves_chunks_whole(text: str) -> None:
    assert words_of(text, "en", Splitting.spaces) == tuple(text.split())
