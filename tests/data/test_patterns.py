from __future__ import annotations

import pytest

from onegrain.data.patterns import named_pattern, pattern_labels


def test_the_first_pattern_that_the_whole_word_matches_counts() -> None:
    labels = pattern_labels([r"year=[12]\d{3}", r"number=\d+", "capital=[A-Z].*"])
    words = ("1999", "19990", "A1999", "x1999", "")
    assert labels(words) == ("year", "number", "capital", "other", "other")


def test_a_pattern_may_hold_equal_signs() -> None:
    assert pattern_labels(["sign=(?=.)=+"])(("==", "a")) == ("sign", "other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bad=[", r"not a regular expression \(unterminated character set"),
        ("big=a{99999999999999999999}", r"not a regular expression \("),
        (r"\d+", r"expected label=pattern, such as year=\\d\{4\}"),
        ("=a", "expected label=pattern"),
        ("a=", "expected label=pattern"),
        ("other=a", "'other' is the label of words that match none"),
    ],
)
def test_a_bad_pattern_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        named_pattern(text)
