"""Agreement of rankings: set and rank arithmetic checked against other definitions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from onegrain.neurons import Block, NeuronLayout, Ranking
from onegrain.ranking.agreement import (
    agreement_table,
    average_overlap,
    consensus_table,
    neuron_vote,
    overlap,
    spearman,
)

ORDERS = st.permutations(range(20))


def ranking(order, unranked=0):
    layout = NeuronLayout((Block("lm", 1, "", len(order)),))
    return Ranking("m", torch.tensor(order), torch.zeros(len(order)), layout, unranked=unranked)


@given(ORDERS, ORDERS)
def test_spearman_is_scipys(one, other):
    ranks = [torch.tensor(order).argsort().numpy() for order in (one, other)]
    expected = spearmanr(*ranks).statistic
    assert spearman(ranking(one), ranking(other)) == pytest.approx(expected)


@given(ORDERS, ORDERS, st.integers(0, 20), st.integers(0, 20))
def test_spearman_takes_unranked_neurons_for_ties(one, other, tied, others_tied):
    def ranks(order, unranked):
        return [min(order.index(neuron), 20 - unranked) for neuron in range(20)]

    found = spearman(ranking(one, tied), ranking(other, others_tied))
    if 20 in (tied, others_tied):
        assert found == 0
    else:
        expected = spearmanr(ranks(one, tied), ranks(other, others_tied)).statistic
        assert found == pytest.approx(expected)


@given(ORDERS, ORDERS, st.integers(1, 20))
def test_overlap_is_symmetric_and_complete_for_all_neurons(one, other, top):
    one, other = ranking(one), ranking(other)
    assert overlap(one, other, top) == overlap(other, one, top)
    assert overlap(one, one, top) == overlap(one, other, 20) == 1


@given(st.lists(ORDERS, min_size=2, max_size=4), st.integers(1, 20), st.integers(1, 30))
def test_neuron_vote_is_that_of_a_plain_count(orders, top, voted):
    first, *others = orders
    points = dict.fromkeys(range(20), 0)
    for order in others:
        for place, neuron in enumerate(order[:voted]):
            points[neuron] += min(voted, 20) - place
    lowest = sorted(points.values(), reverse=True)[top - 1]
    sure = {neuron for neuron, count in points.items() if count > lowest}
    possible = {neuron for neuron, count in points.items() if count >= max(lowest, 1)}
    found = neuron_vote(ranking(first), [ranking(order) for order in others], top, voted)
    mine = set(first[:top])
    elected = min(top, len(possible))
    least = max(len(mine & sure), len(mine & possible) - (len(possible) - elected))
    most = len(mine & sure) + min(len(mine & (possible - sure)), elected - len(sure))
    shares = [shared / (top + elected - shared) for shared in (least, most)]
    assert shares[0] - 1e-9 <= found <= shares[1] + 1e-9


def test_average_overlap_is_the_mean_jaccard_index():
    one = ranking([0, 1, 2, 3, 4, 5])
    others = [ranking([0, 1, 5, 4, 3, 2]), ranking([5, 4, 3, 2, 1, 0])]
    assert average_overlap(one, others, top=2) == pytest.approx((1 + 0) / 2)
    assert average_overlap(one, others, top=3) == pytest.approx((2 / 4 + 0) / 2)


def test_the_table_has_a_row_for_every_two_rankings_and_top():
    rankings = {
        "a": ranking([0, 1, 2, 3]),
        "b": ranking([0, 2, 1, 3]),
        "c": ranking([3, 2, 1, 0]),
    }
    table = agreement_table(rankings, (n for n in [1, 2]))
    assert list(zip(table["one"], table["other"], table["top"], strict=True)) == [
        ("a", "b", 1), ("a", "b", 2), ("a", "c", 1), ("a", "c", 2), ("b", "c", 1), ("b", "c", 2),
    ]  # fmt: skip
    assert table["overlap"].tolist() == [1, 0.5, 0, 0, 0, 0.5]
    assert table["jaccard"].tolist() == pytest.approx([1, 1 / 3, 0, 0, 0, 1 / 3])
    assert table["chance"].tolist() == [0.25, 0.5] * 3
    assert table["spearman"].tolist() == pytest.approx([0.8, 0.8, -1, -1, -0.8, -0.8])


def test_the_consensus_table_judges_each_by_the_others():
    rankings = {
        "a": ranking([0, 1, 2, 3]),
        "b": ranking([0, 1, 3, 2]),
        "odd": ranking([3, 2, 1, 0]),
    }
    table = consensus_table(rankings, [2], voted=2).set_index("ranking")
    assert table["average_overlap"].to_dict() == {"a": 0.5, "b": 0.5, "odd": 0.0}
    assert table["neuron_vote"]["odd"] == 0.0


@pytest.mark.parametrize("top", [0, 5])
def test_a_top_that_does_not_exist_is_refused(top):
    with pytest.raises(ValueError, match=f"the top {top} of 4 neurons"):
        overlap(ranking([0, 1, 2, 3]), ranking([0, 1, 2, 3]), top)


def test_rankings_of_different_models_are_refused():
    with pytest.raises(ValueError, match="rankings of 4 and 2 neurons"):
        agreement_table({"a": ranking([0, 1, 2, 3]), "b": ranking([0, 1])}, [1])
