"""Greedy selection: at every step what trying each neuron with a plain Gaussian probe says."""

from __future__ import annotations

import math

import pytest
import torch

from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.gaussian import fit_gaussian
from onegrain.probing.groups import GroupMeans, group_means
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.ranking.gaussian import rank_by_gaussian, select_neurons
from onegrain.settings import Criterion

NEURONS, LABELS = 8, 3


def planted(words: int, seed: int) -> LabelledActivations:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(LABELS, (words,), generator=generator)
    mixing = torch.randn(NEURONS, NEURONS, generator=torch.Generator().manual_seed(9))
    values = torch.randn(words, NEURONS, generator=generator) @ mixing + 2
    values[:, 3] += 5 * (labels == 1)
    values[:, 6] += 4 * (labels == 2)
    values[:, 1] = values[:, 3] + 0.01 * torch.randn(words, generator=generator)  # a copy
    return LabelledActivations(InMemory(values), labels, torch.arange(words))


def means_of(train: LabelledActivations) -> GroupMeans:
    return group_means(train.activations, {"labels": train.labels})["labels"]


def value_of(
    train: LabelledActivations, dev: LabelledActivations, ids: list[int], criterion: Criterion
) -> float:
    """Return the value of some neurons by the probe that is fitted on them alone."""
    probe = fit_gaussian(train, LABELS, torch.tensor(ids))
    values = dev.activations.gather(torch.arange(len(dev)))[:, ids]
    joint = probe.log_joint(values, [len(ids)])[0]
    if criterion is Criterion.accuracy:
        return (joint.argmax(dim=1) == dev.labels).double().mean().item()
    own = joint.log_softmax(dim=1)[torch.arange(len(dev)), dev.labels]
    shares = torch.bincount(dev.labels).double() / len(dev)
    return (own.mean().item() - float((shares * shares.log()).sum())) / math.log(2)


@pytest.mark.parametrize("criterion", Criterion)
def test_every_step_takes_the_neuron_that_a_plain_probe_finds_best(criterion: Criterion) -> None:
    train, dev = planted(400, 0), planted(300, 1)
    found = select_neurons(train, dev, means_of(train), 5, criterion=criterion)
    selected: list[int] = []
    for neuron, value in zip(found.neurons.tolist(), found.values.tolist(), strict=True):
        tried = {
            other: value_of(train, dev, [*selected, other], criterion)
            for other in range(NEURONS)
            if other not in selected
        }
        assert value == pytest.approx(max(tried.values()), abs=1e-4)
        assert tried[neuron] == pytest.approx(max(tried.values()), abs=1e-4)
        selected.append(neuron)
    for neuron, value in enumerate(found.alone.tolist()):
        assert value == pytest.approx(value_of(train, dev, [neuron], criterion), abs=1e-4)


def test_a_copy_of_what_is_selected_is_not_selected_next() -> None:
    train, dev = planted(2000, 0), planted(2000, 1)
    found = select_neurons(train, dev, means_of(train), 2)
    alone = found.alone.argsort(descending=True)[:2]
    assert set(alone.tolist()) == {1, 3}
    assert set(found.neurons.tolist()) in ({1, 6}, {3, 6})


def test_scale_and_offset_of_a_neuron_do_not_matter() -> None:
    train, dev = planted(400, 0), planted(300, 1)
    before = select_neurons(train, dev, means_of(train), 5)
    factor, offset = torch.logspace(-3, 3, NEURONS), torch.linspace(-50, 50, NEURONS)
    for data in (train, dev):
        data.activations.values.mul_(factor).add_(offset * factor)
    after = select_neurons(train, dev, means_of(train), 5)
    assert torch.equal(before.neurons, after.neurons)
    torch.testing.assert_close(before.values, after.values, atol=1e-3, rtol=0)


def test_the_ranking_begins_with_the_selected_and_goes_on_with_what_neurons_are_worth_alone() -> (
    None
):
    train, dev = planted(400, 0), planted(300, 1)
    for data in (train, dev):
        data.activations.values[:, 5] = 0.3
    dev.labels[::7] = -1  # labels that training never showed
    layout = NeuronLayout((Block("encoder", 1, "", NEURONS),))
    means = means_of(train)
    found = select_neurons(train, dev, means, 3)
    ranking = rank_by_gaussian(train, dev, means, layout, neurons=3)
    assert ranking.order[:3].tolist() == found.neurons.tolist()
    rest = ranking.order[3:]
    assert (found.alone[rest].diff() <= 0).all()
    assert int(rest[-1]) == 5
    assert ranking.unranked == 5
    assert (ranking.scores[rest] == 0).all()
    torch.testing.assert_close(ranking.scores[found.neurons].cumsum(0), found.values)


def test_more_neurons_than_there_are_select_all_that_vary() -> None:
    train, dev = planted(100, 0), planted(100, 1)
    train.activations.values[:, 5] = 0.3
    found = select_neurons(train, dev, means_of(train), 50)
    assert sorted(found.neurons.tolist()) == [0, 1, 2, 3, 4, 6, 7]
    assert found.alone[5] == -torch.inf
