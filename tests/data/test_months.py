from __future__ import annotations

import pytest

from onegrain.data.corpus import NO_LABEL
from onegrain.data.months import AMBIGUOUS, MONTHS, month_labels
from onegrain.errors import UserError
from onegrain.settings import Ambiguous

BY_CASE, MONTH, DROP = Ambiguous.by_case, Ambiguous.month, Ambiguous.drop


def labels(text: str, language: str = "en", ambiguous: Ambiguous = BY_CASE) -> tuple[str, ...]:
    return month_labels(language, ambiguous)(tuple(text.split()))


@pytest.mark.parametrize("language", MONTHS)
def test_each_language_has_twelve_and_knows_which_are_ambiguous(language: str) -> None:
    names = MONTHS[language].split()
    assert len(set(names)) == 12
    assert AMBIGUOUS[language] <= set(names)
    in_sentence = tuple(f"x {' '.join(names)}".split())
    each = month_labels(language, each=True)(in_sentence)
    assert each == ("other", *(name.lower() for name in names))


def test_a_name_that_means_nothing_else_is_a_month_in_any_case() -> None:
    assert labels("JULY july Jul. July") == ("month", "month", "other", "month")
    assert labels("Avril en avril", "fr") == ("month", "other", "month")
    assert labels("august MAI", "de") == ("month", "month")


def test_an_ambiguous_name_goes_by_its_case() -> None:
    assert labels("We may march in May") == ("other", "other", "other", "other", "month")
    assert labels("an august day in August")[1::3] == ("other", "month")
    assert labels("la planète Mars en mars", "fr") == (*["other"] * 4, "month")


def test_a_capital_at_the_beginning_of_a_sentence_says_nothing() -> None:
    assert labels("May we ?") == (NO_LABEL, "other", "other")
    assert labels("Mars est loin", "fr")[0] == NO_LABEL


def test_an_ambiguous_name_is_always_a_month_or_never_labelled_on_request() -> None:
    assert labels("may I in May", ambiguous=MONTH) == ("month", "other", "other", "month")
    assert labels("may I in May", ambiguous=DROP) == (NO_LABEL, "other", "other", NO_LABEL)
    assert labels("in june", ambiguous=DROP)[1] == "month"


def test_another_language_is_referred_to_word_lists() -> None:
    with pytest.raises(UserError, match=r"en, fr, de, not of 'it'; task=vocabulary"):
        labels("a gennaio", "it")
