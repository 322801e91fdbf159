"""The end of a fit on all words: it reaches what mini-batches do not, and touches nothing else."""

from dataclasses import replace

import pytest
import torch

from onegrain.probing import fitting
from onegrain.probing.finishing import finished
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.objective import penalty, residual, whole_loss
from onegrain.settings import Penalty

LABELS = "ABCDEFGH"
LAMBDAS = LambdaGrid.product([1e-4, 3e-2], [1e-4])


@pytest.fixture(scope="module")
def words():
    """Few words that correlated neurons away from zero all but tell apart."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.eye(40) + torch.randn(40, 40, generator=generator) / 8
    values = 6 * torch.randn(1500, 40, generator=generator) @ mixed
    truth = torch.randn(len(LABELS), 40, generator=generator)
    noisy = values @ truth.T / 6 + 2 * torch.randn(1500, len(LABELS), generator=generator)
    values = values / 6 + torch.linspace(-1, 1, 40)
    return LabelledActivations(InMemory(values), noisy.argmax(dim=1), torch.arange(1500) // 10)


@pytest.fixture(scope="module")
def near(words):
    """As mini-batches leave it: of two points the one with weak penalties is not done."""
    probe = fit_probe(words, LABELS, LAMBDAS, tolerance=1e-4, epochs=40)
    assert probe.converged.tolist() == [False, True]
    return probe


def finish(probe, words, passes=300, memory_gigabytes=6.0):
    return finished(probe, words, passes, memory_gigabytes, "cpu")


def test_a_point_that_was_not_done_is_and_the_others_stay_bit_for_bit(words, near):
    end = finish(near, words)
    assert end.converged.tolist() == [True, True]
    assert float(end.objective[0]) < float(near.objective[0])
    for name in ("weight", "bias", "objective", "residual", "train_accuracy", "epochs"):
        assert torch.equal(getattr(end, name)[1], getattr(near, name)[1])


def test_what_is_reported_is_what_the_weights_have_on_words_as_they_are(words, near):
    end = finish(near, words).select(torch.tensor([0]))
    loss = whole_loss(end.weight, end.bias, words, torch.float32)
    objective = loss.cross_entropy + penalty(end.weight, end.grid)
    torch.testing.assert_close(end.objective, objective, rtol=1e-5, atol=0)
    torch.testing.assert_close(end.train_accuracy, loss.accuracy, rtol=0, atol=1e-3)
    centered = words.centered(words.mean())
    at = whole_loss(end.weight, end.bias + end.weight @ words.mean(), centered, torch.float32)
    left = residual(end.weight, at.weight_gradient, at.bias_gradient, end.grid)
    shares = torch.bincount(words.labels, minlength=len(LABELS)) / len(words)
    zero = whole_loss(torch.zeros_like(end.weight), shares.log()[None], centered, torch.float32)
    free = LambdaGrid.product([0.0], [0.0])
    whole = residual(0 * end.weight, zero.weight_gradient, zero.bias_gradient, free)
    torch.testing.assert_close(end.residual, left / whole, rtol=0.1, atol=0)


@pytest.mark.parametrize("kind", Penalty)
def test_a_fit_ends_at_the_optimum_wherever_mini_batches_stop(words, kind, monkeypatch):
    grid = LambdaGrid.product([1e-4], [1e-4], kind)
    options = {"tolerance": 1e-4, "dtype": torch.bfloat16}
    ends = []
    for epochs in (3, 20):
        monkeypatch.setattr("onegrain.probing.fitting.STEPPED_EPOCHS_OF_LITTLE", epochs)
        ends.append(fit_probe(words, LABELS, grid, **options))
    one, other = ends
    assert bool(one.converged.all())
    assert bool(other.converged.all())
    torch.testing.assert_close(one.objective, other.objective, rtol=1e-4, atol=0)
    assert float(((one.weight != 0) == (other.weight != 0)).float().mean()) > 0.95


def test_passes_are_counted_and_bounded(words, near):
    end = finish(near, words, passes=5)
    assert end.epochs.tolist() == [45, near.epochs[1]]
    assert not bool(end.converged[0])
    few = fit_probe(words, LABELS, LAMBDAS, tolerance=1e-9, epochs=100)
    assert few.epochs.tolist() == [100, 100]


@pytest.mark.parametrize("passes", [3, 10, 21])
def test_no_more_passes_are_taken_than_asked_for_also_where_shorter_steps_are_tried(
    passes, monkeypatch
):
    """Without penalties separable words have no optimum, and late steps do not descend."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(60, 40, generator=generator)
    data = LabelledActivations(InMemory(values), torch.arange(60) % 4, torch.arange(60))
    free = LambdaGrid.product([0.0], [0.0])
    monkeypatch.setattr(fitting, "STEPPED_EPOCHS", 40)
    probe = fit_probe(data, "ABCD", free, tolerance=1e-12, epochs=40 + passes)
    assert probe.epochs.tolist() == [40 + passes]


