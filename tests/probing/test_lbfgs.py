"""The two loops of L-BFGS against the matrices that they stand for."""

import torch

from onegrain.probing.lbfgs import CurvatureMemory, dot

PAIRS = 14

SHAPE = (2, 2, 3)


def drawn(seed, count):
    """Steps along a positive quadratic of each point, and the changes of slope along them."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(count, *SHAPE, generator=generator)
    root = torch.randn(2, 6, 6, generator=generator)
    curvature = root @ root.transpose(1, 2) + torch.eye(6)
    changes = torch.einsum("pij,cpj->cpi", curvature, steps.flatten(2)).view_as(steps)
    return steps, changes, torch.randn(SHAPE, generator=generator)


def identity(values):
    return values


def mixing(values):
    """A positive metric in which every column has to do with every other."""
    return values @ (torch.eye(3) + 0.5)


def bfgs(steps, changes):
    """Return the inverse that BFGS updates reach from a scaled identity, as a matrix."""
    steps, changes = steps.flatten(), changes.flatten()
    inverse = 1 / (steps @ changes)
    turn = torch.eye(6) - inverse * torch.outer(steps, changes)
    return turn, inverse * torch.outer(steps, steps)


def filled(steps, changes):
    memory = CurvatureMemory(PAIRS)
    for step, change in zip(steps, changes, strict=True):
        memory.add(step.clone(), change.clone())
    return memory


def test_the_loops_are_the_updates_of_bfgs():
    steps, changes, slope = drawn(0, 4)
    turned = filled(steps, changes).inverse_times(slope, torch.ones(SHAPE), identity)
    for point in range(2):
        last = steps[-1, point].flatten(), changes[-1, point].flatten()
        matrix = torch.eye(6) * (last[0] @ last[1]) / (last[1] @ last[1])
        for step, change in zip(steps[:, point], changes[:, point], strict=True):
            turn, added = bfgs(step, change)
            matrix = turn @ matrix @ turn.T + added
        torch.testing.assert_close(turned[point].flatten(), matrix @ slope[point].flatten())


def test_values_that_are_held_neither_move_nor_matter():
    steps, changes, slope = drawn(1, 3)
    free = torch.ones(SHAPE)
    free[:, 0, 1] = 0.0
    memory, other = filled(steps, changes), filled(steps, changes + 5 * (1 - free))
    turned = memory.inverse_times(slope * free, free, mixing)
    assert bool((turned[:, 0, 1] == 0).all())
    torch.testing.assert_close(turned, other.inverse_times(slope * free, free, mixing))


def test_a_step_along_negative_curvature_is_not_used_and_the_rest_descends():
    steps, changes, slope = drawn(2, 3)
    changes[1] = -changes[1]
    turned = filled(steps, changes).inverse_times(slope, torch.ones(SHAPE), identity)
    without = filled(steps[[0, 2]], changes[[0, 2]])
    expected = without.inverse_times(slope, torch.ones(SHAPE), identity)
    torch.testing.assert_close(turned, expected)
    assert bool((dot(turned, slope) > 0).all())


def test_a_step_along_which_the_slope_hardly_changes_is_not_used():
    steps, changes, slope = drawn(5, 3)
    across = (
        changes[1] - steps[1] * (dot(steps[1], changes[1]) / dot(steps[1], steps[1]))[:, None, None]
    )
    changes[1] = across + 1e-8 * steps[1]
    everyone = torch.ones(SHAPE)
    assert bool((dot(steps[1], changes[1]).abs() < 1e-5).all())
    turned = filled(steps, changes).inverse_times(slope, everyone, identity)
    without = filled(steps[[0, 2]], changes[[0, 2]]).inverse_times(slope, everyone, identity)
    torch.testing.assert_close(turned, without)


def test_only_the_last_steps_are_remembered():
    steps, changes, slope = drawn(3, PAIRS + 3)
    long, short = filled(steps, changes), filled(steps[3:], changes[3:])
    everyone = torch.ones(SHAPE)
    torch.testing.assert_close(
        long.inverse_times(slope, everyone, identity),
        short.inverse_times(slope, everyone, identity),
    )


def test_a_point_that_forgets_begins_anew_and_says_whether_it_knew_anything():
    steps, changes, slope = drawn(4, 3)
    memory = filled(steps, changes)
    first = torch.tensor([True, False])
    everyone = torch.ones(SHAPE)
    before = memory.inverse_times(slope, everyone, identity)
    assert memory.forget(first).tolist() == [True, False]
    assert memory.forget(first).tolist() == [False, False]
    after = memory.inverse_times(slope, everyone, identity)
    assert torch.equal(after[0], slope[0])
    assert torch.equal(after[1], before[1])
    memory.keep(torch.tensor([1]))
    assert torch.equal(memory.inverse_times(slope[1:], everyone[1:], identity), before[1:])
