"""Which point of the lambda grid is taken, always by the dev split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.probe import Probe
from onegrain.settings import Selection


@dataclass(frozen=True)
class Choice:
    """The grid point that a run goes on with.

    Attributes:
        point: Its index.
        score: What it has of the selection's score (`Ratings.score`), which runs are compared by.
    """

    point: int
    score: float


@dataclass(frozen=True, eq=False)
class Ratings:
    """How good grid points are by a selection.

    Attributes:
        score: One number for each point, more is better, in terms that other runs have too:
            accuracy for ``best`` and ``fixed``, METHODS' score for ``ablation``. For ``sparsest``
            it is accuracy - delta * (share of weights that are not zero): the best of any points
            by it is within delta of the most accurate of them.
        order: The points from the best to the worst.
    """

    score: Float[Tensor, " grid"]
    order: Int[Tensor, " grid"]

    @property
    def choice(self) -> Choice:
        """The best point."""
        point = int(self.order[0])
        return Choice(point, float(self.score[point]))


def rate(
    probe: Probe,
    accuracy_dev: Float[Tensor, " grid"],
    selection: Selection,
    *,
    delta: float,
    ablation_score: Callable[[], Float[Tensor, " grid"]],
) -> Ratings:
    """Score and order all grid points; ties go to the sparser probe.

    Args:
        probe: The fitted grid.
        accuracy_dev: Accuracy of every point.
        selection: ``best`` accuracy; the ``sparsest`` within ``delta`` of it; the best
            ``ablation`` score; or the only point there is (``fixed``).
        delta: Accuracy that ``sparsest`` may give up.
        ablation_score: Computes METHODS' score, only where it is asked for.
    """
    nonzero = probe.nonzero
    if selection is Selection.sparsest:
        score = accuracy_dev - delta * nonzero / probe.weight[0].numel()
        good = accuracy_dev >= accuracy_dev.max() - delta
        sparse = torch.where(good, nonzero, 0)
        return Ratings(score, _order(~good, sparse, -accuracy_dev))
    score = ablation_score() if selection is Selection.ablation else accuracy_dev
    return Ratings(score, _order(-score, nonzero))


def _order(*keys: Tensor) -> Int[Tensor, " grid"]:
    """Return the points in ascending order of the first key, then of the next."""
    return torch.from_numpy(np.lexsort([key.numpy() for key in reversed(keys)]))


def ablation_scores(
    kept_top: Float[Tensor, " grid"],
    kept_bottom: Float[Tensor, " grid"],
    accuracy: Float[Tensor, " grid"],
    unregularised: float,
    alpha: float,
    beta: float,
) -> Float[Tensor, " grid"]:
    """Return alpha (A_t - A_b) - beta (A_z - A_l) of every point (Durrani et al. 2020).

    A point scores high where its top neurons do the work and regularisation costs little.

    Args:
        kept_top: A_t, dev accuracy with only the point's top 20% of neurons kept.
        kept_bottom: A_b, the same for the bottom 20%.
        accuracy: A_l, dev accuracy of the point.
        unregularised: A_z, dev accuracy at lambda1 = lambda2 = 0.
        alpha: Weight of the first term.
        beta: Weight of the second.
    """
    return alpha * (kept_top - kept_bottom) - beta * (unregularised - accuracy)
