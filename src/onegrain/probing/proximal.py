"""The step that fits an elastic net: Adam's, followed by the penalty's proximal map."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.objective import Biases, Weights, l2_gradient
from onegrain.settings import Penalty

FORGIVENESS = 1.1  # by which steps that failed may be approached again, in every epoch


class ProximalAdam:
    """Proximal gradient steps in the metric of Adam's second moments, for a whole lambda grid.

    A step moves against the momentum of the gradient, each weight scaled by 1/sqrt(v) as in Adam
    (Kingma & Ba 2015), and then applies the proximal map of lambda1 |w| + lambda2 w^2 in the same
    metric. So a weight becomes exactly zero where the penalty holds it there, which a
    sub-gradient step never achieves. `freeze` fixes v: with a variance-reduced gradient the
    steps are then those of a preconditioned proximal method, which converges to the optimum.

    Every grid point has a step size of its own, which is lengthened and halved as it goes
    (`speed_up`, `slow_down`, `go_back`); ``pace`` scales all, and ``resting`` points stand still.
    What noise remains in the newest weights is averaged out in `settled`.
    """

    momentum = 0.9
    second_momentum = 0.999

    def __init__(
        self, weight: Weights, bias: Biases, grid: LambdaGrid, learning_rate: float
    ) -> None:
        self.weight, self.bias, self.grid = weight, bias, grid
        self.learning_rate = torch.full_like(grid.lambda1, learning_rate)
        self.ceiling = torch.full_like(grid.lambda1, torch.inf)
        self.resting = torch.zeros_like(grid.lambda1, dtype=torch.bool)
        self.pace = 1.0
        self.steps = 0
        self.frozen = False
        self.averaged = 0
        self._sum = [torch.zeros_like(weight), torch.zeros_like(bias)]
        self._mean = [torch.zeros_like(weight), torch.zeros_like(bias)]
        self._square = [torch.zeros_like(weight), torch.zeros_like(bias)]

    def step(self, gradient: Weights, bias_gradient: Biases, *, average: bool = False) -> None:
        """Take one step, in place; with ``average``, count the result into `settled`."""
        self.steps += 1
        if self.grid.penalty is Penalty.neurox:
            gradient = gradient + l2_gradient(self.weight, self.grid)
        rate = (self.pace * self.learning_rate).masked_fill(self.resting, 0)[:, None]
        move, scale = self._direction(0, gradient)
        scale.mul_(rate[:, :, None])
        self.weight.addcmul_(move, scale, value=-1)
        _shrink(self.weight, scale, self.grid)
        move, scale = self._direction(1, bias_gradient)
        self.bias.sub_(rate * scale * move)
        if average:
            self.averaged += 1
            self._sum[0].add_(self.weight)
            self._sum[1].add_(self.bias)

    def settled(self, gradient: Weights, bias_gradient: Biases) -> tuple[Weights, Biases]:
        """Return the average of the counted weights after one more step, and count anew.

        The step, with the gradient that belongs to the average, makes its zeros exact again.
        """
        weight, bias = (total / self.averaged for total in self._sum)
        weight[self.resting], bias[self.resting] = (
            self.weight[self.resting],
            self.bias[self.resting],
        )
        if self.grid.penalty is Penalty.neurox:
            gradient = gradient + l2_gradient(weight, self.grid)
        rate = self.learning_rate.masked_fill(self.resting, 0)[:, None]
        scale = rate[:, :, None] * self._square[0]
        weight.addcmul_(gradient, scale, value=-1)
        _shrink(weight, scale, self.grid)
        bias.sub_(rate * self._square[1] * bias_gradient)
        self.averaged = 0
        for total in self._sum:
            total.zero_()
        return weight, bias

    def freeze(self) -> None:
        """Fix the metric. Weights that saw no gradient get a bounded step."""
        self.frozen, self.pace = True, 1.0
        for index, square in enumerate(self._square):
            deviation = (square / self._second_correction()).sqrt()
            floor = 0.01 * deviation.flatten(1).mean(dim=1).clamp(min=1e-12)
            shape = (-1,) + (1,) * (deviation.dim() - 1)
            self._square[index] = 1 / (deviation + floor.view(shape))
            self._mean[index].zero_()
        self.steps = 0

    def speed_up(self, chosen: Bool[Tensor, " grid"], factor: float) -> None:
        """Lengthen the steps of some grid points, only slowly beyond what failed before."""
        self.ceiling = self.ceiling * FORGIVENESS
        longer = torch.minimum(self.learning_rate * factor, self.ceiling)
        self.learning_rate = torch.where(chosen, longer, self.learning_rate)

    def ease(self, chosen: Bool[Tensor, " grid"], factor: float) -> None:
        """Shorten the steps of some grid points, which may be lengthened again at once."""
        shorter = self.learning_rate * factor
        self.learning_rate = torch.where(chosen, shorter, self.learning_rate)

    def slow_down(self, points: Int[Tensor, " points"]) -> None:
        """Halve the steps of some grid points."""
        self.learning_rate[points] /= 2
        self.ceiling[points] = self.learning_rate[points]

    def go_back(self, chosen: Bool[Tensor, " grid"], weight: Weights, bias: Biases) -> None:
        """Return to earlier weights with half the steps and no momentum."""
        points = chosen.nonzero()[:, 0]
        self.weight[points], self.bias[points] = weight[points], bias[points]
        for mean in self._mean:
            mean[points] = 0
        self.slow_down(points)

    def keep(self, points: Int[Tensor, " points"], weight: Weights, bias: Biases) -> None:
        """Go on with some grid points only, whose weights now live in ``weight``, ``bias``."""
        self.weight, self.bias, self.grid = weight, bias, self.grid.select(points)
        self.learning_rate, self.ceiling = self.learning_rate[points], self.ceiling[points]
        self.resting = self.resting[points]
        self._sum = [total[points] for total in self._sum]
        self._mean = [mean[points] for mean in self._mean]
        self._square = [square[points] for square in self._square]

    def _direction(
        self, index: int, gradient: Float[Tensor, "*shape"]
    ) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
        """Return the bias-corrected momentum and the metric's scale for it."""
        mean, square = self._mean[index], self._square[index]
        mean.lerp_(gradient, 1 - self.momentum)
        move = mean / (1 - self.momentum**self.steps)
        if self.frozen:
            return move, square.clone()
        square.mul_(self.second_momentum)
        square.addcmul_(gradient, gradient, value=1 - self.second_momentum)
        return move, (square / self._second_correction()).sqrt_().add_(1e-8).reciprocal_()

    def _second_correction(self) -> float:
        return 1 - self.second_momentum ** max(self.steps, 1)


def _shrink(weight: Weights, scale: Weights, grid: LambdaGrid) -> None:
    """Apply the proximal map in place: soft thresholding, then division by 1 + 2 lambda2 scale.

    ``scale`` is used up.
    """
    threshold = scale * grid.lambda1[:, None, None]
    weight.copy_((weight.abs() - threshold).clamp_(min=0).copysign_(weight))
    if grid.penalty is Penalty.squared:
        weight.div_(scale.mul_(2 * grid.lambda2[:, None, None]).add_(1))
