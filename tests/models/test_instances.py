import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.models.instances import instance_order, instance_part
from onegrain.settings import LstmModel


def numbered(size):
    rows = tuple((str(number),) for number in range(size))
    return Corpus("en", rows, translation=Corpus("fr", rows))


@given(st.integers(1, 60), st.integers(1, 5), st.integers(0, 9))
def test_parts_are_equal_disjoint_in_order_and_still_aligned(size, count, seed):
    if size < count:
        return
    parts = [instance_part(numbered(size), index, count, seed) for index in range(count)]
    assert {len(part) for part in parts} == {size // count}
    numbers = [[int(words[0]) for words in part.sentences] for part in parts]
    assert len({number for part in numbers for number in part}) == size // count * count
    assert all(part == sorted(part) for part in numbers)
    assert all(part.translation.sentences == part.sentences for part in parts)


def test_parts_are_drawn_by_seed():
    corpus = numbered(60)
    assert instance_part(corpus, 0, 3, 1).sentences == instance_part(corpus, 0, 3, 1).sentences
    assert instance_part(corpus, 0, 3, 1).sentences != instance_part(corpus, 0, 3, 2).sentences


def test_too_few_sentences_are_named():
    with pytest.raises(UserError, match=r"model\.instances=3: only 2"):
        instance_part(numbered(2), 0, 3, 1)


@given(st.integers(1, 9), st.data())
def test_all_instances_have_their_turn_and_that_which_is_analysed_the_first(count, data):
    chosen = data.draw(st.integers(1, count))
    order = instance_order(LstmModel(instances=count, instance=chosen))
    assert order[0] == chosen
    assert sorted(order) == list(range(1, count + 1))


def test_nobody_waits_for_instances_that_nothing_compares():
    assert instance_order(LstmModel(instances=3, instance=2), compared=False) == [2]
