"""Refits on some neurons: many at once are what each is alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from onegrain.probing import mask_batches
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.objective import penalty, residual, whole_loss
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import prefix_masks, refit_probe
from onegrain.settings import Penalty

LABELS = ("A", "B", "C")
NEURONS = 12
ALONE = {"tolerance": 3e-4, "epochs": 200, "accelerator": "cpu"}
EXACT = {"tolerance": 1e-4, "passes": 300, "accelerator": "cpu"}
CENTERING = torch.eye(3) - 1 / 3  # without lambdas, softmax does not care what labels share


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
    return fit_probe(data, LABELS, LambdaGrid.product([1.0, 1e-2], [1e-3]), **ALONE)


def columns(data, mask):
    return LabelledActivations(
        InMemory(data.activations.values[:, mask].contiguous()), data.labels, data.sentences
    )


def guessed(lambda1, lambda2, kind=Penalty.squared, neurons=NEURONS):
    """A probe that is no optimum: it decides the penalties of refits, and only where they start."""
    generator = torch.Generator().manual_seed(5)
    return Probe(
        grid=LambdaGrid.product([lambda1], [lambda2], kind),
        labels=LABELS,
        weight=0.3 * torch.randn(1, 3, neurons, generator=generator),
        bias=torch.zeros(1, 3),
        objective=torch.zeros(1),
        residual=torch.ones(1),
        train_accuracy=torch.zeros(1),
        tolerance=1e-3,
    )


@pytest.mark.parametrize(
    ("lambda1", "lambda2", "kind"),
    [
        (1e-2, 1e-3, Penalty.squared),
        (0.0, 0.0, Penalty.squared),
        (1e-2, 1e-2, Penalty.neurox),
        (0.0, 3e-2, Penalty.neurox),
    ],
)
def test_refits_in_one_batch_are_those_that_are_fitted_alone(data, masks, lambda1, lambda2, kind):
    together = refit_probe(data, guessed(lambda1, lambda2, kind), 0, masks, **EXACT)
    assert bool(together.converged.all())
    grid = LambdaGrid.product([lambda1], [lambda2], kind)
    for point, mask in list(enumerate(masks))[1:]:
        alone = fit_probe(columns(data, mask), LABELS, grid, **ALONE)
        assert bool(alone.converged.all())
        torch.testing.assert_close(together.objective[point], alone.objective[0], rtol=1e-5, atol=0)
        torch.testing.assert_close(
            together.weight[point][:, mask].T @ CENTERING,
            alone.weight[0].T @ CENTERING,
            rtol=0,
            atol=2e-2,
        )


def test_a_refit_is_scikit_learns_elastic_net_on_the_columns_of_its_mask(data, masks):
    lambda1, lambda2 = 1e-2, 5e-3
    ours = refit_probe(data, guessed(lambda1, lambda2), 0, masks, **EXACT)
    strength = lambda1 + 2 * lambda2
    for point, mask in enumerate(masks):
        model = LogisticRegression(
            solver="saga",
            C=1 / (240 * strength),
            l1_ratio=lambda1 / strength,
            tol=1e-7,
            max_iter=20_000,
        ).fit(data.activations.values[:, mask].double().numpy(), data.labels.numpy())
        theirs = torch.from_numpy(model.coef_).float()
        torch.testing.assert_close(ours.weight[point][:, mask], theirs, rtol=0, atol=1e-3)
        assert torch.equal(ours.weight[point][:, mask] == 0, theirs.abs() < 1e-5)


@settings(max_examples=15, deadline=None)
@given(
    lambda1=st.sampled_from([0.0, 1e-3, 1e-1]),
    lambda2=st.sampled_from([1e-3, 1e-2, 0.3]),
    kind=st.sampled_from(Penalty),
    seed=st.integers(0, 99),
)
def test_every_refit_is_an_optimum_whatever_the_mask(data, lambda1, lambda2, kind, seed):
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(3, 1, generator=generator)
    allowed = torch.rand(3, NEURONS, generator=generator) < share
    refitted = refit_probe(data, guessed(lambda1, lambda2, kind), 0, allowed, **EXACT)
    some = (allowed.any(dim=1) & ~allowed.all(dim=1)).nonzero()[:, 0]
    assert bool(refitted.converged[some].all())
    assert bool((refitted.weight.transpose(1, 2)[some][~allowed[some]] == 0).all())
    loss = whole_loss(refitted.weight, refitted.bias, data, torch.float32)
    left = residual(refitted.weight, loss.weight_gradient, loss.bias_gradient, refitted.grid)
    assert bool((left[some] < 3e-4).all())


def test_where_the_unsquared_norm_wants_no_weight_there_is_exactly_none(data, masks):
    refitted = refit_probe(data, guessed(0.0, 10.0, Penalty.neurox), 0, masks, **EXACT)
    assert bool((refitted.weight == 0).all())
    assert bool(refitted.converged.all())


def test_one_neuron_alone_is_fitted(data):
    single = torch.eye(NEURONS, dtype=torch.bool)
    refitted = refit_probe(data, guessed(0.0, 1e-3), 0, single, **EXACT)
    assert bool(refitted.converged.all())
    grid = LambdaGrid.product([0.0], [1e-3])
    alone = fit_probe(columns(data, single[4]), LABELS, grid, **ALONE)
    torch.testing.assert_close(refitted.objective[4], alone.objective[0], rtol=1e-5, atol=0)


def test_labels_that_no_bounded_weights_tell_best_are_marked(data):
    labels = (data.activations.values[:, 3] > 0).long()
    separable = LabelledActivations(data.activations, labels, data.sentences)
    mask = torch.arange(NEURONS)[None] < 6
    refitted = refit_probe(
        separable, guessed(0.0, 0.0), 0, mask, tolerance=1e-6, passes=5, accelerator="cpu"
    )
    assert not refitted.converged.any()
    assert bool(refitted.weight.isfinite().all())
    assert float(refitted.train_accuracy) > 0.9


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
    torch.testing.assert_close(both.bias[1].softmax(dim=0), counts / 240)
    loss = whole_loss(both.weight, both.bias, data, torch.float32)
    torch.testing.assert_close(both.objective[1], loss.cross_entropy[1])
    assert float(both.train_accuracy[1]) == pytest.approx(float(counts.max()) / 240)


def test_how_masks_are_parted_into_batches_moves_no_optimum(data, masks, probe, monkeypatch):
    together = refit_probe(data, probe, 1, masks, **EXACT)
    monkeypatch.setattr(mask_batches, "OPENING_COST", 0.0)
    assert len(mask_batches.mask_batches(masks, 240, 3)) > 1
    parted = refit_probe(data, probe, 1, masks, **EXACT)
    torch.testing.assert_close(parted.objective, together.objective, rtol=1e-5, atol=0)


@pytest.mark.parametrize("lambda1", [0.0, 1e-2])
def test_constant_and_silent_neurons_have_no_weight(data, lambda1):
    values = torch.cat([data.activations.values, torch.full((240, 1), 7.1)], dim=1)
    values[:, 0] = 0.0
    part = LabelledActivations(InMemory(values), data.labels, data.sentences)
    mask = torch.ones(2, NEURONS + 1, dtype=torch.bool)
    mask[0, 1] = False
    mask[1, 1:NEURONS] = False  # nothing else is allowed
    probe = guessed(lambda1, 1e-3, neurons=NEURONS + 1)
    refitted = refit_probe(part, probe, 0, mask, **EXACT)
    assert bool(refitted.converged.all())
    assert bool((refitted.weight[:, :, [0, NEURONS]] == 0).all())
    assert bool((refitted.weight[0, :, 2:NEURONS] != 0).any())


def test_refits_in_bf16_reach_the_objective_of_fp32(data, masks, probe):
    exact = refit_probe(data, probe, 1, masks, **EXACT)
    options = {**EXACT, "tolerance": 1e-3, "dtype": torch.bfloat16}
    rounded = refit_probe(data, probe, 1, masks, **options)
    loss = whole_loss(rounded.weight, rounded.bias, data, torch.float32)
    measured = loss.cross_entropy + penalty(rounded.weight, rounded.grid)
    torch.testing.assert_close(measured, exact.objective, rtol=2e-3, atol=0)


def test_a_bound_on_passes_ends_the_refits_and_marks_them(data, masks, probe):
    early = refit_probe(data, probe, 1, masks, tolerance=1e-6, passes=3, accelerator="cpu")
    assert not early.converged.any()
    loss = whole_loss(early.weight, early.bias, data, torch.float32)
    measured = loss.cross_entropy + penalty(early.weight, early.grid)
    torch.testing.assert_close(early.objective, measured, rtol=1e-5, atol=0)


def test_mapped_activations_give_the_refits_that_held_ones_give(data, masks, probe):
    held, mapped = (
        refit_probe(data, probe, 1, masks, **EXACT, memory_gigabytes=size) for size in (6.0, 0.0)
    )
    torch.testing.assert_close(held.weight, mapped.weight)


def test_a_first_fit_refuses_masks(data, masks):
    grid = LambdaGrid.product([0.0], [0.0]).restricted(masks)
    with pytest.raises(ValueError, match="refit_probe takes masks"):
        fit_probe(data, LABELS, grid)


def test_a_masked_probe_is_read_back_as_it_was_saved(data, masks, probe, tmp_path):
    probe = refit_probe(data, probe, 1, masks, **EXACT | {"passes": 3})
    probe.save(tmp_path / "probe.safetensors")
    again = Probe.load(tmp_path / "probe.safetensors")
    assert torch.equal(again.grid.allowed, masks)
    assert torch.equal(again.weight, probe.weight)


def test_only_one_point_can_be_restricted(masks):
    with pytest.raises(ValueError, match="one point"):
        LambdaGrid.product([0.0, 1.0], [0.0]).restricted(masks)
