"""Sentences with one feature changed are the grammar's own, and differ where they should."""

from itertools import islice

import pytest

from onegrain.data.features import value_of
from onegrain.data.grammar.counterparts import counterparts
from onegrain.data.grammar.generator import SAY, distinct
from onegrain.data.grammar.variants import variants
from onegrain.settings import FEATURE_VALUES, ControlledFeature

CHANGES = [(feature, value) for feature, values in FEATURE_VALUES.items() for value in values]
PAIRS = [("en", "fr"), ("de", "en")]  # the French past is another word order, or Tense=Imp


@pytest.mark.parametrize("pair", PAIRS)
def test_every_change_is_found_in_every_language(pair):
    found = counterparts(12, pair, 3, 0, CHANGES)
    assert {change: len(those) for change, those in found.items()} == dict.fromkeys(CHANGES, 12)
    for those in found.values():
        for one in those:
            assert one.present != one.wanted
            assert one.places
            assert max(one.places) < len(one.words)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_words_to_control_are_those_that_have_the_present_value(change):
    feature, wanted = change
    (present,) = set(FEATURE_VALUES[feature]) - {wanted}
    said = {
        tuple(word.form for word in words["en"]): words["en"]
        for _, words in islice(distinct(5), 200)
    }
    for one in counterparts(10, ("en", "fr"), 5, 0, [change])[change]:
        values = [value_of(said[one.words][place].morph, feature.value) for place in one.places]
        assert values == [present] * len(values)


def test_a_change_there_and_back_is_the_same_sentence():
    checked = 0
    for sentence, said in islice(distinct(2), 100):
        for feature, wanted in CHANGES:
            (present,) = set(FEATURE_VALUES[feature]) - {wanted}
            for variant in variants(sentence, feature, wanted):
                back = [SAY["fr"](one) for one in variants(variant, feature, present)]
                assert said["fr"] in back
                checked += 1
    assert checked > 30


def test_what_a_sentence_says_of_time_and_number_is_not_contradicted():
    found = counterparts(25, ("en", "fr"), 1, 0, CHANGES)
    tense = [
        one for (feature, _), those in found.items() for one in those if feature.name == "tense"
    ]
    number = [
        one for (feature, _), those in found.items() for one in those if feature.name == "number"
    ]
    assert not any({"yesterday", "now", "ago"} & set(one.words) for one in tense)
    counted = {"a", "an", "every", "two", "three", "many", "several"}
    for one in number:
        before = one.words[min(one.places) - 1].lower() if min(one.places) else ""
        assert before not in counted, one


def test_sentences_that_a_model_was_trained_on_are_left_out():
    to_past = (ControlledFeature.tense, "Past")
    trained_on = {tuple(word.form for word in said["en"]) for _, said in islice(distinct(4), 50)}
    (found,) = counterparts(10, ("en", "fr"), 4, 50, [to_past]).values()
    assert len(found) == 10
    assert not any(one.words in trained_on for one in found)
