"""The objective, its gradient and its residual, against autograd."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.objective import (
    Logits,
    cross_entropies,
    errors,
    penalty,
    residual,
    whole_loss,
)
from onegrain.settings import Penalty


@pytest.fixture
def problem():
    torch.manual_seed(0)
    data = LabelledActivations(
        InMemory(torch.randn(50, 6)), torch.randint(0, 3, (50,)), torch.arange(50) // 5
    )
    return data, torch.randn(2, 3, 6), torch.randn(2, 3)


def test_the_loss_and_its_gradients_are_those_of_autograd(problem):
    data, weight, bias = problem
    loss = whole_loss(weight, bias, data, torch.float32)
    for point in range(2):
        free = weight[point].clone().requires_grad_(), bias[point].clone().requires_grad_()
        logits = data.activations.values @ free[0].T + free[1]
        expected = cross_entropy(logits, data.labels)
        gradients = torch.autograd.grad(expected, free)
        torch.testing.assert_close(loss.cross_entropy[point], expected.detach())
        torch.testing.assert_close(loss.weight_gradient[point], gradients[0])
        torch.testing.assert_close(loss.bias_gradient[point], gradients[1])
        accuracy = (logits.argmax(dim=1) == data.labels).float().mean()
        torch.testing.assert_close(loss.accuracy[point], accuracy)


def test_the_cross_entropy_can_be_read_off_the_errors(problem):
    data, weight, bias = problem
    logits = Logits(weight, bias, torch.float32, exact=True)(data.activations.values)
    expected = cross_entropy(
        logits.permute(2, 1, 0), data.labels[:, None].expand(-1, 2), reduction="none"
    )
    read = cross_entropies(errors(logits, data.labels), data.labels)
    torch.testing.assert_close(read, expected, rtol=1e-4, atol=1e-4)


def test_exact_bf16_logits_are_those_of_the_unrounded_weights():
    """Single logits are rounded either way; the weights that they add up to need not be."""
    torch.manual_seed(0)
    values, weight = torch.randn(5000, 6).bfloat16(), torch.randn(2, 3, 6)
    off = {}
    for exact in (True, False):
        logits = Logits(weight, torch.zeros(2, 3), torch.bfloat16, exact=exact)(values)
        seen = torch.linalg.lstsq(values.float(), logits.flatten(0, 1).T).solution.T
        off[exact] = float((seen - weight.flatten(0, 1)).abs().max())
    assert off[True] < 3e-4
    assert off[False] > 3e-3


@pytest.mark.parametrize("kind", list(Penalty))
def test_the_penalty_is_the_stated_formula(problem, kind):
    weight = problem[1]
    grid = LambdaGrid(torch.tensor([0.5, 2.0]), torch.tensor([3.0, 0.1]), kind)
    for value, lambda1, lambda2, each in zip(
        penalty(weight, grid), grid.lambda1, grid.lambda2, weight, strict=True
    ):
        l2 = (each**2).sum() if kind is Penalty.squared else (each**2).sum().sqrt()
        torch.testing.assert_close(value, lambda1 * each.abs().sum() + lambda2 * l2)


def test_the_residual_is_zero_exactly_where_the_subgradient_can_be_zero():
    weight = torch.tensor([[[2.0, -1.0, 0.0]]])
    grid = LambdaGrid(torch.tensor([0.5]), torch.tensor([0.0]))
    none = torch.zeros(1, 1)
    optimal = torch.tensor([[[-0.5, 0.5, 0.4]]])
    assert float(residual(weight, optimal, none, grid)) == 0
    moved = torch.tensor([[[-0.5, 0.5, 0.8]]])
    assert float(residual(weight, moved, none, grid)) == pytest.approx(0.3)
    assert float(residual(weight, optimal, none + 2, grid)) == pytest.approx(2.0)


def test_no_weights_at_all_are_optimal_within_the_ball_of_the_unsquared_norm():
    gradient = torch.tensor([[[0.3, 0.4]]])
    none = torch.zeros(1, 1)
    for lambda2, left in ((0.6, 0.0), (0.2, 0.3)):
        grid = LambdaGrid(torch.tensor([0.0]), torch.tensor([lambda2]), Penalty.neurox)
        assert float(residual(torch.zeros(1, 1, 2), gradient, none, grid)) == pytest.approx(left)


@pytest.mark.parametrize("strength", [-1.0, float("nan")])
def test_strengths_that_are_negative_or_no_number_are_refused(strength):
    with pytest.raises(ValueError, match="not negative"):
        LambdaGrid.product([strength], [0.0])
