"""From scores to an order: nothing is lost, and no order among equals is by id."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.neurons import Block, NeuronLayout
from onegrain.ranking.ordering import rank_by_scores

SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]), min_size=1, max_size=40)


def layout(neurons):
    return NeuronLayout((Block("encoder", 1, "", neurons),))


@given(SCORES, st.integers(0, 99))
def test_scores_fall_along_the_order_and_zeros_are_last_and_counted(scores, seed):
    ranking = rank_by_scores("m", torch.tensor(scores), layout(len(scores)), seed)
    assert ranking.scores[ranking.order].tolist() == sorted(scores, reverse=True)
    assert ranking.unranked == scores.count(0.0)


def test_neurons_without_a_score_come_after_those_of_negative_score():
    ranking = rank_by_scores("m", torch.tensor([0.0, -1.0, 2.0, -3.0]), layout(4))
    assert ranking.order.tolist() == [2, 1, 3, 0]


def test_equal_scores_are_in_a_seeded_random_order():
    scores = torch.cat([torch.ones(30), torch.zeros(30)])
    orders = [rank_by_scores("m", scores, layout(60), seed).order for seed in (1, 1, 2)]
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    for part in orders[0].split(30):
        assert part.tolist() != sorted(part.tolist())
