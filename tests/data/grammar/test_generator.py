from __future__ import annotations

import math
import re
from collections import Counter

import pytest

from onegrain.data.grammar import LANGUAGES, generate
from onegrain.data.tokenization import words_of
from onegrain.errors import UserError
from onegrain.settings import Splitting

TASKS = ("pos", "morph", "sem")
UPOS = {
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "VERB",
}
SEM = {
    "PRO",
    "DEF",
    "HAS",
    "REF",
    "EMP",
    "NIL",
    "COO",
    "DIS",
    "GRP",
    "AND",
    "BUT",
    "QUE",
    "QUC",
    "QUV",
    "COL",
    "IST",
    "DEG",
    "INT",
    "MOR",
    "POS",
    "NEC",
    "NOT",
    "SUB",
    "REL",
    "CON",
    "ROL",
    "UOM",
    "PER",
    "GPE",
    "GPO",
    "DOW",
    "MOY",
    "YOC",
    "CLO",
    "ENS",
    "EPS",
    "EXS",
    "EXG",
    "EXT",
    "EFS",
    "NOW",
    "PST",
    "FUT",
    "PRX",
    "DST",
    "ALT",
}
FEATURE = re.compile(r"[A-Z][A-Za-z]*(\[psor\])?=[A-Z0-9][A-Za-z]*(,[A-Z][A-Za-z]*)*")


def test_the_same_seed_gives_the_same_corpus_in_a_process_with_other_hashes(write) -> None:
    assert {**write(300, 3, "1"), "seconds": 0} == {**write(300, 3, "2"), "seconds": 0}


def test_this_process_writes_what_another_one_does(written) -> None:
    here = generate(60, "de", "fr", 7)
    assert [list(words) for words in here.sentences] == written["de"]["sentences"][:60]
    assert list(here.translation.text) == written["fr"]["text"][:60]
    assert here.labels["morph"] == tuple(map(tuple, written["de"]["morph"][:60]))


def test_a_bigger_count_continues_a_smaller_one() -> None:
    small, big = generate(40, "en", "fr", 5), generate(90, "en", "fr", 5)
    assert small.fingerprint == big.select(range(40)).fingerprint


def test_another_seed_gives_other_sentences() -> None:
    assert generate(20, "en", "fr", 1).sentences != generate(20, "en", "fr", 2).sentences


def test_english_is_the_same_whatever_the_other_language(written) -> None:
    assert written["again"] == written["en"]["sentences"]


def test_an_unknown_language_is_a_users_mistake() -> None:
    with pytest.raises(UserError, match="data=grammar speaks en, fr, de, not 'nl'"):
        generate(1, "en", "nl", 0)


def test_twelve_thousand_sentences_take_seconds(written) -> None:
    assert written["seconds"] < 10  # 2.5 s on an idle core


@pytest.mark.parametrize("language", LANGUAGES)
class TestEachLanguage:
    def test_no_sentence_occurs_twice(self, written, language) -> None:
        sentences = written[language]["sentences"]
        assert len({tuple(words) for words in sentences}) == len(sentences) == 12_000
        assert len(set(written[language]["text"])) == 12_000

    def test_sentences_have_4_to_20_words_well_spread(self, written, language) -> None:
        lengths = Counter(map(len, written[language]["sentences"]))
        assert min(lengths) >= 4
        assert max(lengths) <= 20
        assert max(lengths.values()) < 12_000 * 0.2
        assert sum(count for length, count in lengths.items() if length > 12) > 1000

    def test_every_word_has_labels(self, written, language) -> None:
        side = written[language]
        for task in TASKS:
            assert list(map(len, side[task])) == list(map(len, side["sentences"]))

    def test_the_text_is_split_into_the_words(self, written, language) -> None:
        side = written[language]
        for text, words in zip(side["text"], side["sentences"], strict=True):
            assert list(words_of(text, language, Splitting.punctuation)) == words

    def test_words_split_to_themselves(self, written, language) -> None:
        for word in {word for words in written[language]["sentences"] for word in words}:
            assert words_of(word, language, Splitting.punctuation) == (word,)

    def test_text_begins_with_a_capital_and_is_spaced_as_people_write(
        self, written, language
    ) -> None:
        high_mark = " [?!]" if language == "fr" else "[?!]"
        for text in written[language]["text"]:
            assert text[0].isupper() or text[0].isdigit()
            assert re.search(rf"\w(\.|{high_mark})$", text)
            assert not re.search(r" [,.]|  |' | '|- | -", text)

    def test_labels_are_of_the_known_sets(self, written, language) -> None:
        side = written[language]
        assert {label for row in side["pos"] for label in row} <= UPOS | {"ADP+DET"}
        assert {label for row in side["sem"] for label in row} <= SEM
        for morph in {label for row in side["morph"] for label in row} - {"_"}:
            names = [feature.split("=")[0].lower() for feature in morph.split("|")]
            assert all(FEATURE.fullmatch(feature) for feature in morph.split("|")), morph
            assert names == sorted(set(names)), morph

    def test_word_forms_follow_zipf(self, written, language) -> None:
        counts = Counter(w.lower() for words in written[language]["sentences"] for w in words)
        assert 700 <= len(counts) <= 3000
        top = sorted(counts.values(), reverse=True)[:500]
        assert -1.25 < _slope(top) < -0.8

    @pytest.mark.parametrize("task", TASKS)
    def test_a_word_does_not_give_away_its_label(self, written, language, task) -> None:
        side = written[language]
        tags: dict[str, Counter] = {}
        for words, labels in zip(side["sentences"], side[task], strict=True):
            for word, label in zip(words, labels, strict=True):
                tags.setdefault(word.lower(), Counter())[label] += 1
        hits = sum(max(counts.values()) for counts in tags.values())
        assert hits / sum(counts.total() for counts in tags.values()) < 0.99


def _slope(counts: list[int]) -> float:
    xs = [math.log(rank) for rank in range(1, len(counts) + 1)]
    ys = [math.log(count) for count in counts]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return covariance / sum((x - mean_x) ** 2 for x in xs)
