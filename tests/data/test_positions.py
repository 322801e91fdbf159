from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.positions import BEGINNING, END, MIDDLE, position_labels
from onegrain.settings import PositionScheme

MIRROR = {BEGINNING: END, MIDDLE: MIDDLE, END: BEGINNING}
THIRDS, ENDS = PositionScheme.thirds, PositionScheme.ends


@given(st.integers(0, 60), st.sampled_from(PositionScheme))
def test_every_word_has_a_place_in_order(length: int, scheme: PositionScheme) -> None:
    places = position_labels(length, scheme)
    assert len(places) == length
    order = [BEGINNING, MIDDLE, END]
    assert list(places) == sorted(places, key=order.index)


@given(st.integers(2, 60), st.sampled_from(PositionScheme))
def test_a_sentence_read_backwards_has_the_mirrored_labels(
    length: int, scheme: PositionScheme
) -> None:
    places = position_labels(length, scheme)
    assert tuple(MIRROR[place] for place in reversed(places)) == places


@given(st.integers(1, 40))
def test_thirds_are_equal_where_they_can_be(third: int) -> None:
    places = position_labels(3 * third, THIRDS)
    assert places == (BEGINNING,) * third + (MIDDLE,) * third + (END,) * third


@pytest.mark.parametrize(
    ("scheme", "length", "places"),
    [
        (THIRDS, 1, (MIDDLE,)),
        (THIRDS, 2, (BEGINNING, END)),
        (THIRDS, 4, (BEGINNING, MIDDLE, MIDDLE, END)),
        (ENDS, 1, (BEGINNING,)),
        (ENDS, 2, (BEGINNING, END)),
        (ENDS, 5, (BEGINNING, MIDDLE, MIDDLE, MIDDLE, END)),
    ],
)
def test_short_sentences(scheme: PositionScheme, length: int, places: tuple[str, ...]) -> None:
    assert position_labels(length, scheme) == places
