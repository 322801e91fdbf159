from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from onegrain.data.control import control_labels
from onegrain.data.corpus import NO_LABEL

LABELS = [("NOUN",) * 50 + ("VERB",) * 30 + ("DET",) * 15 + ("X",) * 5]
TYPES = tuple(f"word{number}" for number in range(20_000))
WORD = st.text(max_size=6)


def drawn(words: tuple[str, ...], seed: int = 1) -> tuple[str, ...]:
    return control_labels(LABELS, seed)(words, ("NOUN",) * len(words))


def test_types_have_the_labels_in_the_shares_that_the_words_of_the_task_have() -> None:
    counts = Counter(drawn(TYPES))
    found = [counts[name] for name in ("NOUN", "VERB", "DET", "X")]
    assert sum(found) == len(TYPES)
    assert chisquare(found, [10_000, 6_000, 3_000, 1_000]).pvalue > 0.01


@given(st.lists(WORD, min_size=1), st.lists(WORD), st.integers(0, 2**32 - 1))
def test_a_type_has_one_label_wherever_it_stands(
    words: list[str], others: list[str], seed: int
) -> None:
    alone = drawn(tuple(words), seed)
    among = drawn((*others, *words), seed)
    assert among[len(others) :] == alone
    assert len(set(zip(words, alone, strict=True))) == len(set(words))


def test_the_labels_of_a_sentence_do_not_matter() -> None:
    control = control_labels(LABELS, 1)
    assert control(TYPES[:2], ("DET", "NEW")) == control(TYPES[:2], ("NOUN", "NOUN"))


def test_another_seed_is_another_task() -> None:
    one, other = drawn(TYPES, seed=1), drawn(TYPES, seed=2)
    assert drawn(TYPES, seed=1) == one
    same = sum(a == b for a, b in zip(one, other, strict=True)) / len(TYPES)
    assert same == pytest.approx(0.5**2 + 0.3**2 + 0.15**2 + 0.05**2, abs=0.02)


def test_case_makes_types_unless_the_model_ignores_it() -> None:
    words = tuple(word.upper() for word in TYPES)
    own = ("NOUN",) * len(TYPES)
    ignoring = control_labels(LABELS, 1, lowercase=True)
    assert ignoring(words, own) == ignoring(TYPES, own)
    assert drawn(words) != drawn(TYPES)


def test_words_without_a_label_get_none_and_do_not_count() -> None:
    control = control_labels([("DET", NO_LABEL, NO_LABEL)], 1)
    assert control(("a", "b", "c"), ("DET", NO_LABEL, "DET")) == ("DET", NO_LABEL, "DET")


def test_without_any_label_there_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="at least one word"):
        control_labels([(NO_LABEL,)], 1)
