"""Quasi-Newton steps: where they end, and that neither start nor metric decide it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.owl_qn import Objective, minimise
from onegrain.settings import Penalty

WORDS, NEURONS, LABELS = 300, 10, 3


@pytest.fixture(scope="module")
def data():
    """Centred neurons, strongly correlated and of scales from 0.3 to 3."""
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(WORDS, NEURONS, generator=generator)
    values = values @ torch.randn(NEURONS, NEURONS, generator=generator)
    values = values / values.std(dim=0) * torch.logspace(-0.5, 0.5, NEURONS)
    values -= values.mean(dim=0)
    truth = torch.randn(LABELS, NEURONS, generator=generator) / values.std(dim=0)
    noisy = values @ truth.T + 2 * torch.randn(WORDS, LABELS, generator=generator)
    return LabelledActivations(InMemory(values), noisy.argmax(dim=1), torch.arange(WORDS))


def unbent(slopes, points):
    return slopes


def nothing(points=1):
    return torch.zeros(points, LABELS, NEURONS + 1)


def run(data, start, grid, metric=unbent, enough=1e-4, passes=500):
    reached = torch.full((len(grid),), enough)
    end, _ = minimise(start, Objective(grid, data, torch.float32), metric, reached, passes)
    return end


@pytest.mark.parametrize(("lambda1", "lambda2"), [(1e-2, 1e-3), (5e-2, 0.0), (0.0, 1e-2)])
def test_the_optimum_is_scikit_learns_in_objective_and_support(data, lambda1, lambda2):
    grid = LambdaGrid.product([lambda1], [lambda2])
    ours = run(data, nothing(), grid)
    assert float(ours.residual) <= 1e-4
    strength = lambda1 + 2 * lambda2
    model = LogisticRegression(
        solver="saga",
        C=1 / (WORDS * strength),
        l1_ratio=lambda1 / strength,
        tol=1e-7,
        max_iter=20_000,
    ).fit(data.activations.values.double().numpy(), data.labels.numpy())
    theirs = torch.from_numpy(np.column_stack([model.coef_, model.intercept_]))
    there = Objective(grid, data, torch.float32).measure(theirs.float()[None])
    assert float(ours.objective) <= float(there.objective) * (1 + 1e-5)
    sure = there.values[..., :-1].abs() > 1e-3
    assert bool((ours.values[..., :-1][sure] != 0).all())
    assert bool((ours.values[..., :-1][there.values[..., :-1] == 0].abs() < 1e-3).all())


@settings(max_examples=12, deadline=None)
@given(
    lambda1=st.sampled_from([0.0, 1e-3, 3e-2]),
    lambda2=st.sampled_from([1e-3, 1e-2, 1e-1]),
    kind=st.sampled_from(Penalty),
    seed=st.integers(0, 99),
)
def test_start_and_metric_do_not_decide_where_it_ends(data, lambda1, lambda2, kind, seed):
    grid = LambdaGrid.product([lambda1], [lambda2], kind)
    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(1, LABELS, NEURONS + 1, generator=generator)
    root = torch.randn(NEURONS + 1, NEURONS + 1, generator=generator)
    bent = root @ root.T / NEURONS + torch.eye(NEURONS + 1)
    plain = run(data, 0.1 * start.sign(), grid, enough=3e-4)
    other = run(data, start, grid, lambda slopes, points: slopes @ bent, enough=3e-4)
    assert float(plain.residual) <= 3e-4
    assert float(other.residual) <= 3e-4
    torch.testing.assert_close(other.objective, plain.objective, rtol=1e-4, atol=0)


def test_points_do_not_see_each_other(data):
    grid = LambdaGrid.product([1e-2, 0.0], [1e-3, 1e-1])
    together = run(data, nothing(4), grid)
    for point in range(4):
        alone = run(data, nothing(), grid.select(torch.tensor([point])))
        torch.testing.assert_close(alone.objective[0], together.objective[point], rtol=3e-5, atol=0)


def test_an_optimum_is_left_as_it_is(data):
    grid = LambdaGrid.product([1e-2], [1e-3])
    there = run(data, nothing(), grid)
    again = run(data, there.values, grid, passes=1)
    assert torch.equal(again.values, there.values)


def test_a_large_lambda1_leaves_exact_zeros(data):
    end = run(data, torch.ones_like(nothing()), LambdaGrid.product([100.0], [0.0]))
    assert bool((end.values[..., :-1] == 0).all())
    shares = torch.bincount(data.labels).float() / WORDS
    torch.testing.assert_close(end.values[0, :, -1].softmax(dim=0), shares, rtol=0, atol=1e-3)


def test_weights_that_a_mask_forbids_stay_zero(data):
    mask = torch.arange(NEURONS)[None] % 2 == 0
    end = run(data, nothing(), LambdaGrid.product([0.0], [1e-3]).restricted(mask))
    assert bool((end.values[..., :-1][:, :, ~mask[0]] == 0).all())
    assert bool((end.values[..., :-1][:, :, mask[0]] != 0).all())
    assert float(end.residual) <= 1e-4


def test_what_is_reported_belongs_to_the_place_that_is_returned(data):
    grid = LambdaGrid.product([1e-2], [1e-3])
    end = run(data, nothing(), grid, passes=5)
    again = Objective(grid, data, torch.float32).measure(end.values)
    for name in ("objective", "residual"):
        torch.testing.assert_close(getattr(end, name), getattr(again, name))
    assert float(end.residual) > 1e-4  # it was ended early


def test_a_residual_that_rounding_hides_ends_with_the_passes_at_the_optimum(data):
    grid = LambdaGrid.product([1e-2], [1e-2])
    good = run(data, nothing(), grid)
    end = run(data, nothing(), grid, enough=0.0, passes=300)
    assert float(end.residual) > 0
    torch.testing.assert_close(end.objective, good.objective, rtol=1e-5, atol=0)


def test_a_long_fit_says_how_far_it_is(data, caplog, monkeypatch):
    monkeypatch.setattr("onegrain.probing.owl_qn.SAID_EVERY", 4)
    with caplog.at_level("INFO", logger="onegrain"):
        end = run(data, nothing(), LambdaGrid.product([1e-4], [1e-5]), enough=1e-6, passes=10)
    said = [record.args for record in caplog.records]
    assert [int(passes) for passes, _ in said] == [4, 8]
    assert float(said[0][1]) > float(said[1][1]) > 1
    assert "residuals are up to" in caplog.text
    assert float(end.residual) > 1e-6
