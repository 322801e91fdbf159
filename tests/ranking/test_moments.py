"""Second moments: numpy's, whatever the blocks, the offsets and the number format."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.errors import UserError
from onegrain.probing.labelled import InMemory
from onegrain.ranking.moments import Moments, every_pair


def random_values(words, neurons, seed, offset=0.0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(words, neurons, generator=generator)
    values[:, 1:] += values[:, :1]  # neurons with something in common
    return scale * values + offset


def close(actual, expected, tolerance=2e-6):
    assert np.abs(actual.numpy() - expected).max() <= tolerance


def test_correlations_are_those_of_numpy(instances, record):
    moments = Moments.of(record(*instances), every_pair(3, within=True))
    joined = np.concatenate([values.double().numpy() for values in instances], axis=1)
    expected = np.corrcoef(joined, rowvar=False)
    for one in range(3):
        for other in range(3):
            part = expected[12 * one : 12 * one + 12, 12 * other : 12 * other + 12]
            close(moments.correlation(one, other), part)


def test_means_variances_and_covariances_are_those_of_numpy(instances, record):
    moments = Moments.of(record(*instances), every_pair(3, within=True))
    values = instances[1].double().numpy()
    close(moments.means[1], values.mean(axis=0))
    close(moments.variances[1], values.var(axis=0), 2e-5)
    close(moments.covariance(1, 1), np.cov(values, rowvar=False, bias=True), 2e-5)


@given(
    words=st.integers(2, 3000),
    block_words=st.integers(1, 1500),
    offset=st.sampled_from([0.0, -3.0, 1e4]),
    scale=st.sampled_from([1e-3, 1.0, 30.0]),
    seed=st.integers(0, 2**31),
)
def test_neither_the_size_of_blocks_nor_large_means_matter(words, block_words, offset, scale, seed):
    one = random_values(words, 4, seed, offset, scale if offset < 1e4 else 1.0)
    other = torch.cat([one[:, :2], random_values(words, 1, seed + 1)], dim=1)
    block_words = max(block_words, words // 50)
    moments = Moments.of([InMemory(one), InMemory(other)], block_words=block_words)
    joined = np.concatenate([one.double().numpy(), other.double().numpy()], axis=1)
    close(moments.correlation(0, 1), np.corrcoef(joined, rowvar=False)[:4, 4:], 1e-5)


def test_a_first_block_unlike_the_rest_does_no_harm():
    values = random_values(20_000, 3, seed=1, offset=1e3)
    values[:64] *= -1
    moments = Moments.of([InMemory(values)], every_pair(1, within=True), block_words=64)
    close(moments.correlation(0, 0), np.corrcoef(values.double().numpy(), rowvar=False))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_number_format_on_disk_is_read(dtype):
    values = random_values(300, 4, seed=3).to(dtype)
    moments = Moments.of([InMemory(values)], every_pair(1, within=True))
    close(moments.correlation(0, 0), np.corrcoef(values.double().numpy(), rowvar=False))


@pytest.mark.parametrize("constant", [0.0, 0.1, -1.0, 12345.678])
@pytest.mark.parametrize("words", [3, 1000, 5000])
def test_constant_neurons_have_variance_and_correlation_0(constant, words):
    values = random_values(words, 3, seed=2)
    values[:, 1] = constant
    moments = Moments.of([InMemory(values), InMemory(values)])
    correlation = moments.correlation(0, 1)
    assert moments.variances[0][1] == 0
    assert correlation[1].tolist() == correlation[:, 1].tolist() == [0.0] * 3
    assert correlation.isfinite().all()


def test_models_may_differ_in_width_and_a_pair_be_asked_for_either_way_round():
    one, other = random_values(100, 5, 1), random_values(100, 3, 2)
    moments = Moments.of([InMemory(one), InMemory(other)], [(1, 0)])
    assert moments.covariance(0, 1).shape == (5, 3)
    assert torch.equal(moments.covariance(1, 0), moments.covariance(0, 1).T)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("word", [0, 77, 4999])
def test_values_that_are_no_numbers_are_refused_with_model_and_neuron(wrong, word):
    one, other = random_values(5000, 4, 1), random_values(5000, 4, 2)
    other[word, 3] = wrong
    with pytest.raises(UserError, match="instance 2: neuron 3 is not a number or infinite"):
        Moments.of([InMemory(one), InMemory(other)])


def test_recordings_of_different_texts_are_refused():
    with pytest.raises(ValueError, match=r"same words.*\[3, 4\]"):
        Moments.of([InMemory(torch.zeros(3, 2)), InMemory(torch.zeros(4, 2))])


def test_no_words_are_refused():
    with pytest.raises(UserError, match="without words"):
        Moments.of([InMemory(torch.zeros(0, 2))])


def test_one_instance_alone_cannot_be_compared():
    with pytest.raises(UserError, match=r"model\.instances=1: .* needs 2 or more"):
        Moments.of([InMemory(torch.zeros(3, 2))]).others(0)
