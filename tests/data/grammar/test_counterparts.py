"""Sentences with one feature changed are the grammar's own, and differ where they should."""

from itertools import islice

import pytest

from onegrain.data.features import value_of
from onegrain.data.grammar.counterparts import counterparts
from onegrain.data.grammar.generator import SAY, distinct
from onegrain.data.grammar.variants import variants
from onegrain.settings import FEATURE_VALUES, ControlledFeature

CHANGES = [(feature, value) for feature, values in FEATURE_VALUES.items() for value in values]
SEED, SKIPPED, COUNT = 5, 20, 5


@pytest.fixture(scope="module")
def drawn():
    return list(islice(distinct(SEED), 200))


@pytest.fixture(scope="module")
def found():
    return counterparts(COUNT, ("en", "fr"), SEED, SKIPPED, CHANGES)


def test_every_change_is_found_and_shows_in_the_translation(found):
    assert {change: len(those) for change, those in found.items()} == dict.fromkeys(CHANGES, COUNT)
    for one in (one for those in found.values() for one in those):
        assert one.forms.present != one.forms.wanted
        assert one.forms.shown_in(one.forms.wanted)
        assert one.forms.not_yet_in(one.forms.present)


def test_an_article_that_only_agrees_does_not_show_the_number(found):
    shown = [one.forms for one in found[ControlledFeature.number, "Plur"]]
    words = {form.wanted[place].lower() for form in shown for place in form.wanted_places}
    assert words
    assert not {"le", "la", "les", "l'"} & words


def test_the_words_to_control_are_those_that_have_the_present_value(drawn, found):
    said = {tuple(word.form for word in words["en"]): words["en"] for _, words in drawn}
    for (feature, wanted), those in found.items():
        (present,) = set(FEATURE_VALUES[feature]) - {wanted}
        for one in those:
            values = [value_of(said[one.words][place].morph, feature.value) for place in one.places]
            assert values
            assert set(values) == {present}


def test_a_change_there_and_back_is_the_same_sentence(drawn):
    checked = 0
    for sentence, said in drawn[:80]:
        for feature, wanted in CHANGES:
            (present,) = set(FEATURE_VALUES[feature]) - {wanted}
            for variant in variants(sentence, feature, wanted):
                back = [SAY["fr"](one) for one in variants(variant, feature, present)]
                assert said["fr"] in back
                checked += 1
    assert checked > 30


def test_what_a_sentence_says_of_time_and_number_is_not_contradicted(found):
    timed = {"yesterday", "today", "now", "ago", "tomorrow"}
    counted = {"a", "an", "every", "two", "three", "many", "several"}
    for (feature, _), those in found.items():
        for one in those:
            if feature is ControlledFeature.tense:
                assert not timed & set(one.words)
            if feature is ControlledFeature.number and min(one.places):
                assert one.words[min(one.places) - 1].lower() not in counted


def test_sentences_that_a_model_was_trained_on_are_left_out(drawn, found):
    trained_on = {tuple(word.form for word in said["en"]) for _, said in drawn[:SKIPPED]}
    assert not any(one.words in trained_on for those in found.values() for one in those)
