"""Fit a probe with Lightning's Trainer."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.data import DataLoader

from onegrain.models.lightning import choose_device, quiet
from onegrain.probing.batches import WordBatches
from onegrain.probing.elastic_net import WARM_UP_EPOCHS, ElasticNetProbe
from onegrain.probing.finishing import finished
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.looks import Looks
from onegrain.probing.probe import Probe
from onegrain.ranks import ALONE, Ranks, run_ranks

logger = logging.getLogger(__name__)

# Adam's usual 3e-3 for 256 words, grown with the square root of the batch as its noise shrinks.
LEARNING_RATE_PER_ROOT_WORD = 1.8e-4
STEPPED_EPOCHS = 80  # on mini-batches, at most: what comes within tolerance so does it by then
FEW_WEIGHTS = 2**15  # of a single point: steps take longer than their products, passes are quicker
STEPPED_EPOCHS_OF_FEW = 20
LITTLE = 2**29  # words x weights: an epoch takes as long as several passes
STEPPED_EPOCHS_OF_LITTLE = 5
ENOUGH_EPOCHS = 80  # where fewer are allowed, mini-batches come nearer


def fit_probe(
    train: LabelledActivations,
    labels: Sequence[str],
    grid: LambdaGrid,
    *,
    tolerance: float = 1e-4,
    epochs: int | float = 600,
    batch_size: int | None = None,
    dtype: torch.dtype = torch.float32,
    memory_gigabytes: float = 6.0,
    accelerator: str = "auto",
    seed: int = 0,
    processes: int = 1,
    looks: Looks | None = None,
) -> Probe:
    """Fit all points of ``grid``, in the same passes over ``train``.

    Mini-batches (`ElasticNetProbe`) bring most points to their optimum; a point that they do not is
    finished on all words at once (`onegrain.probing.finishing`).

    Activations are centred while fitting. That changes no optimum, since the bias is free and not
    penalised, but a common mean is what makes neurons look most alike and steps short. Any center
    may be chosen, so a mean over some of the words is near enough.

    Args:
        train: The words to fit on; every label must be known.
        labels: Label names, by id.
        grid: Penalties, one probe for each.
        tolerance: Optimality residual, relative to that of zero weights, that ends a point's fit.
        epochs: Passes over the data at most, of which up to 80 are on mini-batches (where 80 or
            more are allowed, of a single point of fewer than 32,768 weights 20, or 5 where that
            times the words is below 5e8); points that need more are marked. Below 1, only this
            share of the words is read, once, in an order drawn at random.
        batch_size: Words in a step; by default a sixtieth of all, between 64 and 2048, and no more
            than 512, or 768 for several points, with ``epochs`` of up to 2, where more steps are
            worth more than quick ones.
        dtype: Of matrix products on mini-batches; those on all words are fp32.
        memory_gigabytes: Activations are copied into memory once if they need no more than this.
        accelerator: Lightning's name of the device.
        seed: Of the order of the words.
        processes: How many share the words; each takes its part of every batch, and gradients are
            summed, so that the weights are those of one process but for rounding.
        looks: After which epochs points may be given up, and what says which; by default none are.

    Returns:
        The probes; where there are ``looks``, `Probe.fitted` says which were not given up. With
        ``epochs`` of up to 2, which is before any point can have converged, objective, residual and
        training accuracy are measured on 20,000 of the words.

    Raises:
        ValueError: If ``epochs`` is neither whole nor a share, ``tolerance`` is negative, a
            training word has no label id of ``labels``, activations are not finite, or the grid has
            masks, which are `onegrain.probing.refitting.refit_probe`'s.
    """
    if grid.allowed is not None:
        raise ValueError("a probe is first fitted on all neurons; refit_probe takes masks")
    if epochs <= 0 or (epochs > 1 and epochs % 1):
        raise ValueError(f"epochs={epochs:g}: take a whole number, or less than 1 for a share")
    if not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance:g}: take a number that is not negative")
    if not 0 <= int(train.labels.min()) <= int(train.labels.max()) < len(labels):
        raise ValueError("every training word needs a label id of the label set")
    center = train.rough_mean()
    broken = (~center.isfinite()).nonzero()[:, 0].tolist()
    if broken:
        raise ValueError(f"activations are not finite, such as those of neuron {broken[0]}")
    stepped = _stepped_epochs(len(train), len(grid), len(labels) * train.neurons, epochs)
    fit = _Fit(
        tuple(labels),
        grid,
        center,
        tolerance,
        stepped,
        batch_size or _usual_batch(len(train), len(grid), epochs),
        dtype,
        memory_gigabytes,
        accelerator,
        seed,
        looks,
    )
    probe = _fitted(fit, train, min(processes, len(train)))
    return finished(probe, train, math.ceil(epochs - stepped), memory_gigabytes, accelerator)


def _stepped_epochs(words: int, points: int, weights: int, epochs: int | float) -> int | float:
    """Return how many of the epochs are steps on mini-batches."""
    if points > 1 or weights >= FEW_WEIGHTS or epochs < ENOUGH_EPOCHS:
        return min(epochs, STEPPED_EPOCHS)
    return STEPPED_EPOCHS_OF_LITTLE if words * weights < LITTLE else STEPPED_EPOCHS_OF_FEW


def _fitted(fit: _Fit, train: LabelledActivations, processes: int) -> Probe:
    if processes == 1:
        return fit.on(train)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "probe.safetensors"
        run_ranks(processes, _fit_share, fit, train, file)
        return Probe.load(file)


def _usual_batch(words: int, points: int, epochs: int | float) -> int:
    brief = 512 if points == 1 else 768  # a step of many points takes time beside its products
    return min(max(words // 60, 64), 2048 if epochs > WARM_UP_EPOCHS else brief)


def _fit_share(ranks: Ranks, fit: _Fit, train: LabelledActivations, file: Path) -> None:
    """Fit on one process's part of the words; the first writes what all have found."""
    rows = ranks.rows(len(train))
    probe = fit.on(train.select(torch.arange(rows.start, rows.stop)), ranks)
    if ranks.rank == 0:
        probe.save(file)


