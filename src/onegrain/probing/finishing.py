"""The end of a fit that mini-batches do not come to: quasi-Newton steps over all words.

Steps on mini-batches (`ElasticNetProbe`) come near an optimum in few passes, but in a metric in
which no neuron knows of another. With weak penalties and few words the rest of the way is long for
them; steps that know how neurons correlate (`minimise`) take it in some hundred passes.
"""

from __future__ import annotations

import logging

import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.models.lightning import choose_device
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.nearby import Sample, nearby, shrinkage
from onegrain.probing.objective import accuracy
from onegrain.probing.owl_qn import Objective, minimise
from onegrain.probing.probe import Probe

logger = logging.getLogger(__name__)

PAIRS = 60  # more than for the many points of a refit: fewer passes for memory


def finished(
    probe: Probe,
    train: LabelledActivations,
    passes: int,
    memory_gigabytes: float,
    accelerator: str,
) -> Probe:
    """Take every point that is not within tolerance there, in fp32, one after the other.

    Args:
        probe: Fitted on ``train``; points that were given up stay as they are.
        train: The words.
        passes: Over all words at most, for each point.
        memory_gigabytes: Activations are copied into memory once if they need no more than this.
        accelerator: Lightning's name of the device.
    """
    left = (~probe.converged & probe.complete).nonzero()[:, 0]
    if passes < 1 or not len(left):
        return probe
    logger.info("probe: %d of %d grid points go on, all words at once", len(left), len(probe.grid))
    device = choose_device(accelerator)
    sample = Sample.of(train, len(probe.labels), device)
    data = train.centered(sample.center.cpu()).held(memory_gigabytes, torch.float32, device)
    for point in left:
        probe = _with_finished(probe, point[None], data, sample, passes)
    return probe


def _with_finished(
    probe: Probe, point: Int[Tensor, "1"], data: LabelledActivations, sample: Sample, passes: int
) -> Probe:
    """Return the probe with one point taken to its optimum on centred ``data``."""
    device, before = sample.center.device, probe.select(point)
    grid, weight = before.grid.to(device), before.weight[0].to(device)
    bias = before.bias[0].to(device) + weight @ sample.center
    every = torch.ones(1, data.neurons, dtype=torch.bool, device=device)
    near = nearby(weight, bias, sample, every, shrinkage(grid, weight))
    objective = Objective(grid, data, torch.float32)
    reached = torch.cat([weight, bias[:, None]], dim=1)[None]
    start, reference = objective.begin(reached, sample.prior, probe.tolerance)
    enough = probe.tolerance * reference
    place, taken = minimise(start, objective, near.metric, enough, passes, PAIRS)
    relative = place.residual / reference
    logger.info("probe: after %d such passes the residual is %.1e", taken, relative)
    weight, bias = place.values[..., :-1], place.values[..., -1]
    hits = accuracy(weight, bias, data, torch.float32)
    there: dict[str, Tensor] = {
        "weight": weight,
        "bias": bias - weight @ sample.center,
        "objective": place.objective,
        "residual": relative,
        "train_accuracy": hits,
    }
    if before.epochs is not None:
        there["epochs"] = before.epochs + taken
    return probe.replaced(point, there)
