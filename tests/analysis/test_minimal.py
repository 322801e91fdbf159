"""The fewest neurons that do as well as all, where it is known how many are needed."""

import pytest
import torch

from onegrain.analysis.minimal import minimal_set
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.settings import Penalty

NEURONS = 200


def planted(needed):
    """Words whose label is their highest of the first ``needed`` neurons, and their probe."""
    values = torch.randn(3000, NEURONS, generator=torch.Generator().manual_seed(needed))
    sides = values[:, :needed]
    labels = sides.argmax(dim=1) if needed > 1 else (sides[:, 0] > 0).long()
    data = LabelledActivations(InMemory(values), labels, torch.arange(3000) // 10)
    weight = torch.zeros(max(needed, 2), NEURONS)
    weight[range(needed), range(needed)] = 1.0 if needed > 1 else -1.0

    def refit(allowed):
        size = len(allowed)
        grid = LambdaGrid(torch.zeros(size), torch.zeros(size), Penalty.squared)
        none = dict.fromkeys(("objective", "residual", "train_accuracy"), torch.zeros(size))
        names = tuple(map(str, range(len(weight))))
        bias = torch.zeros(size, len(weight))
        return Probe(grid, names, weight * allowed[:, None], bias, tolerance=1.0, **none)

    return data, refit


@pytest.mark.parametrize("needed", [1, 3, 50])
def test_exactly_the_neurons_that_decide_are_found(needed):
    data, refit = planted(needed)
    chance = torch.Generator().manual_seed(0)
    first = torch.randperm(needed, generator=chance)
    order = torch.cat([first, needed + torch.randperm(NEURONS - needed, generator=chance)])
    found = minimal_set(refit, order, data, data, oracle=1.0, delta=0.001)
    assert sorted(found.neurons.tolist()) == list(range(needed))
    assert found.reached
    assert found.dev == found.test == 1.0
    assert found.tried["neurons"].is_monotonic_increasing
    below = found.tried[found.tried["neurons"] == needed - 1]
    assert needed - 1 == 0 or ((below["dev"] < found.target).all() and len(below) == 1)


def test_where_no_beginning_will_do_all_are_returned_and_it_is_said():
    data, refit = planted(3)
    found = minimal_set(refit, torch.arange(NEURONS).flip(0)[:100], data, data, oracle=1.0)
    assert len(found.neurons) == 100
    assert not found.reached
