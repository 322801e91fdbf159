"""Properties planted in known neurons are found in exactly those, by one task and by several."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.analysis.tasks import task_sets
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.ranking.linear_correlation import rank_by_weights

NEURONS, WORDS = 120, 6000
LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=NEURONS // 4)


@pytest.fixture(scope="module")
def values() -> Float[Tensor, "words neurons"]:
    return torch.randn(WORDS, NEURONS, generator=torch.Generator().manual_seed(0))


def fitted(
    values: Float[Tensor, "words neurons"], planted: Int[Tensor, " planted"], lambda1: float
) -> Probe:
    """A probe of two labels: whether the planted neurons are together above or below zero."""
    labels = (values[:, planted].sum(dim=1) > 0).long()
    data = LabelledActivations(InMemory(values), labels, torch.arange(WORDS) // 10)
    grid = LambdaGrid.product([lambda1], [1e-4])
    return fit_probe(data, ["below", "above"], grid, epochs=60, tolerance=1e-3)


def ranked(probe: Probe) -> Ranking:
    return rank_by_weights(probe.weight[0], probe.labels, LAYOUT)


def planted_in(count: int, seed: int = 1) -> Int[Tensor, " planted"]:
    return torch.randperm(NEURONS, generator=torch.Generator().manual_seed(seed))[:count]


@pytest.mark.parametrize(("count", "lambda1"), [(1, 0.02), (3, 0.02), (50, 0.015)])
def test_a_property_of_known_neurons_is_found_in_exactly_those(values, count, lambda1):
    planted = planted_in(count)
    probe = fitted(values, planted, lambda1)
    used = probe.weight[0].abs().sum(dim=0).nonzero()[:, 0]
    assert set(used.tolist()) == set(planted.tolist())
    ranking = ranked(probe)
    assert set(ranking.order[:count].tolist()) == set(planted.tolist())
    assert ranking.unranked == NEURONS - count


def test_tasks_share_exactly_the_neurons_that_were_planted_in_both(values):
    drawn = planted_in(5)
    planted = {"one": drawn[:3], "other": drawn[2:]}
    rankings = {name: ranked(fitted(values, ids, 0.02)) for name, ids in planted.items()}
    sets = task_sets(rankings, top=10)
    found = {name: set(ids.tolist()) for name, ids in sets.items()}
    assert found == {name: set(ids.tolist()) for name, ids in planted.items()}
    assert found["one"] & found["other"] == {int(drawn[2])}
