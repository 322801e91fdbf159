"""Which grid point is taken."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe
from onegrain.probing.selection import ablation_scores, rate
from onegrain.settings import Selection


def probe(nonzero):
    """A probe whose points have these numbers of non-zero weights."""
    weight = torch.zeros(len(nonzero), 2, 10)
    for point, count in enumerate(nonzero):
        weight[point].view(-1)[:count] = 1.0
    known = torch.zeros(len(nonzero))
    grid = LambdaGrid(known, known)
    return Probe(grid, ("A", "B"), weight, torch.zeros(len(nonzero), 2), known, known, known, 1.0)


def choose(nonzero, accuracy, selection, scores=None, delta=0.01):
    return rate(
        probe(nonzero),
        torch.tensor(accuracy),
        selection,
        delta=delta,
        ablation_score=lambda: torch.tensor(scores),
    ).choice


def point(*arguments, **options):
    return choose(*arguments, **options).point


def test_the_best_accuracy_wins_and_ties_go_to_the_sparser():
    assert point([20, 10, 5], [0.9, 0.9, 0.8], Selection.best) == 1


def test_the_sparsest_within_delta_of_the_best():
    assert point([20, 10, 5], [0.9, 0.895, 0.8], Selection.sparsest) == 1
    assert point([20, 10, 5], [0.9, 0.895, 0.8], Selection.sparsest, delta=0.1) == 2


def test_the_best_ablation_score():
    assert point([20, 10, 5], [0.9, 0.5, 0.5], Selection.ablation, scores=[0.1, 0.2, 0.3]) == 2


def test_the_ablation_score_is_the_formula():
    scores = ablation_scores(
        torch.tensor([0.8]), torch.tensor([0.3]), torch.tensor([0.85]), 0.9, 0.5, 0.25
    )
    assert float(scores) == pytest.approx(0.5 * 0.5 - 0.25 * 0.05)


def test_the_score_is_that_of_the_selection_at_the_chosen_point():
    accuracy = [0.9, 0.88, 0.5]
    assert choose([20, 10, 5], accuracy, Selection.best).score == pytest.approx(0.9)
    chosen = choose([20, 10, 5], accuracy, Selection.ablation, scores=[0.1, 0.2, 0.3])
    assert chosen.score == pytest.approx(0.3)
    assert choose([20], [0.7], Selection.fixed).score == pytest.approx(0.7)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.floats(0, 1)), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_single_points_compared_by_the_score_of_sparsest_end_within_delta(points, delta):
    """So a sweeper that fits one point in each run ends where a grid might."""
    alone = [choose([count], [value], Selection.sparsest, delta=delta) for count, value in points]
    count, accuracy = points[max(range(len(points)), key=lambda index: alone[index].score)]
    assert accuracy >= max(each for _, each in points) - delta - 1e-5
    better = [1 for fewer, other in points if fewer < count and other >= accuracy + 1e-5]
    assert not better
