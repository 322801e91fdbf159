"""Steps are as long as the last epoch allows."""

import pytest
import torch

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.memory import GradientMemory
from onegrain.probing.proximal import ProximalAdam
from onegrain.probing.step_lengths import EASE, GROWTH, StepLengths

RATE = 0.1


class Memory(GradientMemory):
    """What epochs are said to have met; gradients make the residual."""

    def __init__(self, epochs):
        size = len(epochs[0])
        super().__init__(1, torch.zeros(size, 2, 3), torch.zeros(size, 2), torch.float32)
        self.epochs = list(epochs)

    def cross_entropy(self):
        return torch.tensor(self.epochs.pop(0))


def adapted(*epochs, residuals=()):
    """The solver after epochs that met these cross-entropies, each of one or more points."""
    grid = LambdaGrid.product([0.0] * len(epochs[0]), [0.0])
    shape = (len(grid), 2, 3)
    solver = ProximalAdam(torch.zeros(shape), torch.zeros(shape[:2]), grid, RATE)
    memory = Memory(epochs)
    lengths = StepLengths(solver, memory)
    for number in range(1, len(epochs)):
        if residuals:
            memory.mean = torch.full(shape, residuals[number - 1])
        solver.weight = solver.weight + number
        lengths.adapt()
    return solver


def rates(*epochs, **options):
    return (adapted(*epochs, **options).learning_rate / RATE).tolist()


def test_steps_grow_where_the_objective_falls_and_are_eased_where_it_rises_a_little():
    assert rates([1.0, 1.0], [0.9, 1.0005]) == pytest.approx([GROWTH, EASE])


def test_where_the_objective_is_flat_the_residual_decides():
    flat = [1.0], [1.0 - 1e-7], [1.0]
    assert rates(*flat, residuals=[0.5, 0.4]) == pytest.approx([GROWTH**2])
    assert rates(*flat, residuals=[0.5, 0.6]) == pytest.approx([GROWTH * EASE])


@pytest.mark.parametrize("worse", [1.1, float("nan")])
def test_a_point_that_rose_by_much_goes_back_rests_and_keeps_half_the_steps(worse):
    solver = adapted([1.0, 1.0], [worse, 0.9])
    assert solver.resting.tolist() == [True, False]
    assert bool((solver.weight[0] == 0).all())
    assert (solver.learning_rate / RATE).tolist() == pytest.approx([0.5, GROWTH])
    rested = adapted([1.0, 1.0], [worse, 0.9], [1.3, 0.8])  # what a resting point meets is no news
    assert not bool(rested.resting.any())
    assert (rested.learning_rate / RATE).tolist() == pytest.approx([0.5, GROWTH**2])


def test_what_all_labels_share_is_gone_after_an_epoch():
    grid = LambdaGrid.product([1e-3], [1e-3])
    solver = ProximalAdam(torch.zeros(1, 2, 3), torch.zeros(1, 2), grid, RATE)
    lengths = StepLengths(solver, Memory([[1.0], [0.9]]))
    solver.weight = torch.tensor([[[3.0, 1.0, 0.0], [1.0, 1.0, 0.0]]])
    lengths.adapt()
    assert solver.weight[0].tolist() == [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
    assert torch.equal(lengths.snapshot[0], solver.weight)


def test_points_that_leave_take_what_was_known_of_them_along():
    grid = LambdaGrid.product([0.0, 1.0], [0.0])
    solver = ProximalAdam(torch.zeros(2, 2, 3), torch.zeros(2, 2), grid, RATE)
    lengths = StepLengths(solver, Memory([[1.0, 2.0]]))
    lengths.keep(torch.tensor([1]))
    assert lengths.best.tolist() == [2.0]
    assert len(lengths.snapshot[0]) == len(lengths.snapshot[1]) == len(lengths.left) == 1
