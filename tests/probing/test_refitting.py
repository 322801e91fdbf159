"""Refits on some neurons: many at once are what each is alone."""

from itertools import chain

import pytest
import torch

from onegrain.probing import refitting
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.objective import penalty, residual, whole_loss
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import prefix_masks, projected, refit_probe
from onegrain.settings import Penalty

LABELS = ("A", "B", "C")
NEURONS = 12
EXACT = {"tolerance": 3e-4, "epochs": 150, "accelerator": "cpu"}


@pytest.fixture(scope="module")
def data():
    """240 words, correlated neurons away from zero, all of which matter a little."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(240, NEURONS, generator=generator)
    values = values @ torch.randn(NEURONS, NEURONS, generator=generator)
    values = values / values.std(dim=0) + torch.linspace(-2, 2, NEURONS)
    truth = torch.randn(3, NEURONS, generator=generator)
    noisy = (values - values.mean(dim=0)) @ truth.T + torch.randn(240, 3, generator=generator)
    return LabelledActivations(InMemory(values), noisy.argmax(dim=1), torch.arange(240) // 10)


@pytest.fixture(scope="module")
def masks():
    """Prefixes of one order, and masks that have nothing to do with each other."""
    order = torch.randperm(NEURONS, generator=torch.Generator().manual_seed(1))
    scattered = torch.rand(1, NEURONS, generator=torch.Generator().manual_seed(2)) < 0.5
    return torch.cat([prefix_masks(order, [2, 7], NEURONS), scattered])


@pytest.fixture(scope="module")
def probe(data):
    """A grid whose second point is fitted again."""
    return fitted(data)


def columns(data, mask):
    return LabelledActivations(
        InMemory(data.activations.values[:, mask].contiguous()), data.labels, data.sentences
    )


def fitted(data, lambda1=1e-2, lambda2=1e-3, kind=Penalty.squared):
    grid = LambdaGrid.product([1.0, lambda1], [lambda2], kind)  # the point is not the first
    return fit_probe(data, LABELS, grid, **EXACT)


@pytest.mark.parametrize(
    ("lambda1", "lambda2", "kind"),
    [
        (1e-2, 1e-3, Penalty.squared),
        (5e-2, 0.0, Penalty.squared),
        (1e-2, 1e-2, Penalty.neurox),
    ],
)
def test_refits_in_one_batch_have_the_objective_and_support_of_each_fitted_alone(
    data, masks, lambda1, lambda2, kind
):
    together = refit_probe(data, fitted(data, lambda1, lambda2, kind), 1, masks, **EXACT)
    grid = LambdaGrid.product([lambda1], [lambda2], kind)
    for point, mask in enumerate(masks):
        alone = fit_probe(columns(data, mask), LABELS, grid, **EXACT)
        torch.testing.assert_close(together.objective[point], alone.objective[0], rtol=3e-4, atol=0)
        torch.testing.assert_close(
            together.weight[point][:, mask], alone.weight[0], rtol=0, atol=5e-2
        )


def test_weights_outside_a_mask_are_exactly_zero_and_what_is_reported_is_true(data, masks, probe):
    probe = refit_probe(data, probe, 1, masks, **EXACT)
    assert bool((probe.weight.transpose(1, 2)[~masks] == 0).all())
    assert bool((probe.weight.transpose(1, 2)[masks] != 0).any())
    assert bool(probe.converged.all())
    loss = whole_loss(probe.weight, probe.bias, data, torch.float32)
    measured = loss.cross_entropy + penalty(probe.weight, probe.grid)
    torch.testing.assert_close(probe.objective, measured, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(probe.train_accuracy, loss.accuracy)


def test_the_residual_leaves_out_what_a_mask_does_not_allow(data, masks):
    grid = LambdaGrid.product([0.0], [0.0]).restricted(masks[:1])
    gradient = torch.zeros(1, 3, NEURONS)
    gradient[:, :, ~masks[0]] = 5.0
    assert float(residual(torch.zeros(1, 3, NEURONS), gradient, torch.zeros(1, 3), grid)) == 0
    gradient[:, 0, int(masks[0].nonzero()[0])] = 2.0
    assert float(residual(torch.zeros(1, 3, NEURONS), gradient, torch.zeros(1, 3), grid)) == 2


def test_all_neurons_are_the_probe_and_none_are_the_labels_frequencies(data, probe):
    ends = torch.tensor([[True] * NEURONS, [False] * NEURONS])
    both = refit_probe(data, probe, 1, ends, **EXACT)
    assert torch.equal(both.weight[0], probe.weight[1])
    assert torch.equal(both.objective[:1], probe.objective[1:])
    counts = torch.bincount(data.labels).float()
    torch.testing.assert_close(both.bias[1].softmax(dim=0), counts / 240, rtol=0, atol=5e-3)
    loss = whole_loss(both.weight, both.bias, data, torch.float32)
    torch.testing.assert_close(both.objective[1], loss.cross_entropy[1])
    assert float(both.train_accuracy[1]) == pytest.approx(float(counts.max()) / 240)


def test_how_masks_are_parted_into_batches_moves_no_optimum(data, masks, probe, monkeypatch):
    together = refit_probe(data, probe, 1, masks, **EXACT)
    monkeypatch.setattr(refitting, "OPENING_COST", 0.0)
    assert len(refitting._batches(masks, 240, 3)) > 1
    parted = refit_probe(data, probe, 1, masks, **EXACT)
    torch.testing.assert_close(parted.objective, together.objective, rtol=3e-4, atol=0)


def test_batches_hold_every_mask_once_and_share_neurons_where_data_is_large(monkeypatch):
    order = torch.arange(100)
    ends = [prefix_masks(each, [10, 50, 90], 100) for each in (order, order.flip(0))]
    masks = torch.cat([*ends, torch.ones(1, 100, dtype=torch.bool)])
    assert sorted(chain.from_iterable(refitting._batches(masks, 10, 2))) == [0, 1, 2, 3, 4, 5]
    assert len(refitting._batches(masks, 10, 2)) == 1
    large = refitting._batches(masks, 10**8, 40)
    assert sorted(map(len, large)) == [1] * 6
    monkeypatch.setattr(refitting, "MEMORY_BYTES", 2 * 4 * 10 * 2)
    assert max(map(len, refitting._batches(masks, 10, 2))) == 2


def test_a_start_changes_the_time_and_not_the_optimum(data, masks, probe):
    grid = probe.grid.select(torch.tensor([1])).restricted(masks)
    cold = fit_probe(data, LABELS, grid, **EXACT)
    far = (5 * torch.ones(3, 3, NEURONS) * masks[:, None], torch.zeros(3, 3))
    for start in ((cold.weight, cold.bias), far):
        warm = fit_probe(data, LABELS, grid, start=start, **EXACT)
        torch.testing.assert_close(warm.objective, cold.objective, rtol=3e-4, atol=0)
    quick = {**EXACT, "epochs": 8}
    near = fit_probe(data, LABELS, grid, start=(cold.weight, cold.bias), **quick)
    assert bool(near.converged.all())
    assert not fit_probe(data, LABELS, grid, **quick).converged.any()


def test_the_start_of_a_refit_predicts_the_logits_of_the_whole_probe(data, masks, probe):
    weight, bias = projected(probe.weight[1], probe.bias[1], data, masks)
    values = data.activations.values
    whole = values @ probe.weight[1].T + probe.bias[1]
    for mask, start, offset in zip(masks, weight, bias, strict=True):
        assert bool((start[:, ~mask] == 0).all())
        predictors = torch.cat([values[:, mask], torch.ones(len(values), 1)], dim=1)
        best = predictors @ torch.linalg.lstsq(predictors, whole).solution
        torch.testing.assert_close(values @ start.T + offset, best, rtol=0, atol=0.05)


def test_constant_and_silent_neurons_have_no_weight(data):
    values = torch.cat([data.activations.values, torch.full((240, 1), 7.0)], dim=1)
    values[:, 0] = 0.0
    part = LabelledActivations(InMemory(values), data.labels, data.sentences)
    probe = fit_probe(part, LABELS, LambdaGrid.product([1e-2], [1e-3]), **EXACT)
    mask = torch.ones(1, NEURONS + 1, dtype=torch.bool)
    mask[0, 1] = False
    refitted = refit_probe(part, probe, 0, mask, **EXACT)
    assert bool(refitted.weight.isfinite().all())
    assert bool((refitted.weight[:, :, [0, 1, NEURONS]] == 0).all())


def test_refits_in_bf16_reach_the_objective_of_fp32(data, masks, probe):
    exact = refit_probe(data, probe, 1, masks, **EXACT)
    options = {**EXACT, "tolerance": 1e-3, "dtype": torch.bfloat16}
    rounded = refit_probe(data, probe, 1, masks, **options)
    loss = whole_loss(rounded.weight, rounded.bias, data, torch.float32)
    measured = loss.cross_entropy + penalty(rounded.weight, rounded.grid)
    torch.testing.assert_close(measured, exact.objective, rtol=2e-3, atol=0)


def test_a_masked_probe_is_read_back_as_it_was_saved(data, masks, probe, tmp_path):
    probe = refit_probe(data, probe, 1, masks, **EXACT | {"epochs": 3})
    probe.save(tmp_path / "probe.safetensors")
    again = Probe.load(tmp_path / "probe.safetensors")
    assert torch.equal(again.grid.allowed, masks)
    assert torch.equal(again.weight, probe.weight)


def test_only_one_point_can_be_restricted(masks):
    with pytest.raises(ValueError, match="one point"):
        LambdaGrid.product([0.0, 1.0], [0.0]).restricted(masks)
