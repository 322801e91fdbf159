from hypothesis import assume, given
from hypothesis import strategies as st

from onegrain.data.wanted_forms import WantedForms

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=7).map(tuple)


def words(text):
    return tuple(text.split())


def forms(present, wanted):
    return WantedForms.of(words(present), words(wanted))


def test_all_that_agrees_with_a_noun_must_take_the_wanted_form():
    number = forms("le chien dort ici .", "les chiens dorment ici .")
    assert number.shown_in(words("les chiens dorment là ."))
    assert not number.shown_in(words("les chiens dort ici ."))
    assert number.not_yet_in(number.present)


def test_some_of_the_words_can_be_enough():
    number = forms("le chien dort ici .", "les chiens dorment ici .")
    noun = number.only(lambda place: place == 1, lambda place: place == 1)
    assert noun.shown_in(words("le chiens dort ici ."))
    assert not noun.shown_in(words("les chien dorment ici ."))
    assert number.only(lambda _: False, lambda _: False) == number


def test_a_word_that_only_falls_away_is_seen():
    participle = forms("elle est allée", "elle est")
    assert participle.shown_in(("elle", "est"))
    assert not participle.shown_in(("elle", "est", "allée"))
    assert participle.not_yet_in(("elle", "est", "allée"))


def test_the_rest_may_not_lose_or_gain_a_word():
    tense = forms("il voit la mer .", "il a vu la mer .")
    assert tense.keeps_the_rest(words("il a la mer ."))
    assert not tense.keeps_the_rest(words("il a vu souvent la mer ."))
    assert not tense.keeps_the_rest(words("il a vu la mer bleue ."))


def test_marks_of_patterns_are_only_words():
    tense = forms("il voit ( la .* mer ?", "il voyait ( la .* mer ?")
    assert tense.keeps_the_rest(tense.wanted)
    assert not tense.keeps_the_rest(words("il voyait ( la mer mer ?"))


@given(TEXTS, TEXTS)
def test_both_translations_keep_the_rest_and_only_the_wanted_one_shows_it(present, wanted):
    assume(present != wanted)
    found = WantedForms.of(present, wanted)
    assert found.keeps_the_rest(present)
    assert found.keeps_the_rest(wanted)
    assert found.shown_in(wanted)
    assert not found.shown_in(present)
    assert found.not_yet_in(present)
    assert not found.not_yet_in(wanted)
