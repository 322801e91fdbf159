"""The memory of L-BFGS (Nocedal, 1980), for many points.

Its two loops (Nocedal & Wright 2006, Algorithm 7.4) are two triangular systems. With steps s_i and
the changes y_i of the slope along them as the rows of S and Y, and R the upper triangle of S Y',
the first loop is R a = S g, the second R' c = diag(R) a - Y r: a few products with all pairs at
once, where pair after pair each of them is a matter of microseconds and many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

LEAST_CURVATURE = 1e-7  # along a step, relative: a change that tells less is not used

Points = Float[Tensor, "points labels columns"]
"""A value for each variable of many problems: weights, and the bias as the last column."""


class CurvatureMemory:
    """The last ``most`` steps of every point, and how its slope changed along them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._added = 0
        self._steps = self._changes = torch.empty(0)  # [points, most, variables]; 0: forgotten

    def inverse_times(
        self, slope: Points, free: Points, metric: Callable[[Points], Points]
    ) -> Points:
        """Return the inverse of the curvature times the slope.

        All is done among the values that can move now: what was seen along weights that are held at
        zero would only bend the direction of the others.

        Args:
            slope: 0 where not ``free``.
            free: 1 for the values that can move, 0 for the others.
            metric: Multiplies by a first guess of the curvature's inverse.
        """
        if not self._added:
            return metric(slope) * free
        pairs = self._pairs(free)
        shares = pairs.first_loop(slope)
        turned = metric(slope - pairs.sum_of_changes(shares, slope.shape)) * free
        turned *= pairs.scale(metric, slope.shape)[:, None, None]
        return turned + pairs.second_loop(shares, turned)

    def add(self, step: Points, change: Points) -> None:
        """Remember what was seen along a step."""
        if not self._added:
            shape = (len(step), self.most, step[0].numel())
            self._steps, self._changes = step.new_zeros(shape), step.new_zeros(shape)
        place = self._added % self.most
        self._steps[:, place], self._changes[:, place] = step.flatten(1), change.flatten(1)
        self._added += 1

    def forget(self, points: Bool[Tensor, " points"]) -> Bool[Tensor, " points"]:
        """Begin anew for some points, and return those that had anything to forget."""
        if not self._added or not bool(points.any()):
            return torch.zeros_like(points)
        known = points & self._steps.flatten(1).any(dim=1)
        self._steps[points], self._changes[points] = 0.0, 0.0
        return known

    def keep(self, points: Int[Tensor, " points"]) -> None:
        """Go on with some points only."""
        if self._added and len(points) < len(self._steps):
            self._steps, self._changes = self._steps[points], self._changes[points]

    def _pairs(self, free: Points) -> _Pairs:
        filled = min(self._added, self.most)
        moves = free.flatten(1)[:, None]
        steps, changes = self._steps[:, :filled] * moves, self._changes[:, :filled] * moves
        return _Pairs.of(steps, changes, self._added % filled)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Steps and the slope's changes along them, of which some tell nothing of the curvature.

    Attributes:
        steps: S of each point, the oldest pair in row ``oldest``, and after the last row the first.
        changes: Y.
        oldest: A row.
        curvature: Along each step, the diagonal of S Y'; 0 where it tells nothing.
        triangle: R from the oldest pair to the newest, the identity where a pair tells nothing.
    """

    steps: Float[Tensor, "points pairs variables"]
    changes: Float[Tensor, "points pairs variables"]
    oldest: int
    curvature: Float[Tensor, "points pairs"]
    triangle: Float[Tensor, "points pairs pairs"]

    @classmethod
    def of(
        cls,
        steps: Float[Tensor, "points pairs variables"],
        changes: Float[Tensor, "points pairs variables"],
        oldest: int,
    ) -> _Pairs:
        """Return the pairs with what their products say, which is all that the loops need."""
        products = steps @ changes.mT
        along = products.diagonal(dim1=1, dim2=2)
        lengths = torch.linalg.vector_norm(steps, dim=2) * torch.linalg.vector_norm(changes, dim=2)
        told = along > LEAST_CURVATURE * lengths
        known = products.where(told[:, :, None] & told[:, None, :], 0.0) + (~told).diag_embed()
        triangle = known.roll((-oldest, -oldest), (1, 2)).triu()
        return cls(steps, changes, oldest, along.where(told, 0.0), triangle)

    def first_loop(self, slope: Points) -> Float[Tensor, "points pairs"]:
        """Return a: what of each change is taken off the slope."""
        right = self._told(self.steps @ slope.flatten(1)[:, :, None])
        return self._solve(self.triangle, right, upper=True)

    def second_loop(self, shares: Float[Tensor, "points pairs"], turned: Points) -> Points:
        """Return what is added to the turned slope: the steps, by c."""
        right = self.curvature * shares - self._told(self.changes @ turned.flatten(1)[:, :, None])
        added = self._solve(self.triangle.mT, right, upper=False)
        return (self.steps.mT @ added[:, :, None]).view_as(turned)

    def sum_of_changes(self, shares: Float[Tensor, "points pairs"], shape: torch.Size) -> Points:
        """Return the changes, each as often as its share says."""
        return (self.changes.mT @ shares[:, :, None]).view(shape)

    def scale(
        self, metric: Callable[[Points], Points], shape: torch.Size
    ) -> Float[Tensor, " points"]:
        """Return what makes a guess of the inverse, times the last change, as long as its step."""
        change = self.changes[:, self.oldest - 1].view(shape)
        length = dot(change, metric(change)) / self.curvature[:, self.oldest - 1]
        return torch.where(length.isfinite() & (length > 0), 1 / length, 1.0)

    def _told(self, products: Float[Tensor, "points pairs 1"]) -> Float[Tensor, "points pairs"]:
        return products[:, :, 0].where(self.curvature > 0, 0.0)

    def _solve(
        self,
        triangle: Float[Tensor, "points pairs pairs"],
        right: Float[Tensor, "points pairs"],
        *,
        upper: bool,
    ) -> Float[Tensor, "points pairs"]:
        in_order = right.roll(-self.oldest, 1)[:, :, None]
        solved: Tensor = torch.linalg.solve_triangular(triangle, in_order, upper=upper)
        return solved[:, :, 0].roll(self.oldest, 1)


def dot(one: Points, other: Points) -> Float[Tensor, " points"]:
    """Return the inner product of each point."""
    return (one * other).sum(dim=(1, 2))
