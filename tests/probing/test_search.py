"""A search against the whole grid."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import score
from onegrain.probing.search import Plan, search_probe, staying, strength
from onegrain.probing.selection import rate
from onegrain.settings import Penalty, Selection

LABELS = ("A", "B", "C")
DECADES = [0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
PLAN = Plan(look=2, keep=4, head_start=0.02, epochs=60)
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
    return partial(fit_probe, train, LABELS, batch_size=16, tolerance=5e-3, accelerator="cpu")


def ratings(selection, dev, probe):
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


def searched(plan, grid, split, selection=Selection.best):
    train, dev = split
    return search_probe(
        grid, plan, fit_on(train), lambda probe: ratings(selection, dev, probe).score
    )


@pytest.fixture(scope="module")
def whole(split):
    return fit_on(split[0])(LambdaGrid.product(DECADES, DECADES), epochs=PLAN.epochs)


@pytest.mark.parametrize(
    "selection",
    [Selection.best, Selection.sparsest, Selection.ablation],
    ids=lambda each: each.name,
)
def test_a_search_ends_near_the_best_of_the_whole_grid_for_fewer_epochs(split, whole, selection):
    found = searched(PLAN, whole.grid, split, selection)
    complete = found.select(found.complete.nonzero()[:, 0])
    ours, best = (ratings(selection, split[1], each) for each in (complete, whole))
    assert ours.choice.score >= best.choice.score - TOLERANCE
    assert int(found.epochs.sum()) < int(whole.epochs.sum()) / 2
    # what can be chosen is fitted to its end, the rest is known as far as it was looked at
    assert bool((complete.converged | (complete.epochs >= PLAN.epochs)).all())
    assert set(found.epochs[~found.complete].tolist()) <= set(PLAN.looks)
    assert bool(torch.isfinite(found.objective).all())
    # and it is where the whole grid has it
    there = (found.complete & whole.converged).nonzero()[:, 0]
    fitted, wanted = found.select(there), whole.select(there)
    assert len(there)
    torch.testing.assert_close(fitted.objective, wanted.objective, rtol=3e-3, atol=0)


@settings(max_examples=8, deadline=None)
@given(
    look=st.integers(2, 6),
    keep=st.integers(1, 7),
    head_start=st.floats(0, 1),
    epochs=st.integers(1, 12),
    penalty=st.sampled_from(Penalty),
    seed=st.integers(0, 9),
)
def test_a_search_takes_no_more_passes_and_chooses_among_fitted_points(
    look, keep, head_start, epochs, penalty, seed
):
    split = words(seed, 60), words(seed + 100, 40)
    grid = LambdaGrid.product([0.0, 1e-2, 1e-1], [1e-3, 1e-1], penalty)
    plan = Plan(look, keep, head_start, epochs)
    found = searched(plan, grid, split)
    alone = fit_on(split[0])(grid, epochs=epochs)
    assert int(found.epochs.sum()) <= int(alone.epochs.sum())
    done = found.converged | (found.epochs == epochs)
    assert bool(done[found.complete].all())
    assert int(found.complete.sum()) >= min(keep, len(grid))
    if keep >= len(grid):  # nothing is given up: the whole grid, to the last bit
        assert bool(found.complete.all())
        assert torch.equal(found.weight, alone.weight)


@given(
    ratings=st.lists(st.floats(0, 1), min_size=6, max_size=6),
    gone=st.sets(st.integers(0, 5), max_size=5),
    keep=st.integers(1, 6),
    head_start=st.floats(0, 1),
    epoch=st.sampled_from([2, 4]),
)
def test_a_look_keeps_so_many_and_none_that_was_given_up(ratings, gone, keep, head_start, epoch):
    grid = LambdaGrid.product([0.0, 1e-2, 1e-1], [1e-3, 1e-1])
    plan = Plan(2, keep, head_start, epochs=8)
    there = torch.tensor([point not in gone for point in range(6)])
    probe = begun(grid, there, epoch)
    stays = staying(plan, lambda seen: torch.tensor(ratings)[seen.epochs - epoch + 5], probe)
    assert not bool((stays & ~there).any())
    assert int(stays.sum()) == min(plan.kept(6, epoch), int(there.sum()))


def begun(grid, there, epoch):
    size = len(grid)
    epochs = torch.where(there, epoch, 1)
    nothing = torch.zeros(size)
    weight, bias = torch.zeros(size, 2, 3), torch.zeros(size, 2)
    known = (nothing, nothing, nothing, 0.1, epochs, there)
    return Probe(grid, ("A", "B"), weight, bias, *known)


def test_strength_counts_in_a_look_and_less_in_a_later_one():
    grid = LambdaGrid.product([0.0, 1e-2], [0.0])
    plan = Plan(look=2, keep=1, head_start=0.04, epochs=8)
    everyone = torch.ones(2, dtype=torch.bool)

    def stay(epoch, accuracies):
        return staying(plan, lambda _: torch.tensor(accuracies), begun(grid, everyone, epoch))

    # the stronger one has half of the head start, for one axis of two: 0.02 at the beginning
    assert stay(2, [0.700, 0.686]).tolist() == [False, True]
    assert stay(2, [0.700, 0.684]).tolist() == [True, False]
    assert stay(4, [0.700, 0.691]).tolist() == [False, True]
    assert stay(4, [0.700, 0.686]).tolist() == [True, False]


def test_strength_is_a_place_among_the_strengths_there_are():
    single = LambdaGrid.product([1e-3], [1e-3])
    assert strength(single).tolist() == [0.0]
    shuffled = LambdaGrid.product([1e-1, 0.0, 1e-3], [0.0])
    assert strength(shuffled).tolist() == [0.5, 0.0, 0.25]


def test_a_single_point_is_fitted_to_its_end(split):
    found = searched(PLAN, LambdaGrid.product([1e-3], [1e-3]), split)
    assert found.complete.tolist() == [True]


def test_every_pass_of_every_point_is_counted(split):
    train, _ = split
    counts = fit_on(train)(LambdaGrid.product([0.0, 0.1], [0.0]), epochs=30, tolerance=0.02).epochs
    assert counts[0] == 30
    assert 3 <= counts[1] < 30  # done before
