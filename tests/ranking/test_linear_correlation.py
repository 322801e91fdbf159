"""The ordering of Algorithm 1: exact, complete, and the peer's chunk by chunk."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.neurons import Block, NeuronLayout
from onegrain.ranking.linear_correlation import rank_by_weights, salient_neurons, stepped_chunks

PEER = Path(__file__).resolve().parents[2] / ".." / "shared" / "peers" / "neurox_cases.json"


def layout(neurons):
    return NeuronLayout((Block("encoder", 1, "", neurons),))


def peer_cases(function):
    if not PEER.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{PEER} is not there"))]
    cases = [case for case in json.loads(PEER.read_text()) if case["function"].endswith(function)]
    return [pytest.param(case, id=case["name"]) for case in cases]


def stepped_by_the_book(weights, steps):
    """Algorithm 1 as a plain loop over shares and labels (inclusive)."""
    ordering, chunks = set(), []
    for step in range(1, steps + 1):
        chosen = set()
        for row in weights.abs().double():
            total, so_far = row.sum(), 0.0
            for value, neuron in zip(*row.sort(descending=True, stable=True), strict=True):
                if value == 0 or so_far / total >= step / steps:
                    break
                chosen.add(int(neuron))
                so_far += value
        if step == steps:
            chosen = set(range(weights.shape[1]))
        if chosen - ordering:
            chunks.append(chosen - ordering)
        ordering |= chosen
    return chunks


@st.composite
def weight_matrices(draw):
    labels, neurons = draw(st.integers(1, 5)), draw(st.integers(1, 40))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    weights = torch.randn(labels, neurons, generator=generator) ** draw(st.sampled_from([1, 3]))
    sparsity = draw(st.sampled_from([0.0, 0.5, 0.95, 1.0]))
    return weights * (torch.rand(labels, neurons, generator=generator) >= sparsity)


@given(weight_matrices())
def test_every_neuron_is_ranked_once_and_zero_neurons_last(weights):
    ranking = rank_by_weights(
        weights, list(map(str, range(len(weights)))), layout(weights.shape[1])
    )
    used = (weights != 0).any(dim=0)
    assert sorted(ranking.order.tolist()) == list(range(weights.shape[1]))
    assert used[ranking.order].tolist() == sorted(used.tolist(), reverse=True)
    assert ranking.unranked == int((~used).sum())


@given(weight_matrices())
def test_scores_fall_along_the_order(weights):
    ranking = rank_by_weights(
        weights, list(map(str, range(len(weights)))), layout(weights.shape[1])
    )
    assert (ranking.scores[ranking.order].diff() <= 0).all()


@given(weight_matrices(), st.sampled_from([3, 10, 100]))
def test_the_stepped_algorithm_gives_the_chunks_of_a_plain_loop(weights, steps):
    chunks = [set(chunk.tolist()) for chunk in stepped_chunks(weights, 1 / steps)]
    assert chunks == stepped_by_the_book(weights, steps)


@given(weight_matrices())
def test_the_exact_order_refines_every_stepped_order(weights):
    order = rank_by_weights(
        weights, list(map(str, range(len(weights)))), layout(weights.shape[1])
    ).order
    start = 0
    for chunk in stepped_chunks(weights, 0.1):
        assert set(order[start : start + len(chunk)].tolist()) == set(chunk.tolist())
        start += len(chunk)


@given(weight_matrices(), st.integers(0, 1000))
def test_permuting_the_neurons_permutes_the_scores(weights, seed):
    names = list(map(str, range(len(weights))))
    permutation = torch.randperm(weights.shape[1], generator=torch.Generator().manual_seed(seed))
    scores = rank_by_weights(weights, names, layout(weights.shape[1])).scores
    permuted = rank_by_weights(weights[:, permutation], names, layout(weights.shape[1])).scores
    torch.testing.assert_close(permuted, scores[permutation])


@given(weight_matrices(), st.floats(0.01, 0.99))
def test_salient_neurons_are_the_fewest_that_hold_the_share(weights, share):
    for row, salient in zip(weights, salient_neurons(weights, share), strict=True):
        sizes = row.abs().double()
        if sizes.sum() == 0:
            assert len(salient) == 0
            continue
        held = sizes[salient].sum() / sizes.sum()
        assert held >= share - 1e-9
        assert held - sizes[salient[-1]] / sizes.sum() < share + 1e-9


def test_a_label_without_weights_contributes_nothing():
    weights = torch.tensor([[0.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert rank_by_weights(weights, ["a", "b"], layout(4)).order[:2].tolist() == [2, 3]


def test_neurons_without_weight_are_in_a_seeded_random_order_not_by_id():
    weights = torch.zeros(2, 50)
    weights[0, 7] = 1.0
    orders = [rank_by_weights(weights, ["a", "b"], layout(50), seed).order for seed in (1, 1, 2)]
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    assert orders[0][1:].tolist() != sorted(orders[0][1:].tolist())


def test_a_label_order_is_by_its_own_weights():
    weights = torch.tensor([[1.0, -5.0, 2.0], [9.0, 1.0, 0.0]])
    by_label = rank_by_weights(weights, ["a", "b"], layout(3)).by_label
    assert {label: order.tolist() for label, order in by_label.items()} == {
        "a": [1, 2, 0],
        "b": [0, 1, 2],
    }


def test_the_strict_variant_leaves_out_the_neuron_that_crosses_the_share():
    weights = torch.tensor([[6.0, 3.0, 1.0]])
    inclusive = [chunk.tolist() for chunk in stepped_chunks(weights, 0.5)]
    strict = [chunk.tolist() for chunk in stepped_chunks(weights, 0.5, inclusive=False)]
    assert inclusive == [[0], [1, 2]]
    assert strict == [[0, 1, 2]]


@pytest.mark.parametrize("case", peer_cases("linear_probe.get_neuron_ordering"))
def test_chunks_are_those_of_neurox(case):
    weights = torch.tensor(case["input"]["weights"])
    chunks = stepped_chunks(weights, 1 / case["input"]["search_stride"])
    assert [sorted(chunk.tolist()) for chunk in chunks] == case["expected"]["chunks_sorted"]


@pytest.mark.parametrize("case", peer_cases("get_top_neurons"))
def test_salient_neurons_are_those_of_neurox(case):
    weights = torch.tensor(case["input"]["weights"], dtype=torch.float32)
    salient = salient_neurons(weights, case["input"]["percentage"])
    expected = list(case["expected"]["per_class"].values())
    assert [set(ids.tolist()) for ids in salient] == [set(ids) for ids in expected]
