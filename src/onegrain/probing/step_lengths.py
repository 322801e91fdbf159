"""How long the steps of every grid point are: as its last epoch went."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.balance import balanced
from onegrain.probing.memory import GradientMemory
from onegrain.probing.objective import Weights, penalty, residual
from onegrain.probing.proximal import ProximalAdam

GROWTH, EASE = 1.3, 0.7  # of the steps, after an epoch that was for the better or the worse
CHANGE = 1e-5  # of the objective, relative: what an epoch is judged by
FAILURE = 1e-3  # the same, upwards: steps were far too long


class StepLengths:
    """Adapts a solver's steps after every epoch, by what gradients' memory has seen of it.

    Args:
        solver: Whose metric is fixed from now on.
        memory: Of what each word last contributed.
    """

    def __init__(self, solver: ProximalAdam, memory: GradientMemory) -> None:
        self.solver, self.memory = solver, memory
        self.best = self._objective(solver.weight)
        self.left = torch.full_like(self.best, torch.inf)
        self.snapshot = (solver.weight.clone(), solver.bias.clone())

    def adapt(self) -> None:
        """Lengthen the steps where the objective fell, and shorten them where it rose.

        Near the optimum, where it hardly changes, the residual of what is remembered says which.
        Where the objective rose by much, go back and halve the steps. A point that went back rests
        for an epoch, in which its memory forgets the detour, and returns only slowly to steps as
        long as those that failed.
        """
        solver, memory, best = self.solver, self.memory, self.best
        now = self._objective(self.snapshot[0])
        left = residual(solver.weight, memory.mean, memory.bias_mean, solver.grid)
        moved, flat = ~solver.resting, (now - best).abs() <= CHANGE * best
        failed = ~(now <= best * (1 + FAILURE)) & moved
        better = torch.where(flat, left < self.left, now < best)
        solver.go_back(failed, *self.snapshot)
        solver.speed_up(better & moved, GROWTH)
        solver.ease(~better & moved & ~failed, EASE)
        solver.resting = failed
        solver.weight = balanced(solver.weight, solver.grid)
        self.best, self.left = torch.where(failed, best, now), left
        self.snapshot = (solver.weight.clone(), solver.bias.clone())

    def keep(self, points: Int[Tensor, " points"]) -> None:
        """Go on with some grid points only."""
        self.best, self.left = self.best[points], self.left[points]
        self.snapshot = (self.snapshot[0][points], self.snapshot[1][points])

    def _objective(self, before: Weights) -> Float[Tensor, " points"]:
        """Return the epoch's objective, as it was met on the way from the weights ``before``.

        Words were met while the weights changed, so the like of their cross-entropy is the penalty
        half-way.
        """
        solver = self.solver
        halfway = (penalty(before, solver.grid) + penalty(solver.weight, solver.grid)) / 2
        return self.memory.cross_entropy() + halfway
