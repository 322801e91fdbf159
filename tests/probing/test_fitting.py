"""The elastic-net probe against scikit-learn, and what it promises by itself."""

from dataclasses import replace

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from onegrain.probing import elastic_net, fitting
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.objective import penalty, residual, whole_loss
from onegrain.probing.probe import Probe
from onegrain.settings import Penalty

LABELS = ("A", "B", "C")


@pytest.fixture(scope="module")
def problem():
    """600 words, 12 correlated neurons away from zero, of which 4 matter to 3 labels."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(600, 12, generator=generator) @ torch.randn(12, 12, generator=generator)
    values = values / values.std(dim=0) + torch.linspace(-2, 2, 12)
    truth = torch.zeros(3, 12)
    truth[:, :4] = torch.randn(3, 4, generator=generator)
    noisy = (values - values.mean(dim=0)) @ truth.T + torch.randn(600, 3, generator=generator)
    return LabelledActivations(InMemory(values), noisy.argmax(dim=1), torch.arange(600) // 10)


@pytest.fixture(autouse=True)
def only_mini_batches(monkeypatch):
    """So that nothing is mended by the passes over all words that end a fit (test_finishing)."""
    monkeypatch.setattr(fitting, "finished", lambda probe, *_: probe)
    monkeypatch.setattr(fitting, "STEPPED_EPOCHS", 10_000)
    monkeypatch.setattr(fitting, "FEW_WEIGHTS", 0)


def scikit_learn(data, lambda1, lambda2):
    """L(W) = mean cross-entropy + lambda1 |W|_1 + lambda2 |W|^2 in scikit-learn's terms."""
    strength = lambda1 + 2 * lambda2
    model = LogisticRegression(
        solver="saga",
        C=1 / (len(data) * strength),
        l1_ratio=lambda1 / strength,
        tol=1e-8,
        max_iter=20_000,
    ).fit(data.activations.values.double().numpy(), data.labels.numpy())
    return torch.tensor(model.coef_).float()[None], torch.tensor(model.intercept_).float()[None]


def objective(weight, bias, data, grid):
    return whole_loss(weight, bias, data, torch.float32).cross_entropy + penalty(weight, grid)


def fit(data, grid, **options):
    return fit_probe(data, LABELS, grid, **{"tolerance": 1e-4, "epochs": 600} | options)


@pytest.mark.parametrize(("lambda1", "lambda2"), [(1e-2, 1e-3), (3e-2, 0.0), (0.0, 1e-2)])
def test_a_probe_agrees_with_scikit_learn_in_objective_and_support(problem, lambda1, lambda2):
    grid = LambdaGrid.product([lambda1], [lambda2])
    probe = fit(problem, grid)
    weight, bias = scikit_learn(problem, lambda1, lambda2)
    ours = objective(probe.weight, probe.bias, problem, grid)
    theirs = objective(weight, bias, problem, grid)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=0)
    assert torch.equal(probe.weight != 0, weight.abs() > 1e-6)


def test_the_points_of_a_grid_are_the_probes_fitted_alone(problem):
    grid = LambdaGrid.product([1e-3, 3e-2], [1e-3, 1e-2])
    together = fit(problem, grid)
    for point in range(4):
        alone = fit(problem, grid.select(torch.tensor([point])))
        torch.testing.assert_close(together.objective[point], alone.objective[0], rtol=1e-4, atol=0)
        assert torch.equal(together.weight[point] != 0, alone.weight[0] != 0)


def test_what_is_reported_is_what_the_returned_weights_have(problem):
    grid = LambdaGrid.product([1e-2], [1e-3])
    probe = fit(problem, grid)
    loss = whole_loss(probe.weight, probe.bias, problem, torch.float32)
    torch.testing.assert_close(
        probe.objective, loss.cross_entropy + penalty(probe.weight, grid), rtol=1e-5, atol=1e-6
    )
    torch.testing.assert_close(probe.train_accuracy, loss.accuracy)
    assert bool(probe.converged.all())


