"""Which point of the lambda grid is taken, always by the dev split."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.errors import UserError
from onegrain.probing.probe import Probe
from onegrain.settings import Selection


def select_point(
    probe: Probe,
    accuracy_dev: Float[Tensor, " grid"],
    selection: Selection,
    *,
    delta: float,
    ablation_score: Callable[[], Float[Tensor, " grid"]],
) -> int:
    """Return the index of the chosen grid point; ties go to the sparser probe.

    Args:
        probe: The fitted grid.
        accuracy_dev: Accuracy of every point.
        selection: ``best`` accuracy; the ``sparsest`` within ``delta`` of it; the best
            ``ablation`` score; or the only point there is (``fixed``).
        delta: Accuracy that ``sparsest`` may give up.
        ablation_score: Computes METHODS' score, only where it is asked for.

    Raises:
        UserError: If the choice is ``fixed`` but there are several points.
    """
    if selection is Selection.fixed:
        if len(probe.grid) != 1:
            raise UserError(
                f"probe.selection=fixed: the grid has {len(probe.grid)} points, give one of each "
                "lambda_grid.lambda1 and lambda_grid.lambda2"
            )
        return 0
    if selection is Selection.sparsest:
        good = accuracy_dev >= accuracy_dev.max() - delta
        return int(torch.where(good, probe.nonzero, probe.weight.numel()).argmin())
    scores = ablation_score() if selection is Selection.ablation else accuracy_dev
    best = scores >= scores.max() - 1e-9
    return int(torch.where(best, probe.nonzero, probe.weight.numel()).argmin())


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
