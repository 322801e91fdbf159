"""Which point of the lambda grid a run goes on with, always by the dev split."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.curves import probe_mask_curves
from onegrain.ablation.orders import ends_of
from onegrain.ablation.readings import value_at
from onegrain.ablation.schedule import neuron_counts
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import Scores
from onegrain.probing.selection import Choice, ablation_scores, select_point
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.settings import Settings
from onegrain.stages import ProbingTask

KEPT_SHARE = 0.2  # of neurons, in the ablation-driven choice


def chosen_point(settings: Settings, probe: Probe, task: ProbingTask, dev: Scores) -> Choice:
    """Return the grid point that ``probe.selection`` chooses.

    Args:
        settings: Those of the run.
        probe: Of every grid point.
        task: Whose dev split decides.
        dev: Scores of every point on it.
    """
    chosen = settings.probe
    return select_point(
        probe,
        dev.accuracy,
        chosen.selection,
        delta=chosen.delta,
        ablation_score=lambda: _ablation_scores(settings, probe, task, dev.accuracy),
    )


def _ablation_scores(
    settings: Settings, probe: Probe, task: ProbingTask, accuracy: Float[Tensor, " grid"]
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
    free = (probe.grid.lambda1 + probe.grid.lambda2).argmin()
    return ablation_scores(
        torch.tensor(kept["top"]),
        torch.tensor(kept["bottom"]),
        accuracy,
        float(accuracy[free]),
        settings.probe.alpha,
        settings.probe.beta,
    )