def test_a_bound_on_epochs_ends_the_fit_and_marks_the_point(problem):
    probe = fit(problem, LambdaGrid.product([0.0], [0.0]), epochs=3, tolerance=1e-7)
    assert not bool(probe.converged.any())
    assert float(probe.residual) > 1e-7


def test_an_end_before_the_metric_settled_is_measured_on_a_sample(problem, monkeypatch):
    monkeypatch.setattr(elastic_net, "SAMPLE_WORDS", 60)
    grid = LambdaGrid.product([1e-3], [1e-3])
    early, settled = fit(problem, grid, epochs=1), fit(problem, grid, epochs=3)
    sample = problem.select(torch.arange(0, 600, 10))
    measured = objective(early.weight, early.bias, sample, grid)
    torch.testing.assert_close(early.objective, measured, rtol=1e-5, atol=0)
    assert not early.converged.any()
    whole = objective(settled.weight, settled.bias, problem, grid)
    torch.testing.assert_close(settled.objective, whole, rtol=1e-5, atol=0)


def test_less_than_one_epoch_reads_that_share_of_the_words(problem, monkeypatch):
    read = []
    gather = InMemory.gather

    def counted(source, rows):
        read.append(len(rows))
        return gather(source, rows)

    monkeypatch.setattr(InMemory, "gather", counted)
    grid = LambdaGrid.product([1e-3], [1e-3])
    quarter = fit(problem, grid, epochs=0.25, batch_size=50)
    assert read.count(50) == 3  # of the 12 batches in an epoch; samples are larger
    none = fit(problem, LambdaGrid.product([10.0], [0.0]), epochs=1)
    assert float(quarter.objective) < float(none.objective)
    assert not quarter.converged.any()


@pytest.mark.parametrize("epochs", [0, -1, 1.5])
def test_epochs_are_whole_or_a_share(problem, epochs):
    with pytest.raises(ValueError, match=f"epochs={epochs}: take a whole number"):
        fit(problem, LambdaGrid.product([1e-3], [1e-3]), epochs=epochs)


@pytest.mark.parametrize("tolerance", [-1e-3, float("nan")])
def test_a_tolerance_is_not_negative(problem, tolerance):
    with pytest.raises(ValueError, match="not negative"):
        fit(problem, LambdaGrid.product([0.0], [0.0]), tolerance=tolerance)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_not_finite_name_a_neuron(problem, value):
    values = problem.activations.values.clone()
    values[7, 5] = value
    broken = replace(problem, activations=InMemory(values))
    with pytest.raises(ValueError, match="neuron 5"):
        fit(broken, LambdaGrid.product([0.0], [0.0]))


def test_a_center_beside_the_mean_has_the_same_optimum(problem, monkeypatch):
    grid = LambdaGrid.product([1e-2], [1e-3])
    usual = fit(problem, grid)
    monkeypatch.setattr("onegrain.probing.labelled.ROUGH_WORDS", 3)
    beside = fit(problem, grid)
    torch.testing.assert_close(beside.objective, usual.objective, rtol=1e-3, atol=0)
    assert torch.equal(beside.weight != 0, usual.weight != 0)


def test_a_large_lambda1_leaves_no_weight_and_the_bias_says_the_frequencies(problem):
    probe = fit(problem, LambdaGrid.product([10.0], [0.0]))
    assert int(probe.nonzero) == 0
    frequencies = torch.bincount(problem.labels).float() / len(problem)
    torch.testing.assert_close(probe.bias[0].softmax(dim=0), frequencies, rtol=0, atol=1e-3)


def test_the_unsquared_norm_of_the_papers_code_has_a_zero_subgradient_at_its_optimum(problem):
    grid = LambdaGrid.product([1e-2], [1e-2], Penalty.neurox)
    probe = fit(problem, grid, tolerance=1e-4)
    loss = whole_loss(probe.weight, probe.bias, problem, torch.float32)
    start = whole_loss(torch.zeros(1, 3, 12), probe.bias, problem, torch.float32)
    left = residual(probe.weight, loss.weight_gradient, loss.bias_gradient, grid)
    assert float(left) < 1e-2 * float(start.weight_gradient.norm())
    squared = fit(problem, LambdaGrid.product([1e-2], [1e-2]), tolerance=1e-4)
    assert not torch.allclose(probe.weight, squared.weight, atol=1e-2)


