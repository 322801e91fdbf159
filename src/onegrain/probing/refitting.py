"""The probe fitted again on some of the neurons only, for many choices of neurons at once.

The refits of a schedule are points of one grid: they share their penalties, and each has a mask of
the neurons that it may use, outside of which its weights are exactly zero. So they are one weight
tensor, fitted in the same passes over the data, to the same optimum as each on its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.models.lightning import choose_device
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.mask_batches import mask_batches
from onegrain.probing.nearby import Sample, log_frequencies, nearby, shrinkage
from onegrain.probing.objective import accuracy
from onegrain.probing.owl_qn import Objective, Place, minimise
from onegrain.probing.parts import parts_of
from onegrain.probing.probe import Probe

logger = logging.getLogger(__name__)

Refit = Callable[[Bool[Tensor, "points neurons"]], Probe]
"""Fits a probe again for each row of a mask: `refit_probe` with all but the mask chosen."""


def refit_probe(
    train: LabelledActivations,
    probe: Probe,
    point: int,
    allowed: Bool[Tensor, "points neurons"],
    *,
    tolerance: float = 1e-3,
    passes: int = 160,
    dtype: torch.dtype = torch.float32,
    memory_gigabytes: float = 6.0,
    accelerator: str = "auto",
) -> Probe:
    """Fit a probe again for each row of ``allowed``, on those neurons alone.

    The penalties are those of the probe's ``point``, and so is the objective
    (`onegrain.probing.objective`). Each refit starts near its optimum (`nearby`) and goes there by
    quasi-Newton steps (`minimise`).

    Args:
        train: The words to fit on, those of ``probe``.
        probe: The fitted probe.
        point: Which of its points is fitted again.
        allowed: The neurons of each refit. All of them are the probe itself; none of them leave
            the labels' frequencies.
        tolerance: Optimality residual, relative to that of zero weights, that ends a refit.
        passes: Over the data at most; refits that need more are marked.
        dtype: Of matrix products.
        memory_gigabytes: Activations are copied into memory once if they need no more than this.
        accelerator: Lightning's name of the device.

    Returns:
        One point for each row of ``allowed``, whose grid has the mask.

    Example:
        >>> from onegrain.probing.fitting import fit_probe
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))
        >>> labels = (values[:, 2] > 0).long()
        >>> data = LabelledActivations(InMemory(values), labels, torch.arange(600) // 10)
        >>> probe = fit_probe(data, ["A", "B"], LambdaGrid.product([1e-3], [1e-3]))
        >>> without_2 = torch.tensor([[True, True, False]])
        >>> refitted = refit_probe(data, probe, 0, without_2)
        >>> bool((refitted.weight[:, :, 2] == 0).all())
        True
        >>> bool(refitted.train_accuracy < 0.7)
        True
    """
    refitted = _repeated(probe, point, allowed, tolerance)
    for index in (~allowed.any(dim=1)).nonzero()[:, 0].tolist():
        _say_frequencies(refitted, index, train)
    batches = mask_batches(allowed, len(train), len(probe.labels))
    if not batches:
        return refitted
    device = choose_device(accelerator)
    sample = Sample.of(train, len(probe.labels), device)
    centered, weight = train.centered(sample.center.cpu()), probe.weight[point].to(device)
    bias = probe.bias[point].to(device) + weight @ sample.center
    for batch in batches:
        masks = allowed[batch].to(device)
        grid = refitted.grid.select(torch.tensor(batch)).to(device)
        near = nearby(weight, bias, sample, masks, shrinkage(grid, weight))
        logger.info("retraining: %d probes on %d neurons together", len(batch), len(near.neurons))
        data = centered.columns(near.neurons.cpu()).held(memory_gigabytes, dtype, device)
        narrow = LambdaGrid(grid.lambda1, grid.lambda2, grid.penalty, masks[:, near.neurons])
        objective = Objective(narrow, data, dtype)
        start, reference = objective.begin(near.start, sample.prior, tolerance)
        place, _ = minimise(start, objective, near.metric, tolerance * reference, passes)
        _write(refitted, batch, near.neurons, place, objective, reference, sample.center)
    return refitted


def _repeated(
    probe: Probe, point: int, allowed: Bool[Tensor, "points neurons"], tolerance: float
) -> Probe:
    """Return the chosen point once for each mask, with the weights that the mask leaves."""
    chosen, size = torch.tensor([point]), len(allowed)
    return Probe(
        grid=probe.grid.select(chosen).restricted(allowed),
        labels=probe.labels,
        weight=torch.where(allowed[:, None, :], probe.weight[point], 0.0),
        bias=probe.bias[chosen].repeat(size, 1),
        objective=probe.objective[chosen].repeat(size),
        residual=probe.residual[chosen].repeat(size),
        train_accuracy=probe.train_accuracy[chosen].repeat(size),
        tolerance=tolerance,
    )


def _say_frequencies(refitted: Probe, index: int, train: LabelledActivations) -> None:
    """Write down the optimum without neurons: the bias alone."""
    logits = log_frequencies(train.labels, len(refitted.labels))
    refitted.bias[index] = logits
    refitted.objective[index] = -logits[train.labels].mean()
    refitted.residual[index] = 0.0
    refitted.train_accuracy[index] = (train.labels == logits.argmax()).float().mean()


def _write(
    refitted: Probe,
    batch: Sequence[int],
    neurons: Int[Tensor, " neurons"],
    place: Place,
    objective: Objective,
    reference: Float[Tensor, " batch"],
    center: Float[Tensor, " all_neurons"],
) -> None:
    """Write down a batch, with biases for activations that are not centred."""
    rows, weight, bias = torch.tensor(batch), place.values[..., :-1], place.values[..., -1]
    parts = parts_of(objective.grid.allowed, *weight.shape)
    hits = accuracy(weight, bias, objective.data, objective.dtype, parts)
    refitted.weight[rows[:, None], :, neurons.cpu()] = weight.transpose(1, 2).cpu()
    refitted.bias[rows] = (bias - weight @ center[neurons]).cpu()
    refitted.objective[rows] = place.objective.cpu()
    refitted.residual[rows] = (place.residual / reference).cpu()
    refitted.train_accuracy[rows] = hits.cpu()


def prefix_masks(
    order: Sequence[int] | Tensor, counts: Sequence[int], neurons: int
) -> Bool[Tensor, "counts neurons"]:
    """Return, for each count, which neurons are among the first of an order.

    Example:
        >>> prefix_masks([2, 0, 1], [1, 2], neurons=3).int().tolist()
        [[0, 0, 1], [1, 0, 1]]
    """
    place = torch.full((neurons,), neurons)
    place[torch.as_tensor(order)] = torch.arange(len(order))
    return place < torch.tensor(list(counts))[:, None]
