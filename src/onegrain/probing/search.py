"""A search of the lambda plane that takes fewer passes over the data than its whole grid.

All points of the grid begin together. After a few epochs, and again whenever they have taken twice
as many, they are looked at on dev and the worse half is given up (successive halving, Jamieson &
Talwalkar, AISTATS 2016); those that stay go on in the same fit, so no pass is lost. A point that is
fitted to its end before it is given up may be chosen like those that stayed.

Early looks are unfair to strong penalties: what a weak one will lose by overfitting it has not yet
lost, and all weak ones look alike. So strength counts for something in a look, the less the later
it is (``head_start``).

What that guarantees: every point that may be chosen is as well fitted as the whole grid's, for at
most as many passes. What it does not: a point that was given up early might have been the best.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.looks import Looks
from onegrain.probing.probe import Probe

logger = logging.getLogger(__name__)

Score = Callable[[Probe], Float[Tensor, " grid"]]
"""Says how good the points of a probe are on dev; more is better."""

Fit = Callable[..., Probe]
"""Fits a grid, ``fit(grid, epochs=..., looks=...)``: `onegrain.probing.fitting.fit_probe` with all
else chosen."""


@dataclass(frozen=True)
class Plan:
    """How a search goes.

    Attributes:
        look: Epochs before the first look; the next are after twice as many, and so on.
        keep: Points that stay at least, to the end.
        head_start: What the strongest penalties are given in the score of a look at the very
            beginning; others get less, and later looks give less, in proportion.
        epochs: At most, of a point.
    """

    look: int
    keep: int
    head_start: float
    epochs: int

    @property
    def looks(self) -> tuple[int, ...]:
        """The epochs after which points are looked at.

        Example:
            >>> Plan(look=2, keep=4, head_start=0.02, epochs=40).looks
            (2, 4, 8, 16, 32)
        """
        doubled = (self.look * 2**number for number in range(self.epochs.bit_length()))
        return tuple(epoch for epoch in doubled if epoch < self.epochs)

    def kept(self, points: int, epoch: int) -> int:
        """Return how many of ``points`` stay after the look at ``epoch``.

        Example:
            >>> plan = Plan(look=2, keep=4, head_start=0.02, epochs=40)
            >>> [plan.kept(64, epoch) for epoch in plan.looks]
            [32, 16, 8, 4, 4]
        """
        share: int = 2 ** (self.looks.index(epoch) + 1)
        return max(self.keep, -(-points // share))


def search_probe(grid: LambdaGrid, plan: Plan, fit: Fit, score: Score) -> Probe:
    """Return the probe of all points; those that may be chosen are `Probe.fitted`.

    Args:
        grid: The points.
        plan: How the search goes.
        fit: Fits probes.
        score: Says how good points are.
    """
    looks = Looks(plan.looks, partial(staying, plan, score))
    probe = fit(grid, epochs=plan.epochs, looks=looks)
    fitted = int(probe.complete.sum())
    logger.info("search: %d of %d points were fitted to their end", fitted, len(grid))
    return probe


def staying(plan: Plan, score: Score, probe: Probe) -> Bool[Tensor, " grid"]:
    """Return which points stay after a look.

    Args:
        plan: How the search goes.
        score: Says how good points are.
        probe: What they have reached; those that were given up before are not `Probe.complete`.
    """
    assert probe.epochs is not None  # a fit of our own counts them
    epoch = int(probe.epochs.max())
    there = probe.complete.nonzero()[:, 0]
    head_start = plan.head_start * (1 - epoch / plan.epochs)
    ratings = score(probe.select(there)) + head_start * strength(probe.grid)[there]
    order = ratings.argsort(descending=True, stable=True)
    stays = torch.zeros(len(probe.grid), dtype=torch.bool)
    stays[there[order[: plan.kept(len(stays), epoch)]]] = True
    return stays


def strength(grid: LambdaGrid) -> Float[Tensor, " grid"]:
    """Return how strong each point's penalties are: 0 for the grid's weakest, 1 for its strongest.

    That is the mean of two places, each among the strengths that the grid has, in order.

    Example:
        >>> strength(LambdaGrid.product([0.0, 1e-4, 1e-2], [1e-3, 1e-1])).tolist()
        [0.0, 0.5, 0.25, 0.75, 0.5, 1.0]
    """
    return torch.stack([_place(grid.lambda1), _place(grid.lambda2)]).mean(dim=0)


def _place(strengths: Float[Tensor, " grid"]) -> Float[Tensor, " grid"]:
    different = strengths.unique()  # sorted
    return torch.searchsorted(different, strengths) / max(len(different) - 1, 1)
