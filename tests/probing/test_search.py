"""A search against the whole grid."""

import math
from functools import partial

import pytest
import torch

from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.scoring import score
from onegrain.probing.search import Plan, half_way, search_probe
from onegrain.probing.selection import rate
from onegrain.settings import Penalty, Selection

LABELS = ("A", "B", "C")
DECADES = [0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
COARSE = [0.0, 1e-5, 1e-3, 1e-1]
PLAN = Plan(look=3, keep=4, refine=1, epochs=60)
DELTA = 0.01
TOLERANCE = 0.01  # of the criterion, below the best of the grid: four words of dev


def words(seed, count):
    """Few words for many neurons, of which four matter, so that penalties pay."""
    truth = 2 * torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(count, 40, generator=generator)
    noise = torch.randn(count, 3, generator=generator)
    labels = (values[:, :4] @ truth.T + noise).argmax(dim=1)
    return LabelledActivations(InMemory(values), labels, torch.arange(count) // 10)


@pytest.fixture(scope="module")
def split():
    return words(1, 240), words(2, 400)


def fit_on(train):
    return partial(fit_probe, train, LABELS, batch_size=16, accelerator="cpu")


def ratings(probe, dev, selection):
    return rate(
        probe,
        score(probe, dev).accuracy,
        selection,
        delta=DELTA,
        # a stand-in that looks at the weights: the share of their mass in the first four neurons
        ablation_score=lambda: (
            probe.weight[..., :4].abs().sum(dim=(1, 2))
            / probe.weight.abs().sum(dim=(1, 2)).clamp(min=1e-6)
        ),
    )


@pytest.fixture(scope="module", params=list(Penalty), ids=lambda each: each.name)
def grid(split, request):
    return fit_on(split[0])(
        LambdaGrid.product(DECADES[:-1], DECADES[:-1], request.param), epochs=PLAN.epochs
    )


@pytest.mark.parametrize(
    "selection",
    [Selection.best, Selection.sparsest, Selection.ablation],
    ids=lambda each: each.name,
)
def test_a_search_ends_near_the_best_of_the_whole_grid_for_fewer_epochs(split, grid, selection):
    train, dev = split
    found = search_probe(
        LambdaGrid.product(COARSE, COARSE, grid.grid.penalty),
        PLAN,
        fit_on(train),
        lambda probe: ratings(probe, dev, selection).order,
    )
    complete = found.select(found.complete.nonzero()[:, 0])
    ours, best = (ratings(each, dev, selection) for each in (complete, grid))
    assert ours.choice.score >= best.choice.score - TOLERANCE
    assert int(found.epochs.sum()) < int(grid.epochs.sum()) / 2
    # what can be chosen is fitted to its end, the rest is known as far as it was looked at
    assert int(found.complete.sum()) == PLAN.keep
    assert bool((complete.converged | (complete.epochs >= PLAN.epochs)).all())
    assert bool((found.epochs >= 1).all())
    assert bool(torch.isfinite(found.objective).all())


def test_points_that_go_on_reach_the_optimum_of_points_that_begin(split):
    train, _ = split
    fit, grid = fit_on(train), LambdaGrid.product([1e-1, 5e-2], [1e-2])
    begun = fit(grid, epochs=3)
    gone_on = fit(grid, epochs=100, start=begun)
    alone = fit(grid, epochs=100)
    torch.testing.assert_close(gone_on.objective, alone.objective, rtol=1e-3, atol=0)
    assert torch.equal(gone_on.weight != 0, alone.weight != 0)


def test_a_start_is_where_the_first_step_is_taken_from(split):
    train, _ = split
    fit, grid = fit_on(train), LambdaGrid.product([1e-3], [1e-3])
    done = fit(grid, epochs=40)
    assert float(fit(grid, epochs=1, start=done).objective) < float(fit(grid, epochs=1).objective)


def test_every_pass_of_every_point_is_counted(split):
    train, _ = split
    counts = fit_on(train)(LambdaGrid.product([0.0, 0.1], [0.0]), epochs=30, tolerance=0.02).epochs
    assert counts[0] == 30
    assert 3 <= counts[1] < 30  # done before


def test_half_way_points_are_new_lie_between_and_know_their_parent():
    grid = LambdaGrid.product([0.0, 1e-4, 1e-2], [1e-5, 1e-3])
    between, parents = half_way(grid, [2, 5])
    known = {
        tuple(round(math.log10(each), 3) if each else None for each in point)
        for point in grid.points()
    }
    found = [
        tuple(round(math.log10(each), 3) if each else None for each in point)
        for point in between.points()
    ]
    assert not known & set(found)
    assert len(set(found)) == len(found) == len(parents)
    assert set(found) == {(-4, -4), (-3, -5), (-3, -4), (-2, -4), (-3, -3)}
    assert [point for point, parent in zip(found, parents, strict=True) if parent == 5] == [
        (-2, -4),
        (-3, -3),
    ]


def test_a_single_strength_has_nothing_around_it(split):
    train, dev = split
    found = search_probe(
        LambdaGrid.product([1e-3], [1e-3]),
        PLAN,
        fit_on(train),
        lambda probe: ratings(probe, dev, Selection.best).order,
    )
    assert found.complete.tolist() == [True]
