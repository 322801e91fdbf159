from hypothesis import assume, given
from hypothesis import strategies as st

from onegrain.ablation.wanted_forms import keeps_the_rest, shows

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=7)


def words(text):
    return text.split()


def test_a_noun_with_all_that_agrees_with_it_must_take_the_wanted_form():
    present, wanted = words("le chien dort ici ."), words("les chiens dorment ici .")
    assert shows(wanted, wanted, present)
    assert shows(words("les chiens dorment là ."), wanted, present)
    assert not shows(words("les chiens dort ici ."), wanted, present)
    assert not shows(present, wanted, present)


def test_a_word_that_only_falls_away_is_seen():
    present, wanted = words("elle est allée"), words("elle est")
    assert shows(words("elle est"), wanted, present)
    assert not shows(words("elle est allée"), wanted, present)


def test_the_rest_may_not_lose_or_gain_a_word():
    present, wanted = words("il voit la mer ."), words("il a vu la mer .")
    assert keeps_the_rest(words("il a la mer ."), wanted, present)
    assert not keeps_the_rest(words("il a vu souvent la mer ."), wanted, present)
    assert not keeps_the_rest(words("il a vu la mer bleue ."), wanted, present)


def test_marks_of_patterns_are_only_words():
    present, wanted = words("il voit ( la .* mer ?"), words("il voyait ( la .* mer ?")
    assert keeps_the_rest(wanted, wanted, present)
    assert not keeps_the_rest(words("il voyait ( la mer mer ?"), wanted, present)


@given(TEXTS, TEXTS)
def test_both_translations_keep_the_rest_and_only_the_wanted_one_shows_it(present, wanted):
    assume(present != wanted)
    assert keeps_the_rest(present, wanted, present)
    assert keeps_the_rest(wanted, wanted, present)
    assert shows(wanted, wanted, present)
    assert not shows(present, wanted, present)
