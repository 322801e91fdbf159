"""The proximal step and its step sizes."""

import torch

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.proximal import ProximalAdam


def solver(lambda1, lambda2, weight, rate=0.1):
    grid = LambdaGrid.product([lambda1], [lambda2])
    return ProximalAdam(weight, torch.zeros(1, weight.shape[1]), grid, rate)


def test_a_step_without_penalty_is_adams():
    torch.manual_seed(0)
    weight, gradients = torch.randn(1, 2, 3), torch.randn(5, 1, 2, 3)
    expected = torch.nn.Parameter(weight.clone())
    adam = torch.optim.Adam([expected], lr=0.1)
    ours = solver(0.0, 0.0, weight.clone())
    for gradient in gradients:
        expected.grad = gradient.clone()
        adam.step()
        ours.step(gradient.clone(), torch.zeros(1, 2))
    torch.testing.assert_close(ours.weight, expected.detach(), rtol=1e-4, atol=1e-5)


def test_the_penalty_makes_weights_exactly_zero():
    ours = solver(1e3, 0.0, torch.tensor([[[0.01, -0.02, 5000.0]]]))
    ours.step(torch.full((1, 1, 3), 1.0), torch.zeros(1, 1))
    assert ours.weight[0, 0, :2].tolist() == [0, 0]
    assert float(ours.weight[0, 0, 2]) > 0


def test_the_proximal_map_minimises_its_objective():
    """Against a fine search: argmin (v - w)^2 / (2 s) + l1 |v| + l2 v^2."""
    weight = torch.tensor([[[1.5, -0.4, 0.05]]])
    ours = solver(0.3, 0.2, weight.clone(), rate=0.5)
    ours._square[0].fill_(1.0)
    ours.frozen, ours.steps = True, 1
    ours.averaged = 1
    ours._sum = [weight.clone(), torch.zeros(1, 1)]
    shrunk, _ = ours.settled(torch.zeros(1, 1, 3), torch.zeros(1, 1))
    points = torch.linspace(-2, 2, 400_001, dtype=torch.float64)
    for value, found in zip(weight.flatten(), shrunk.flatten(), strict=True):
        cost = (points - float(value)) ** 2 / (2 * 0.5) + 0.3 * points.abs() + 0.2 * points**2
        assert abs(float(found) - float(points[cost.argmin()])) < 2e-5


def test_a_resting_point_stands_still():
    ours = solver(0.0, 0.0, torch.ones(1, 1, 2))
    ours.resting[:] = True
    ours.step(torch.ones(1, 1, 2), torch.ones(1, 1))
    assert ours.weight.tolist() == [[[1, 1]]]
    assert ours.bias.tolist() == [[0]]


def test_steps_that_failed_are_halved_and_approached_again_only_slowly():
    ours = solver(0.0, 0.0, torch.zeros(1, 1, 2), rate=1.0)
    ours.go_back(torch.tensor([True]), torch.ones(1, 1, 2), torch.ones(1, 1))
    assert float(ours.learning_rate) == 0.5
    assert ours.weight.tolist() == [[[1, 1]]]
    ours.speed_up(torch.tensor([True]), 1.3)
    assert 0.5 < float(ours.learning_rate) < 0.6