def test_equal_seeds_give_equal_probes(problem):
    grid = LambdaGrid.product([1e-2], [1e-3])
    first, again = (fit(problem, grid, epochs=5, seed=3) for _ in range(2))
    assert torch.equal(first.weight, again.weight)


def test_mapped_activations_give_the_probe_that_held_ones_give(problem):
    grid = LambdaGrid.product([1e-2], [1e-3])
    held, mapped = (fit(problem, grid, epochs=5, memory_gigabytes=size) for size in (6.0, 0.0))
    torch.testing.assert_close(held.weight, mapped.weight)


def test_bf16_products_reach_the_objective_of_fp32(problem):
    grid = LambdaGrid.product([1e-2], [1e-3])
    probe = fit(problem, grid, dtype=torch.bfloat16, tolerance=1e-3)
    exact = fit(problem, grid)
    torch.testing.assert_close(
        objective(probe.weight, probe.bias, problem, grid), exact.objective, rtol=2e-3, atol=0
    )


def test_a_training_word_without_a_label_is_refused(problem):
    data = LabelledActivations(problem.activations, problem.labels - 1, problem.sentences)
    with pytest.raises(ValueError, match="label id"):
        fit(data, LambdaGrid.product([0.0], [0.0]))


def test_a_probe_is_read_back_as_it_was_saved(problem, tmp_path):
    probe = fit(problem, LambdaGrid.product([1e-2, 1e-3], [0.0]), epochs=3)
    probe.save(tmp_path / "probe.safetensors")
    again = Probe.load(tmp_path / "probe.safetensors")
    assert again.labels == probe.labels
    assert again.grid.points() == probe.grid.points()
    assert torch.equal(again.weight, probe.weight)
    assert torch.equal(again.converged, probe.converged)


@pytest.fixture(scope="module")
def common():
    """5,000 words of 5 labels, in which adaptive steps move all labels of a neuron together."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(5000, 100, generator=generator)
    truth = torch.zeros(5, 100)
    truth[:, :4] = torch.randn(5, 4, generator=generator)
    noisy = values @ truth.T + 0.5 * torch.randn(5000, 5, generator=generator)
    return LabelledActivations(InMemory(values), noisy.argmax(dim=1), torch.arange(5000))


def test_weak_penalties_on_few_labels_reach_a_tight_tolerance(common):
    """Where cross-entropy sees no difference gradients vanish, and steps alone creep."""
    grid = LambdaGrid.product([1e-4], [1e-5])
    probe = fit_probe(common, "ABCDE", grid, tolerance=1e-4, epochs=200)
    assert bool(probe.converged.all())


def test_after_warming_up_uncertain_words_are_drawn_more_often(common, monkeypatch):
    seen = []

    def estimate(memory, batch, error):
        if len(batch.draws) > 1:
            seen.append(batch)
        return remembered(memory, batch, error)

    remembered = elastic_net.GradientMemory.estimate
    monkeypatch.setattr(elastic_net.GradientMemory, "estimate", estimate)
    fit_probe(common, "ABCDE", LambdaGrid.product([1e-4], [1e-5]), tolerance=0.0, epochs=25)
    uncertain, other = (sum(batch.draws[part].size for batch in seen) for part in (0, 1))
    assert uncertain > 0.3 * (uncertain + other)  # of a fifth of the words


def test_a_remembered_gradient_that_is_beside_the_truth_is_counted_anew(problem, monkeypatch):
    """As sums in bf16 drift; the exact check would fail for ever, and the fit not end."""
    grid, steps = LambdaGrid.product([1e-2], [1e-3]), []
    remembered = elastic_net.GradientMemory.estimate

    def estimate(memory, batch, error):
        steps.append(batch)
        if len(steps) == 100:
            memory.mean[0, 0, 0] += 1e-3
        return remembered(memory, batch, error)

    monkeypatch.setattr(elastic_net.GradientMemory, "estimate", estimate)
    drifted = fit(problem, grid)
    assert len(steps) > 100
    assert bool(drifted.converged.all())
