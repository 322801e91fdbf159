"""What all labels have in common in a neuron's weights, which only the penalty sees.

Softmax does not change when every label's weight of a neuron moves by the same amount. So along
that direction gradients vanish and steps creep; but where the penalty is smallest along it can be
said at once.
"""

from __future__ import annotations

import torch

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.objective import Weights
from onegrain.settings import Penalty


def balanced(weight: Weights, grid: LambdaGrid) -> Weights:
    """Move each neuron's weights by what makes their penalty smallest; logits stay as good.

    For one neuron that is the c with the smallest lambda1 * sum |w - c| + lambda2 * sum (w - c)^2:
    between two neighbouring weights a parabola, so c is a weight or the lowest point of one of the
    parabolas, and of all these their median. The unsquared norm of all weights is bounded by the
    parabola that touches it where they are, whose smallest value is no larger.

    Example:
        >>> import torch
        >>> weight = torch.tensor([[[1.0, 0.0], [2.0, 0.0], [6.0, 1.0]]])
        >>> balanced(weight, LambdaGrid.product([1.0], [0.0]))[0].T.tolist()  # the median goes
        [[-1.0, 0.0, 4.0], [0.0, 0.0, 1.0]]
        >>> balanced(weight, LambdaGrid.product([0.0], [1.0]))[0, :, 0].tolist()  # the mean
        [-2.0, -1.0, 3.0]
    """
    labels = weight.shape[1]
    lambda1, lambda2 = grid.lambda1[:, None, None], _curvature(weight, grid)[:, None, None]
    above = torch.arange(labels, -labels - 1, -2, device=weight.device)  # less those below c
    shift = lambda1 * above[:, None] / (2 * labels * lambda2)
    limit = torch.finfo(weight.dtype).max / 2
    lowest = weight.mean(dim=1, keepdim=True) + shift.nan_to_num(0.0, limit, -limit)
    common = torch.cat([weight, lowest], dim=1).median(dim=1)
    return weight - common.values[:, None]


def _curvature(weight: Weights, grid: LambdaGrid) -> torch.Tensor:
    """Return what the penalty's parabola has for lambda2."""
    if grid.penalty is Penalty.squared:
        return grid.lambda2
    norm: torch.Tensor = torch.linalg.vector_norm(weight, dim=(1, 2))
    return torch.where(norm > 0, grid.lambda2 / (2 * norm), 0.0)
