"""A search of the lambda plane that takes fewer passes over the data than its whole grid.

All points of a coarse grid are looked at for a few epochs. Around the best of them the points
half-way to their neighbours are looked at, started from their weights, once or several times. The
best of all are then fitted to their end, and only those may be chosen.

What that guarantees: the chosen point is as well fitted as a grid's would be, and is the best of
those that were fitted to their end. What it does not: a point is left behind by what it had after
a few epochs, when sparsity is far from its end and points with too little penalty, not yet
overfitted, look better than they are; and points far from the best are never looked at. So a
search may end elsewhere than the grid does; more ``keep`` and ``look`` come nearer.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe

logger = logging.getLogger(__name__)

Order = Callable[[Probe], Int[Tensor, " grid"]]
"""Says which points of a probe are best on dev, the best first."""


Fit = Callable[..., Probe]
"""Fits a grid, ``fit(grid, epochs=..., start=...)``: `onegrain.probing.fitting.fit_probe` with all
else chosen."""


@dataclass(frozen=True)
class Plan:
    """How a search goes.

    Attributes:
        look: Epochs of a look.
        keep: Points that are looked around, and that are fitted to their end.
        refine: How often the points half-way to the neighbours of the best are looked at.
        epochs: At most, of the fit to the end.
    """

    look: int
    keep: int
    refine: int
    epochs: int


def search_probe(grid: LambdaGrid, plan: Plan, fit: Fit, order: Order) -> Probe:
    """Return the probe of all points that were looked at; those that may be chosen are `fitted`.

    Args:
        grid: The coarse points, every pair of some strengths.
        plan: How the search goes.
        fit: Fits probes.
        order: Says which points are best.
    """
    looked = fit(grid, epochs=plan.look, start=None)
    for _ in range(plan.refine):
        best = order(looked)[: plan.keep]
        between, parents = half_way(looked.grid, best.tolist())
        if not len(between):
            break
        start = looked.select(torch.cat([best, torch.tensor(parents)]))
        new = torch.arange(len(best), len(start.grid))
        start = replace(start, epochs=_epochs(start).index_fill(0, new, 0))
        # The best go on too, or what lies around them would be ahead by an epoch or more.
        again = _go_on(fit, start, looked.grid.select(best).joined(between), plan.look)
        looked = looked.without(best).joined(again)
    best = order(looked)[: plan.keep]
    done = _go_on(fit, looked.select(best), looked.grid.select(best), plan.epochs)
    others = looked.without(best)
    logger.info(
        "search: looked at %d points, fitted %d of them to their end",
        len(looked.grid),
        len(done.grid),
    )
    fitted = torch.arange(len(looked.grid)) < len(done.grid)
    return replace(done.joined(others), fitted=fitted)


def half_way(grid: LambdaGrid, best: Sequence[int]) -> tuple[LambdaGrid, list[int]]:
    """Return the points half-way, in logarithms, from some points to their neighbours.

    Nothing lies between zero and the least strength above it, or beyond the strengths there are.

    Args:
        grid: All points that there are.
        best: Those around which to look.

    Returns:
        The new points, and the point of ``best`` beside which each lies.

    Example:
        >>> grid = LambdaGrid.product([0.0, 1e-4, 1e-2], [1e-3])
        >>> between, parents = half_way(grid, [1])
        >>> [tuple(round(value, 9) for value in point) for point in between.points()], parents
        ([(0.001, 0.001)], [1])
    """
    points = [(_written(first), _written(second)) for first, second in grid.points()]
    known = set(points)
    strengths = [sorted({point[axis] for point in points}) for axis in (0, 1)]
    new: dict[tuple[float, float], int] = {}
    for index in best:
        around = [_around(points[index][axis], strengths[axis]) for axis in (0, 1)]
        for point in ((first, second) for first in around[0] for second in around[1]):
            if point not in known:
                new.setdefault(point, index)
    lambda1, lambda2 = (torch.tensor([point[axis] for point in new]) for axis in (0, 1))
    return LambdaGrid(lambda1, lambda2, grid.penalty), list(new.values())


def _go_on(fit: Fit, start: Probe, grid: LambdaGrid, epochs: int) -> Probe:
    """Fit from what was reached, and count the epochs that it took before."""
    again = fit(grid, epochs=epochs, start=start)
    return replace(again, epochs=_epochs(again) + _epochs(start))


def _epochs(probe: Probe) -> Int[Tensor, " grid"]:
    assert probe.epochs is not None  # a fit of our own counts them
    return probe.epochs


def _around(strength: float, strengths: Sequence[float]) -> list[float]:
    """Return a strength and the half-way points to its neighbours below and above."""
    place = strengths.index(strength)
    neighbours = [*strengths[max(place - 1, 0) : place], *strengths[place + 1 : place + 2]]
    middles = [math.sqrt(strength * other) for other in neighbours]
    return [strength, *(_written(middle) for middle in middles if middle > 0)]


def _written(value: float) -> float:
    """Undo rounding: 1e-05 and not 9.999999747378752e-06."""
    return float(f"{value:.6g}")
