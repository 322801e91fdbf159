"""Labelled activations and the probes fitted on them, found in the store."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from onegrain.activations.activations import Activations
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.labels import UNLABELLED, LabelSet
from onegrain.models.lightning import choose_device
from onegrain.neurons import NeuronLayout
from onegrain.precision import resolve_precision
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.online_coding import OnlineCode, online_code
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import Refit, refit_probe
from onegrain.probing.search import Plan, Score, search_probe
from onegrain.settings import (
    LambdaSearchSettings,
    Precision,
    Settings,
    TaskSettings,
)
from onegrain.store import Store

log = logging.getLogger(__name__)

PROBE_FILE = "probe.safetensors"
CODE_FILE = "online_code.json"
BF16_RESIDUAL = 0.01  # what rounding leaves of it, times the square root of the number of words
NEAR = 1e-3  # a residual near enough for rounding to matter no more
PASSES_AN_EPOCH = 4  # a pass of a refit takes one step, where an epoch takes many


@dataclass(frozen=True, eq=False)
class ProbingTask:
    """A recorded and labelled corpus; words that the task leaves out are not in it.

    Attributes:
        name: Of the task.
        labels: Label names by id, those of the training split.
        layout: What the neurons are.
        train: Activations and labels of the training split.
        dev: The same for the dev split.
        test: The same for the test split.
        unknown_share: The share of words in each split that the model read as unknown.
        dev_origin: What the dev split was made of, for the key of what it decides.
    """

    name: str
    labels: tuple[str, ...]
    layout: NeuronLayout
    train: LabelledActivations
    dev: LabelledActivations
    test: LabelledActivations
    unknown_share: Mapping[str, float]
    dev_origin: tuple[str, ...] = ()


def probing_task(
    settings: TaskSettings, corpora: Splits, recordings: Mapping[str, Path]
) -> ProbingTask:
    """Put recorded activations and labels together; warn where many words are unknown."""
    name = settings.name
    labels = LabelSet.of(corpora.train.labels[name])
    layout = Activations.open(recordings["train"]).layout
    unknown: dict[str, float] = {}
    parts: dict[str, LabelledActivations] = {}
    for split, folder in recordings.items():
        activations = Activations.open(folder)
        numbers = labels.encode(getattr(corpora, split).labels[name], split)
        if bool((numbers == UNLABELLED).any()):
            rows = (numbers != UNLABELLED).nonzero()[:, 0]
            activations, numbers = activations.select(rows), numbers[rows]
        sentences = activations.tokens.sentence.unique_consecutive(return_inverse=True)[1]
        parts[split] = LabelledActivations(activations, numbers, sentences)
        unknown[split] = float(activations.tokens.unknown.float().mean())
        if unknown[split] > settings.unknown_limit:
            log.warning(
                "%.1f%% of the %s words are unknown to the model (task.unknown_limit=%g): the "
                "labelled text and the model's differ, and no neuron can tell unknown words apart",
                100 * unknown[split], split, settings.unknown_limit,
            )  # fmt: skip
    origin = (recordings["dev"].name, corpora.dev.fingerprint)
    return ProbingTask(
        name, labels.names, layout, unknown_share=unknown, dev_origin=origin, **parts
    )


def fitted_probe(
    settings: Settings,
    task: ProbingTask,
    recording: Path,
    corpus: Corpus,
    store: Store,
    score: Score | None = None,
) -> Probe:
    """Return the probe of every point of the lambda grid, all of which a search begins with.

    The only point of a grid is fitted to ``probe.tolerance``; several are to be compared, for which
    ``lambda_grid.tolerance`` is enough.

    Args:
        settings: Those of the run.
        task: Words and labels.
        recording: Where the activations of the training words lie.
        corpus: The training words.
        store: Of finished work.
        score: Says how good points are on dev, for a search.
    """
    grid = settings.lambda_grid
    if len(grid.lambda1) * len(grid.lambda2) > 1:
        settings = comparing(settings)

    def make(folder: Path) -> None:
        points = LambdaGrid.product(grid.lambda1, grid.lambda2, settings.probe.penalty)
        options = {**_fitting(settings, len(task.train)), "processes": settings.trainer.processes}
        products = str(options["dtype"]).removeprefix("torch.")
        log.info("probe: %d words, products in %s", len(task.train), products)
        if grid.search.enabled:
            assert score is not None
            plan = _plan(grid.search, options.pop("epochs"))
            fit = partial(fit_probe, task.train, task.labels, **options)
            probe = search_probe(points, plan, fit, score)
        else:
            probe = fit_probe(task.train, task.labels, points, **options)
        probe.save(folder / PROBE_FILE)

    key = _probe_key(settings, task, recording, corpus)
    return Probe.load(store.get_or_make("probe", key, make) / PROBE_FILE)


def at_point(settings: Settings, lambda1: float, lambda2: float) -> Settings:
    """Return the settings of a probe with these penalties, as if they had always been the only."""
    grid, search = settings.lambda_grid, LambdaSearchSettings()
    grid = replace(grid, lambda1=[lambda1], lambda2=[lambda2], search=search)
    return replace(settings, lambda_grid=grid)


def comparing(settings: Settings) -> Settings:
    """Return settings whose probes are fitted well enough to compare their accuracies."""
    probe, grid = settings.probe, settings.lambda_grid
    tolerance, epochs = max(probe.tolerance, grid.tolerance), min(probe.epochs, grid.epochs)
    return replace(settings, probe=replace(probe, tolerance=tolerance, epochs=epochs))


def refitting(
    settings: Settings,
    task: ProbingTask,
    recording: Path,
    corpus: Corpus,
    probe: Probe,
    store: Store,
) -> Refit:
    """Return what fits a `fitted_probe` of one point again on some neurons only."""
    fitted = _probe_key(settings, task, recording, corpus)
    compared = comparing(settings)
    passes = PASSES_AN_EPOCH * compared.probe.epochs

    def refit(allowed: Bool[Tensor, "points neurons"]) -> Probe:
        def make(folder: Path) -> None:
            options = _fitting_on_all_words(compared, len(task.train))
            refitted = refit_probe(task.train, probe, 0, allowed, passes=passes, **options)
            refitted.save(folder / PROBE_FILE)

        digest = sha256(np.packbits(allowed.numpy()).tobytes()).hexdigest()
        masks = {"masks": len(allowed), "allowed": digest}
        tolerance = compared.probe.tolerance
        key = {"probe": fitted, "tolerance": tolerance, "passes": passes, **masks}
        return Probe.load(store.get_or_make("refit", key, make) / PROBE_FILE)

    return refit


def coded_online(
    settings: Settings,
    task: ProbingTask,
    recording: Path,
    corpus: Corpus,
    probe: Probe,
    store: Store,
) -> OnlineCode:
    """Return the online code of the training labels, with the penalties of a one-point probe."""
    settings = comparing(settings)

    def make(folder: Path) -> None:
        code = online_code(
            task.train, task.labels, probe.grid, **_fitting(settings, len(task.train))
        )
        (folder / CODE_FILE).write_text(json.dumps(asdict(code)) + "\n", encoding="utf-8")

    key = {"probe": _probe_key(settings, task, recording, corpus)}
    folder = store.get_or_make("online_code", key, make)
    code = json.loads((folder / CODE_FILE).read_text(encoding="utf-8"))
    return OnlineCode(code["words"], code["labels"], tuple(code["ends"]), tuple(code["bits"]))


def _probe_key(
    settings: Settings, task: ProbingTask, recording: Path, corpus: Corpus
) -> dict[str, Any]:
    chosen, grid = settings.probe, settings.lambda_grid
    fitting = _fitting(settings, len(task.train))
    decided = (chosen.selection, chosen.delta, chosen.alpha, chosen.beta, *task.dev_origin)
    search = {"search": [asdict(grid.search), *decided]} if grid.search.enabled else {}
    return search | {
        "activations": recording.name,
        "labels": corpus.fingerprint,
        "task": task.name,
        "grid": [grid.lambda1, grid.lambda2],
        "penalty": chosen.penalty,
        "tolerance": chosen.tolerance,
        "epochs": chosen.epochs,
        "batch_size": chosen.batch_size,
        "dtype": str(fitting["dtype"]),
        "seed": fitting["seed"],
    }


def _plan(search: LambdaSearchSettings, epochs: int) -> Plan:
    return Plan(search.look, search.keep, search.head_start, epochs)


def _fitting(settings: Settings, words: int) -> dict[str, Any]:
    """Return how probes are fitted in batches of words, as `fit_probe` takes it."""
    chosen = settings.probe
    return {
        **_fitting_on_all_words(settings, words),
        "epochs": chosen.epochs,
        "batch_size": chosen.batch_size,
        "seed": settings.seed if chosen.seed is None else chosen.seed,
    }


def _fitting_on_all_words(settings: Settings, words: int) -> dict[str, Any]:
    """Return how probes are fitted on all words at once, as `refit_probe` takes it."""
    chosen = settings.probe
    return {
        "tolerance": chosen.tolerance,
        "dtype": _products(settings, words),
        "memory_gigabytes": chosen.memory_gigabytes,
        "accelerator": settings.trainer.accelerator,
    }


def _products(settings: Settings, words: int) -> torch.dtype:
    """Return the number format of matrix products: no rounder than what they are to reach.

    A single point has fp32 passes to get nearer its optimum than that (`fit_probe`).
    """
    chosen = settings.probe
    wanted = max(chosen.tolerance, NEAR)
    dtype = resolve_precision(chosen.precision, choose_device(settings.trainer.accelerator))
    if chosen.precision is Precision.auto and BF16_RESIDUAL / words**0.5 > wanted / 3:
        return torch.float32
    return dtype
