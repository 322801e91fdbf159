"""Rankings from one model alone: numpy's variance, means and deviations."""

import numpy as np
import pytest
import torch

from onegrain.ranking import single_model
from onegrain.ranking.moments import Moments


@pytest.fixture
def values(instances):
    values = instances[0]
    values[:, 4] = 0.1  # constant
    values[:, 8] = 0.0  # dead
    return values


@pytest.fixture
def moments(values, record):
    return Moments.of(record(values))


def expect(ranking, method, scores, atol=1e-6):
    assert ranking.method == method
    np.testing.assert_allclose(ranking.scores.numpy(), scores, atol=atol)
    assert (ranking.scores[ranking.order].diff() <= 0).all()


def test_variance(values, moments, layout):
    ranking = single_model.rank_by_variance(moments, 0, layout)
    expect(ranking, "variance", values.double().numpy().var(axis=0), atol=1e-5)
    assert set(ranking.order[-2:].tolist()) == {4, 8}
    assert ranking.unranked == 2


def test_distance_from_the_mean_in_both_directions(values, moments, layout):
    means = values.double().numpy().mean(axis=0)
    distance = np.abs(means - means.mean())
    farthest = single_model.rank_by_distance_from_mean(moments, 0, layout)
    nearest = single_model.rank_by_distance_from_mean(moments, 0, layout, nearest_first=True)
    expect(farthest, "distance_from_mean", distance)
    expect(nearest, "distance_from_mean_nearest", -distance)
    assert farthest.order.tolist() == nearest.order.flip(0).tolist()
    assert farthest.unranked == nearest.unranked == 0


def test_absolute_mean(values, moments, layout):
    ranking = single_model.rank_by_absolute_mean(moments, 0, layout)
    expect(ranking, "absolute_mean", np.abs(values.double().numpy().mean(axis=0)))
    assert int(ranking.order[-1]) == 8
    assert ranking.unranked == 1


def test_absolute_deviation(values, moments, layout, record):
    recording = record(values)[0]
    ranking = single_model.rank_by_absolute_deviation(recording, moments.means[0], layout)
    reference = values.double().numpy()
    expected = np.abs(reference - reference.mean(axis=0)).mean(axis=0)
    expect(ranking, "absolute_deviation", expected)
    assert set(ranking.order[-2:].tolist()) == {4, 8}
    assert ranking.unranked == 2


def test_permuting_the_neurons_permutes_every_ranking(instances, record, layout):
    straight, flipped = instances[1], instances[1].flip(1)
    methods = [
        single_model.rank_by_variance,
        single_model.rank_by_distance_from_mean,
        single_model.rank_by_absolute_mean,
    ]
    for method in methods:
        before = method(Moments.of(record(straight)), 0, layout)
        after = method(Moments.of(record(flipped)), 0, layout)
        assert torch.equal(11 - after.order, before.order)
