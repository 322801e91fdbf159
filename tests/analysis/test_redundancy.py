"""Disjoint sets of neurons that each do as well as all, where it is known how many there are."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onegrain.analysis.minimal import minimal_set
from onegrain.analysis.redundancy import disjoint_sets
from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import refit_probe
from onegrain.probing.scoring import score
from onegrain.ranking.linear_correlation import rank_by_weights

LAMBDA = 1e-3


class Planted:
    """Two labels that the sum of some neurons tells, and copies of these neurons among noise.

    Args:
        telling: Neurons whose sum is the label's.
        neurons: How many there are.
        copies: Further neurons, each list a copy of the telling ones but for a little noise.
        words: In each split.
    """

    def __init__(self, telling, neurons, copies=(), words=600):
        generator = torch.Generator().manual_seed(0)
        values = torch.randn(3 * words, neurons, generator=generator)
        for copy in copies:
            noise = 0.05 * torch.randn(3 * words, len(telling), generator=generator)
            values[:, copy] = values[:, telling] + noise
        labels = (values[:, telling].sum(dim=1) > 0).long()
        self.train, self.dev, self.test = (
            LabelledActivations(InMemory(part), gold, torch.arange(words))
            for part, gold in zip(values.split(words), labels.split(words), strict=True)
        )
        self.layout = NeuronLayout((Block("planted", 1, "", neurons),))
        self.probe = self.start(neurons)

    def start(self, neurons):
        """A probe that knows nothing; only its penalties matter."""
        number = torch.zeros(1)
        weight, bias = torch.zeros(1, 2, neurons), torch.zeros(1, 2)
        grid = LambdaGrid.product([LAMBDA], [1e-4])
        return Probe(grid, ("A", "B"), weight, bias, number, number, number, 1e-3)

    def refit(self, allowed):
        return refit_probe(self.train, self.probe, 0, allowed, accelerator="cpu")

    def sets(self, most, delta=0.05):
        neurons = self.layout.size
        almost = torch.ones(1, neurons, dtype=torch.bool)
        almost[0, -1] = False  # all but a neuron of noise stand for all
        whole = self.refit(almost)
        search = partial(
            minimal_set,
            self.refit,
            dev=self.dev,
            test=self.test,
            oracle=float(score(whole, self.dev).accuracy),
            delta=delta,
        )
        first = search(rank_by_weights(whole.weight[0], whole.labels, self.layout).order)
        return disjoint_sets(self.refit, search, first, self.layout, self.dev, most)


def test_planted_copies_are_found_as_sets_and_no_more():
    found = Planted([3], 12, copies=[[6], [9]]).sets(most=6)
    assert sorted(each.neurons.tolist() for each in found) == [[3], [6], [9]]
    assert all(each.reached for each in found)


def test_sets_of_several_neurons_are_disjoint_and_each_reaches_the_first_ones_target():
    found = Planted([3, 7], 14, copies=[[10, 11]]).sets(most=6)
    together = torch.cat([each.neurons for each in found])
    assert sorted(together.tolist()) == [3, 7, 10, 11]
    assert len({each.target for each in found}) == 1
    assert min(each.dev for each in found) >= found[0].target


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_sets_are_looked_for_than_wanted(most):
    assert len(Planted([3], 12, copies=[[6], [9]]).sets(most)) == most


def test_what_frequencies_do_is_one_empty_set():
    (only,) = Planted([3], 12).sets(most=4, delta=0.9)
    assert len(only.neurons) == 0


def test_a_set_that_misses_the_target_after_all_is_none():
    problem = Planted([3], 12, copies=[[6], [9]])
    (first,) = problem.sets(most=1)
    missed = replace(first, neurons=torch.tensor([6]), dev=first.target - 0.01)
    found = disjoint_sets(
        problem.refit, lambda order: missed, first, problem.layout, problem.dev, most=4
    )
    assert found == (first,)


def test_it_stops_where_neurons_run_out():
    found = Planted([0], 3, copies=[[1], [2]]).sets(most=6)
    assert sorted(neuron for each in found for neuron in each.neurons.tolist()) == [0, 1, 2]


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 999), delta=st.sampled_from([0.02, 0.1, 0.3]))
def test_no_two_sets_overlap(seed, delta):
    generator = torch.Generator().manual_seed(seed)
    count = int(torch.randint(1, 3, (), generator=generator))
    telling, copy = torch.randperm(9, generator=generator)[: 2 * count].view(2, -1).tolist()
    found = Planted(telling, 10, [copy], words=300).sets(most=5, delta=delta)
    together = torch.cat([each.neurons for each in found]).tolist()
    assert len(set(together)) == len(together)
    assert all(each.reached for each in found[1:])
