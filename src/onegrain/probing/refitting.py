"""The probe fitted again on some of the neurons only, for many choices of neurons at once.

The refits of a schedule are points of one grid: they share their penalties, and each has a mask of
the neurons that it may use, outside of which its weights are exactly zero. So they are one weight
tensor, fitted in the same passes over the data, to the same optimum as each on its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from onegrain.probing.fitting import fit_probe
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.objective import Biases, Weights
from onegrain.probing.probe import Probe

Refit = Callable[[Bool[Tensor, "points neurons"]], Probe]
"""Fits a probe again for each row of a mask: `refit_probe` with all but the mask chosen."""

logger = logging.getLogger(__name__)

START_WORDS = 20_000  # over which neurons are predicted from others; a start need not be exact
RIDGE = 1e-3  # of a neuron's variance
OPENING_COST = 1e9  # of a batch, in multiplications: what its steps cost whatever their size
MEMORY_BYTES = 2**31  # of remembered gradients in a batch


def refit_probe(
    train: LabelledActivations,
    probe: Probe,
    point: int,
    allowed: Bool[Tensor, "points neurons"],
    *,
    tolerance: float = 1e-3,
    epochs: int = 40,
    batch_size: int | None = None,
    dtype: torch.dtype = torch.float32,
    memory_gigabytes: float = 6.0,
    accelerator: str = "auto",
    seed: int = 0,
) -> Probe:
    """Fit a probe again for each row of ``allowed``, on those neurons alone.

    The penalties are those of the probe's ``point``. Each refit starts where the whole probe's
    logits are best predicted from its neurons (`projected`), and ends as `fit_probe` ends.

    Args:
        train: The words to fit on, those of ``probe``.
        probe: The fitted probe.
        point: Which of its points is fitted again.
        allowed: The neurons of each refit. All of them are the probe itself; none of them leave
            the labels' frequencies.
        tolerance: As for `fit_probe`, like all that follow.
        epochs: Passes over the data at most.
        batch_size: Words in a step.
        dtype: Of matrix products.
        memory_gigabytes: Activations are copied into memory once if they need no more than this.
        accelerator: Lightning's name of the device.
        seed: Of the order of the words.

    Returns:
        One point for each row of ``allowed``, whose grid has the mask.

    Example:
        >>> from onegrain.probing.grid import LambdaGrid
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
    start_weight, start_bias = projected(probe.weight[point], probe.bias[point], train, allowed)
    whole = torch.tensor([point])
    grid = probe.grid.select(whole).restricted(allowed)
    size = len(allowed)
    refitted = Probe(
        grid=grid,
        labels=probe.labels,
        weight=torch.where(allowed[:, None, :], probe.weight[point], 0.0),
        bias=probe.bias[whole].repeat(size, 1),
        objective=probe.objective[whole].repeat(size),
        residual=probe.residual[whole].repeat(size),
        train_accuracy=probe.train_accuracy[whole].repeat(size),
        tolerance=tolerance,
    )
    for index in (~allowed.any(dim=1)).nonzero()[:, 0].tolist():
        _say_frequencies(refitted, index, train)
    for batch in _batches(allowed, len(train), len(probe.labels)):
        neurons = allowed[batch].any(dim=0).nonzero()[:, 0]
        logger.info("retraining: %d probes on %d neurons together", len(batch), len(neurons))
        part = fit_probe(
            train.columns(neurons),
            probe.labels,
            probe.grid.select(whole).restricted(allowed[batch][:, neurons]),
            tolerance=tolerance,
            epochs=epochs,
            batch_size=batch_size,
            dtype=dtype,
            memory_gigabytes=memory_gigabytes,
            accelerator=accelerator,
            seed=seed,
            start=(start_weight[batch][:, :, neurons], start_bias[batch]),
        )
        refitted.weight[torch.tensor(batch)[:, None], :, neurons] = part.weight.transpose(1, 2)
        for name in ("bias", "objective", "residual", "train_accuracy"):
            getattr(refitted, name)[batch] = getattr(part, name)
    return refitted


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


def projected(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    allowed: Bool[Tensor, "points neurons"],
) -> tuple[Weights, Biases]:
    """Return, for each mask, the weights whose logits are nearest to those of the whole probe.

    Nearest in squares, over words: what a neuron outside of the mask contributes is predicted
    from those inside by ridge regression. That is nearer to the refit's optimum than the whole
    probe's own weights, and needs covariances only.
    """
    sample = data.spread(START_WORDS)
    mean = sample.mean()
    centered = sample.activations.gather(torch.arange(len(sample))).float() - mean
    scale = centered.square().mean(dim=0).sqrt().clamp(min=torch.finfo(torch.float32).tiny ** 0.5)
    centered /= scale
    correlation = (centered.T @ centered) / len(sample)
    target = (weight * scale) @ correlation
    correlation.diagonal().add_(RIDGE)
    starts = torch.zeros(len(allowed), *weight.shape)
    for start, mask in zip(starts, allowed, strict=True):
        kept = mask.nonzero()[:, 0]
        factor = torch.linalg.cholesky(correlation[kept][:, kept])
        start[:, kept] = torch.cholesky_solve(target[:, kept].T, factor).T / scale[kept]
    return starts, bias + (weight - starts) @ mean


def _say_frequencies(refitted: Probe, index: int, train: LabelledActivations) -> None:
    """Write down the optimum without neurons: the bias alone."""
    counts = torch.bincount(train.labels, minlength=len(refitted.labels))
    share = (counts + 0.5) / (counts + 0.5).sum()
    refitted.bias[index] = share.log()
    refitted.objective[index] = -(counts * share.log()).sum() / len(train)
    refitted.residual[index] = 0.0
    refitted.train_accuracy[index] = counts.max() / len(train)


def _batches(allowed: Bool[Tensor, "points neurons"], words: int, labels: int) -> list[list[int]]:
    """Part the masks into batches that cost little together; whole and empty ones need no fit.

    A batch multiplies the union of its neurons for each of its points, so masks of similar
    neurons belong together, the more so the larger the data; every batch has a cost of its own,
    so on small data all may. Greedy, from the largest mask to the smallest.
    """
    counts = allowed.sum(dim=1)
    opening = OPENING_COST / (words * labels)
    most = max(1, MEMORY_BYTES // (4 * words * labels))
    batches: list[list[int]] = []
    unions: list[Bool[Tensor, " neurons"]] = []
    for index in counts.argsort(descending=True, stable=True).tolist():
        if int(counts[index]) in (0, allowed.shape[1]):
            continue
        mask = allowed[index]
        costs = [
            float((union | mask).sum()) * (len(batch) + 1) - float(union.sum()) * len(batch)
            for batch, union in zip(batches, unions, strict=True)
        ]
        free = [number for number, batch in enumerate(batches) if len(batch) < most]
        best = min(free, key=costs.__getitem__, default=None)
        if best is None or costs[best] > opening + float(counts[index]):
            batches.append([index])
            unions.append(mask)
        else:
            batches[best].append(index)
            unions[best] = unions[best] | mask
    return batches
