"""The memory of L-BFGS (Nocedal, 1980; Nocedal & Wright 2006, Algorithm 7.4), for many points."""

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
        self._pairs: list[tuple[Points, Points]] = []  # step, change; zeros where forgotten

    def inverse_times(
        self, slope: Points, free: Points, metric: Callable[[Points], Points]
    ) -> Points:
        """Return the inverse of the curvature times the slope: the two loops of L-BFGS.

        They run among the values that can move now: what was seen along weights that are held at
        zero would only bend the direction of the others.

        Args:
            slope: 0 where not ``free``.
            free: 1 for the values that can move, 0 for the others.
            metric: Multiplies by a first guess of the curvature's inverse.
        """
        pairs = [_Pair.of(step * free, change * free) for step, change in self._pairs]
        turned, shares = slope.clone(), []
        for pair in reversed(pairs):
            share = pair.inverse * dot(pair.step, turned)
            turned -= share[:, None, None] * pair.change
            shares.append(share)
        turned = metric(turned) * free
        if pairs:
            turned *= pairs[-1].scale(metric(pairs[-1].change))[:, None, None]
        for pair, share in zip(pairs, reversed(shares), strict=True):
            turned += (share - pair.inverse * dot(pair.change, turned))[:, None, None] * pair.step
        return turned

    def add(self, step: Points, change: Points) -> None:
        """Remember what was seen along a step."""
        self._pairs = [*self._pairs, (step, change)][-self.most :]

    def forget(self, points: Bool[Tensor, " points"]) -> Bool[Tensor, " points"]:
        """Begin anew for some points, and return those that had anything to forget."""
        known = torch.zeros_like(points)
        for step, change in self._pairs:
            known |= step.flatten(1).any(dim=1)
            step[points], change[points] = 0.0, 0.0
        return points & known

    def keep(self, points: Int[Tensor, " points"]) -> None:
        """Go on with some points only."""
        self._pairs = [(step[points], change[points]) for step, change in self._pairs]


@dataclass(frozen=True, eq=False)
class _Pair:
    """A step, the slope's change along it, and 1 over their product: 0 where it tells nothing."""

    step: Points
    change: Points
    inverse: Float[Tensor, " points"]

    @classmethod
    def of(cls, step: Points, change: Points) -> _Pair:
        product = dot(step, change)
        told = product > LEAST_CURVATURE * (dot(step, step) * dot(change, change)).sqrt()
        return cls(step, change, torch.where(told, 1 / product, 0.0))

    def scale(self, turned: Points) -> Float[Tensor, " points"]:
        """Return what makes a guess of the inverse, times ``change``, as long as the step."""
        length = self.inverse * dot(self.change, turned)
        return torch.where(length > 0, 1 / length, 1.0)


def dot(one: Points, other: Points) -> Float[Tensor, " points"]:
    """Return the inner product of each point."""
    return (one * other).sum(dim=(1, 2))