@dataclass(frozen=True, eq=False)
class _Fit:
    """All that says how a probe is fitted, and no data."""

    labels: tuple[str, ...]
    grid: LambdaGrid
    center: Float[Tensor, " neurons"]
    tolerance: float
    epochs: int | float
    batch_size: int
    dtype: torch.dtype
    memory_gigabytes: float
    accelerator: str
    seed: int
    looks: Looks | None

    def on(self, train: LabelledActivations, ranks: Ranks = ALONE) -> Probe:
        """Fit on these words, or with other processes on theirs too."""
        train = train.centered(self.center)
        if self.epochs > 1:  # words that are read once need no copy
            train = train.held(self.memory_gigabytes, self.dtype)
        words = WordBatches(train, self.batch_size, self.seed, self.dtype, ranks)
        module = ElasticNetProbe(
            self.grid,
            len(self.labels),
            words,
            tolerance=self.tolerance,
            max_epochs=math.ceil(self.epochs),
            learning_rate=LEARNING_RATE_PER_ROOT_WORD * self.batch_size**0.5,
            dtype=self.dtype,
            ranks=ranks,
            looks=() if self.looks is None else self.looks.epochs,
            staying=self._staying,
        )
        _run(module, DataLoader(words, batch_size=None), self.epochs, self.accelerator, ranks)
        probe = self._result(module)
        return replace(probe, fitted=None) if self.looks is None else probe

    def _staying(self, module: ElasticNetProbe) -> Bool[Tensor, " grid"]:
        assert self.looks is not None
        return self.looks.staying(self._result(module))

    def _result(self, module: ElasticNetProbe) -> Probe:
        weight = module.weight.detach().cpu()
        return Probe(
            grid=module.grid,
            labels=self.labels,
            weight=weight,
            bias=module.bias.detach().cpu() - weight @ self.center,
            objective=module.objective.cpu(),
            residual=module.relative_residual.cpu(),
            train_accuracy=module.train_accuracy.cpu(),
            tolerance=module.tolerance,
            epochs=module.epochs.cpu(),
            fitted=~module.given_up.cpu(),
        )


def _run(
    module: ElasticNetProbe,
    batches: DataLoader[object],
    epochs: int | float,
    accelerator: str,
    ranks: Ranks,
) -> None:
    shares_gpus = ranks.count > 1 and choose_device(accelerator).type == "cuda"
    with quiet():
        # Proximal steps have no torch optimizer, and batches come whole.
        warnings.filterwarnings("ignore", message=".*configure_optimizers.* returned `None`.*")
        warnings.filterwarnings("ignore", message=".*`IterableDataset` has `__len__` defined.*")
        trainer = pl.Trainer(
            max_epochs=math.ceil(epochs),
            limit_train_batches=max(1, round(min(epochs, 1) * len(batches))),
            accelerator=accelerator,
            devices=[ranks.rank % torch.cuda.device_count()] if shares_gpus else 1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, batches)