def test_where_zero_weights_are_the_optimum_of_the_unsquared_norm_they_are_found(words):
    grid = LambdaGrid.product([0.0], [5.0], Penalty.neurox)
    probe = fit_probe(words, LABELS, grid)
    assert bool(probe.converged.all())
    assert int(probe.nonzero) == 0
    shares = torch.bincount(words.labels, minlength=len(LABELS)) / len(words)
    torch.testing.assert_close(probe.bias[0].softmax(dim=0), shares, rtol=0, atol=1e-3)


def test_it_starts_where_mini_batches_ended(words, near):
    end = finish(near, words, passes=1)  # which measures, and takes no step
    assert torch.equal(end.weight, near.weight)
    torch.testing.assert_close(end.bias, near.bias, rtol=0, atol=1e-5)
    torch.testing.assert_close(end.objective, near.objective, rtol=1e-5, atol=0)


def test_no_passes_leave_the_probe_as_it_is(words, near):
    assert finish(near, words, passes=0) is near


def test_a_point_that_a_search_gave_up_stays_given_up(words, near):
    given_up = replace(near, fitted=torch.tensor([False, True]))
    assert finish(given_up, words) is given_up


def test_activations_that_memory_does_not_hold_give_the_same_probe(words, near):
    held, mapped = finish(near, words), finish(near, words, memory_gigabytes=0.0)
    torch.testing.assert_close(mapped.weight, held.weight, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("lambda1", "labels", "epochs", "little", "stepped"),
    [
        ([1e-4], 8, 100, 0, 20),
        ([1e-4], 8, 80, 0, 20),
        ([1e-4], 8, 79, 0, 79),  # so few passes would not come as near
        ([1e-4, 1e-3], 8, 100, 0, 80),  # passes would take them one after the other
        ([1e-4], 819, 100, 0, 20),
        ([1e-4], 820, 100, 0, 80),  # 40 neurons: 32,800 weights
        ([1e-4], 8, 100, 1, 5),
        ([1e-4], 8, 80, 1, 5),
        ([1e-4], 8, 79, 1, 79),
        ([1e-4, 1e-3], 8, 100, 1, 80),
        ([1e-4], 820, 100, 1, 80),
    ],
)
def test_few_weights_are_stepped_on_mini_batches_for_a_shorter_time(
    words, near, monkeypatch, lambda1, labels, epochs, little, stepped
):
    monkeypatch.setattr(fitting, "LITTLE", len(words) * 40 * labels + little)
    asked = []

    def steps(fit, *_):
        asked.append(fit.epochs)
        return near

    def ends(probe, _, passes, *__):
        asked.append(passes)
        return probe

    monkeypatch.setattr(fitting, "_fitted", steps)
    monkeypatch.setattr(fitting, "finished", ends)
    grid = LambdaGrid.product(lambda1, [1e-4])
    fit_probe(words, list(map(str, range(labels))), grid, epochs=epochs)
    assert asked == [stepped, epochs - stepped]
