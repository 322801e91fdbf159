"""Which point of the lambda grid a run goes on with, always by the dev split."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.curves import probe_mask_curves
from onegrain.ablation.orders import ends_of
from onegrain.ablation.readings import value_at
from onegrain.ablation.schedule import neuron_counts
from onegrain.errors import UserError
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import Scores, score
from onegrain.probing.selection import Choice, Ratings, ablation_scores, rate
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.settings import Selection, Settings
from onegrain.stages import ProbingTask

KEPT_SHARE = 0.2  # of neurons, in the ablation-driven choice


def chosen_point(settings: Settings, probe: Probe, task: ProbingTask, dev: Scores) -> Choice:
    """Return the grid point that ``probe.selection`` chooses, of those fitted to their end.

    Args:
        settings: Those of the run.
        probe: Of every grid point.
        task: Whose dev split decides.
        dev: Scores of every point on it.

    Raises:
        UserError: If the choice is ``fixed`` but there are several points.
    """
    if settings.probe.selection is Selection.fixed and len(probe.grid) != 1:
        raise UserError(
            f"probe.selection=fixed: the grid has {len(probe.grid)} points, give one of each "
            "lambda_grid.lambda1 and lambda_grid.lambda2"
        )
    free = (probe.grid.lambda1 + probe.grid.lambda2).argmin()
    points = probe.complete.nonzero()[:, 0]
    complete, accuracy = probe.select(points), dev.accuracy[points]
    best = _ratings(settings, task, complete, accuracy, float(dev.accuracy[free])).choice
    return replace(best, point=int(points[best.point]))


def points_score(settings: Settings, task: ProbingTask, probe: Probe) -> Float[Tensor, " grid"]:
    """Return how good grid points are on dev by ``probe.selection``, for a search."""
    accuracy = score(probe, task.dev).accuracy
    # What regularisation costs is counted from one accuracy for all points, so any will do.
    return _ratings(settings, task, probe, accuracy, float(accuracy.max())).score


def _ratings(
    settings: Settings,
    task: ProbingTask,
    probe: Probe,
    accuracy: Float[Tensor, " grid"],
    unregularised: float,
) -> Ratings:
    chosen = settings.probe
    return rate(
        probe,
        accuracy,
        chosen.selection,
        delta=chosen.delta,
        ablation_score=lambda: _ablation_scores(settings, probe, task, accuracy, unregularised),
    )


def _ablation_scores(
    settings: Settings,
    probe: Probe,
    task: ProbingTask,
    accuracy: Float[Tensor, " grid"],
    unregularised: float,
) -> Float[Tensor, " grid"]:
    """Score grid points by what their top and bottom neurons keep on dev (METHODS, section 4)."""
    counts = neuron_counts(task.layout.size, [KEPT_SHARE])
    kept: dict[str, list[float]] = {"top": [], "bottom": []}
    for weight, bias in zip(probe.weight, probe.bias, strict=True):
        ranking = rank_by_weights(weight, probe.labels, task.layout, settings.seed)
        orders = ends_of(ranking.order, settings.seed)
        curves = probe_mask_curves(weight, bias, task.dev, orders, counts, bootstrap_samples=1)
        for order, values in kept.items():
            values.append(value_at(curves, order, KEPT_SHARE))
    return ablation_scores(
        torch.tensor(kept["top"]),
        torch.tensor(kept["bottom"]),
        accuracy,
        unregularised,
        settings.probe.alpha,
        settings.probe.beta,
    )
