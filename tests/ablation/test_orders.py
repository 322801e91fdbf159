"""Orders in which neurons go."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.ablation.orders import ends_of, shuffles_of

IDS = st.lists(st.integers(0, 50), min_size=1, max_size=20, unique=True)


@given(ids=IDS, randoms=st.integers(0, 3), seed=st.integers(0, 100))
def test_every_order_has_each_neuron_once(ids, randoms, seed):
    top, bottom = ends_of(torch.tensor(ids), seed)
    others = shuffles_of(torch.tensor(ids), randoms, seed)
    assert (top.name, top.neurons.tolist()) == ("top", ids)
    assert (bottom.name, bottom.neurons.tolist()) == ("bottom", ids[::-1])
    assert [(each.name, each.seed) for each in others] == [
        ("random", seed + number) for number in range(randoms)
    ]
    assert all(sorted(each.neurons.tolist()) == sorted(ids) for each in others)


@given(ids=IDS, shuffled=st.randoms(use_true_random=False))
def test_random_orders_do_not_depend_on_the_ranking(ids, shuffled):
    others = list(ids)
    shuffled.shuffle(others)
    one, other = (shuffles_of(torch.tensor(order), 2, seed=3) for order in (ids, others))
    for first, second in zip(one, other, strict=True):
        assert torch.equal(first.neurons, second.neurons)


def test_each_random_order_is_another():
    orders = shuffles_of(torch.arange(30), 5, seed=0)
    assert len({tuple(order.neurons.tolist()) for order in orders}) == 5
