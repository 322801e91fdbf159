"""The Gaussian probe: what plain NumPy says of the formula, one label and one word at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from onegrain.probing.gaussian import fit_gaussian, prefix_accuracies
from onegrain.probing.labelled import InMemory, LabelledActivations

NEURONS, LABELS = 6, 3
Array = NDArray[np.float64]


def planted(words: int, seed: int = 0) -> LabelledActivations:
    """Words whose label moves some neurons, all of them correlated."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(LABELS, (words,), generator=generator)
    labels[:LABELS] = torch.arange(LABELS)
    mixing = torch.randn(NEURONS, NEURONS, generator=torch.Generator().manual_seed(9))
    values = torch.randn(words, NEURONS, generator=generator) @ mixing + 3
    values[:, 2] += 2 * labels
    values[:, 4] *= 1 + labels
    return LabelledActivations(InMemory(values), labels, torch.arange(words))


def plain_log_joint(
    train: LabelledActivations, tested: LabelledActivations, ids: list[int]
) -> Array:
    """Return log p(x, z) for every word and label, up to a constant of the word."""
    values, labels = numpy_of(train, ids)
    words, _ = numpy_of(tested, ids)
    size = len(ids)
    prior = np.diag(values.var(axis=0))
    columns = []
    for label in range(LABELS):
        own = values[labels == label]
        apart = own - own.mean(axis=0)
        covariance = (prior + apart.T @ apart) / ((size + 2) + len(own) + size + 2)
        deviation = words - own.mean(axis=0)
        distance = np.einsum("wi,ij,wj->w", deviation, np.linalg.inv(covariance), deviation)
        log_determinant = np.linalg.slogdet(covariance)[1]
        columns.append(math.log(len(own) / len(values)) - (distance + log_determinant) / 2)
    return np.stack(columns, axis=1)


def numpy_of(data: LabelledActivations, ids: list[int]) -> tuple[Array, NDArray[np.int64]]:
    values = torch.cat(list(data.activations.blocks(1000))).double().numpy()
    return values[:, ids], data.labels.numpy()


def without_constant(joint: Array) -> Array:
    return joint - joint.max(axis=1, keepdims=True)


@given(seed=st.integers(0, 2**31), words=st.integers(5, 60))
def test_the_probe_and_all_its_beginnings_are_the_formula(seed: int, words: int) -> None:
    train, tested = planted(words, seed), planted(20, seed + 1)
    order = torch.randperm(NEURONS, generator=torch.Generator().manual_seed(seed))
    probe = fit_gaussian(train, LABELS, order)
    values = tested.activations.gather(torch.arange(20))[:, order]
    found = probe.log_joint(values, [1, 3, NEURONS]).numpy()
    for size, joint in zip([1, 3, NEURONS], found, strict=True):
        expected = plain_log_joint(train, tested, order[:size].tolist())
        np.testing.assert_allclose(without_constant(joint), without_constant(expected), atol=1e-5)


def test_prefix_accuracies_are_those_of_probes_on_these_neurons_alone() -> None:
    train, tested = planted(300), planted(200, seed=1)
    order = torch.tensor([2, 0, 5, 4, 1, 3])
    found = prefix_accuracies(train, tested, LABELS, order, [1, 4, 6])
    for size, accuracy in zip([1, 4, 6], found, strict=True):
        joint = plain_log_joint(train, tested, order[:size].tolist())
        expected = (joint.argmax(axis=1) == tested.labels.numpy()).mean()
        assert accuracy == pytest.approx(expected)
    assert found[-1] > found[0] + 0.05


def test_constant_neurons_change_nothing() -> None:
    train, tested = planted(300), planted(200, seed=1)
    for data in (train, tested):
        data.activations.values[:, 0] = 0.1
    tested.activations.values[:, 0] = 7.0
    probe = fit_gaussian(train, LABELS, torch.tensor([0, 2, 4]))
    assert probe.neurons.tolist() == [2, 4]
    found = prefix_accuracies(train, tested, LABELS, torch.tensor([0, 2, 0, 4]), [1, 2, 4])
    most_frequent = int(torch.bincount(train.labels).argmax())
    assert found[0] == pytest.approx((tested.labels == most_frequent).float().mean().item())
    without = prefix_accuracies(train, tested, LABELS, torch.tensor([2, 4]), [1, 2])
    assert found[1:] == without


def test_a_label_that_training_never_showed_is_wrong() -> None:
    train, tested = planted(300), planted(200, seed=1)
    everyone = torch.arange(NEURONS)
    (before,) = prefix_accuracies(train, tested, LABELS, everyone, [NEURONS])
    tested.labels[:100] = -1
    (after,) = prefix_accuracies(train, tested, LABELS, everyone, [NEURONS])
    assert 0 < after <= 0.5
    assert after < before


def test_a_label_of_one_word_has_a_finite_density() -> None:
    train = planted(100)
    train.labels[train.labels == 2] = 0
    train.labels[7] = 2
    probe = fit_gaussian(train, LABELS, torch.arange(NEURONS))
    values = train.activations.gather(torch.arange(100))
    assert probe.log_joint(values, [NEURONS]).isfinite().all()
