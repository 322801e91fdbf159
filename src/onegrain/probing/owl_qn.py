"""Many elastic nets at once by quasi-Newton steps over all words.

OWL-QN (Andrew & Gao, ICML 2007): L-BFGS on the smallest subgradient, every step held in one
orthant, so that weights become exactly zero. With a first guess of the curvature that knows how
neurons correlate it takes some twenty passes from a near start, where the mini-batches of
`ElasticNetProbe` take forty epochs; but such a guess must be had.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.lbfgs import CurvatureMemory, Points, dot
from onegrain.probing.objective import penalty, smallest_subgradient, whole_loss
from onegrain.probing.parts import parts_of

logger = logging.getLogger(__name__)

PAIRS = 14  # of a step and the change of the slope along it
TRIALS = 10  # of shorter and shorter steps, before a direction is given up
SHORTER = 0.4
ENOUGH = 1e-4  # of the decrease that the slope promises
LEAST_GRADIENT = 1e-2  # at zero weights: less tells no label
ROUNDING = 1e-6  # of an objective: what sums in fp32 cannot tell apart
SAID_EVERY = 100  # passes: a minute or two of a large problem


@runtime_checkable
class Metric(Protocol):
    """A guess of how objectives curve."""

    def __call__(self, slopes: Points, points: Int[Tensor, " points"]) -> Points:
        """Multiply the slopes of these points by the inverse of the curvature."""
        ...


@dataclass(frozen=True, eq=False)
class Place:
    """Where points stand, measured over all words.

    Attributes:
        values: The weights, and the biases as one column more.
        slope: The smallest subgradient: 0 where the penalty or a mask holds a weight at zero.
        objective: What is minimised (`onegrain.probing.objective`).
        residual: Norm of the slope.
    """

    values: Points
    slope: Points
    objective: Float[Tensor, " points"]
    residual: Float[Tensor, " points"]

    @property
    def free(self) -> Points:
        """1 where a value can move, 0 for a weight that is held at zero."""
        moves = (self.values != 0) | (self.slope != 0)
        moves[..., -1] = True
        return moves.to(self.values)

    def select(self, points: Int[Tensor, " chosen"]) -> Place:
        """Return some of the points."""
        return Place(*(getattr(self, item.name)[points] for item in fields(self)))

    def put(self, points: Int[Tensor, " chosen"], other: Place) -> None:
        """Overwrite some of the points."""
        for item in fields(self):
            getattr(self, item.name)[points] = getattr(other, item.name)


@dataclass(frozen=True, eq=False)
class Objective:
    """What is minimised for the points of a grid, over all words of ``data``."""

    grid: LambdaGrid
    data: LabelledActivations
    dtype: torch.dtype

    def select(self, points: Int[Tensor, " chosen"]) -> Objective:
        """Return the objective of some of the points."""
        return replace(self, grid=self.grid.select(points))

    def measure(self, values: Points) -> Place:
        """Go over all words once."""
        weight, bias = values[..., :-1].contiguous(), values[..., -1].contiguous()
        data, parts = (self.data, self.dtype), parts_of(self.grid.allowed, *weight.shape)
        loss = whole_loss(weight, bias, *data, parts=parts, with_accuracy=False)
        of_weight = smallest_subgradient(weight, loss.weight_gradient, self.grid)
        slope = torch.cat([of_weight, loss.bias_gradient[..., None]], dim=2)
        objective = loss.cross_entropy + penalty(weight, self.grid)
        return Place(values, slope, objective, dot(slope, slope).sqrt())

    def begin(
        self, start: Points, prior: Float[Tensor, " labels"], tolerance: float
    ) -> tuple[Points, Float[Tensor, " points"]]:
        """Return where to start, and the norms of gradients at zero weights.

        Where zero weights are the optimum that is the start: the unsquared norm has a kink there,
        to which steps only come nearer and nearer.

        Args:
            start: Where to start elsewhere.
            prior: Log frequencies of the labels.
            tolerance: Of a residual, relative to those norms.
        """
        zero = torch.zeros_like(start[..., :-1])
        loss = whole_loss(zero[:1], prior[None], self.data, self.dtype, with_accuracy=False)
        gradient = self.grid.only_allowed(loss.weight_gradient.expand_as(zero))
        of_bias = loss.bias_gradient.square().sum()
        reference = (dot(gradient, gradient) + of_bias).sqrt().clamp(min=LEAST_GRADIENT)
        left = smallest_subgradient(zero, gradient, self.grid)
        empty = dot(left, left).sqrt() <= tolerance * reference
        at_zero = torch.cat([zero, prior.expand(len(zero), -1)[..., None]], dim=2)
        return torch.where(empty[:, None, None], at_zero, start), reference


def minimise(
    start: Points,
    objective: Objective,
    metric: Metric,
    enough: Float[Tensor, " points"],
    passes: int,
    pairs: int = PAIRS,
) -> tuple[Place, int]:
    """Take every point from its start to its optimum.

    A point is left when its residual is ``enough``, when even a direction that nothing remembered
    has bent does not lower its objective, or after all ``passes``.

    Args:
        start: Weights, zero where the grid allows none, and biases.
        objective: What is minimised.
        metric: A guess of how it curves.
        enough: The residual at which a point is done.
        passes: Over all words at most.
        pairs: Steps whose change of the slope is remembered.

    Returns:
        Where every point ended, whose residual says whether it is done, and the passes it took.
    """
    reached = objective.measure(start.clone())
    memory, left = CurvatureMemory(pairs), passes - 1.0
    active = torch.arange(len(start), device=start.device)
    here, stuck = reached, torch.zeros_like(active, dtype=torch.bool)
    next_said = SAID_EVERY
    while left >= 1:
        stays = ((here.residual > enough[active]) & ~stuck).nonzero()[:, 0]
        active, here = active[stays], here.select(stays)
        memory.keep(stays)
        if not len(active):
            break
        direction = -memory.inverse_times(here.slope, here.free, partial(metric, points=active))
        there, moved, used = _search(here, direction, objective.select(active), left)
        memory.add(there.values - here.values, there.slope - here.slope)
        stuck = ~moved & ~memory.forget(~moved)
        reached.put(active, there)
        here, left = there, left - used
        if passes - left >= next_said:
            next_said += SAID_EVERY
            times = (here.residual / enough[active]).max()
            logger.info(
                "all words: after %d passes residuals are up to %.2g times what is enough",
                passes - left, times,
            )  # fmt: skip
    return reached, math.ceil(passes - left)


def _search(
    here: Place, direction: Points, objective: Objective, passes: float
) -> tuple[Place, Bool[Tensor, " points"], float]:
    """Step along ``direction``, shorter and shorter, until the objective falls enough.

    What fails in so many trials or ``passes`` stays where it is.

    Returns:
        Where each point got, whether it moved at all, and the passes that this took.
    """
    size = len(direction)
    trying = torch.arange(size, device=direction.device)
    there, moved = here.select(trying), torch.zeros_like(trying, dtype=torch.bool)
    length, used = 1.0, 0.0
    for _ in range(TRIALS):
        origin, part = here.select(trying), objective.select(trying)
        values = _in_orthant(origin, length * direction[trying], part.grid)
        tried = part.measure(values)
        promised = dot(origin.slope, values - origin.values).clamp(max=0)
        bound = origin.objective + ENOUGH * promised + ROUNDING * origin.objective.abs()
        good = (tried.objective <= bound).nonzero()[:, 0]
        there.put(trying[good], tried.select(good))
        moved[trying[good]] = True
        used += len(trying) / size
        trying, length = (~moved).nonzero()[:, 0], SHORTER * length
        if not len(trying) or used + len(trying) / size > passes:
            break
    return there, moved, used


def _in_orthant(origin: Place, step: Points, grid: LambdaGrid) -> Points:
    """Take a step, with exact zeros where lambda1 |w| would change its side."""
    before, after = origin.values[..., :-1], origin.values + step
    side = torch.where(before != 0, before.sign(), -origin.slope[..., :-1].sign())
    crossed = (after[..., :-1].sign() != side) & (grid.lambda1 > 0)[:, None, None]
    after[..., :-1].masked_fill_(crossed, 0.0)
    return after
