"""Neurons that tell two values apart, beside scikit-learn's normals and plain NumPy."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from sklearn.naive_bayes import GaussianNB

from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.labelled import InMemory
from onegrain.ranking.two_values import (
    rank_by_explained_variance,
    rank_by_gaussian_f1,
    value_moments,
)

NEURONS, PLANTED, CONSTANT = 9, 4, 7
LAYOUT = NeuronLayout((Block("lm", 1, "", NEURONS),))


@pytest.fixture
def labelled():
    generator = torch.Generator().manual_seed(1)
    values = torch.randint(-1, 2, (300,), generator=generator)
    states = torch.randn(300, NEURONS, generator=generator) + 3
    states[:, PLANTED] += 2.0 * values
    states[values == 1, 2] = 2 * states[values == 1, 2] - 3  # another spread, the same mean
    states[:, CONSTANT] = 0.1
    return states, values


def test_moments_are_those_of_the_words_of_each_value(labelled):
    states, values = labelled
    found = value_moments(InMemory(states), values, block_words=64)
    for value in (0, 1):
        rows = states[values == value].double().numpy()
        np.testing.assert_allclose(found.means[value], rows.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(found.variances[value], rows.var(axis=0), atol=1e-9)
    both = states[values >= 0].double().numpy()
    np.testing.assert_allclose(found.variance, both.var(axis=0), atol=1e-9)
    assert found.variance[CONSTANT] == 0


def test_explained_variance_is_the_squared_correlation_with_the_value(labelled):
    states, values = labelled
    ranking = rank_by_explained_variance(value_moments(InMemory(states), values), LAYOUT)
    kept = values >= 0
    for neuron in set(range(NEURONS)) - {CONSTANT}:
        pair = np.corrcoef(states[kept, neuron].double(), values[kept])
        np.testing.assert_allclose(ranking.scores[neuron], pair[0, 1] ** 2, atol=1e-6)
    assert ranking.order[0] == PLANTED
    assert ranking.order[-1] == CONSTANT


def test_the_f1_is_that_of_scikit_learns_normals(labelled):
    states, values = labelled
    source = InMemory(states)
    ranking = rank_by_gaussian_f1(
        source, values, value_moments(source, values), LAYOUT, block_words=70
    )
    kept = values >= 0
    for neuron in set(range(NEURONS)) - {CONSTANT}:
        column = states[kept, neuron : neuron + 1].double().numpy()
        said = GaussianNB(var_smoothing=0).fit(column, values[kept]).predict(column)
        expected = f1_score(values[kept], said, average="macro")
        np.testing.assert_allclose(ranking.scores[neuron], expected, atol=1e-6)
    assert ranking.order[0] == PLANTED
    assert ranking.order[-1] == CONSTANT


def test_a_value_without_words_is_refused(labelled):
    states, _ = labelled
    with pytest.raises(ValueError, match="two values need words"):
        value_moments(InMemory(states), torch.zeros(300, dtype=torch.long))
