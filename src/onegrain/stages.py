"""The expensive stages of the pipeline, each found in the store if it was done before.

A stage's key holds all that its result depends on and nothing else: what was trained on what, by
content, and the settings that reach it. So another lambda grid does not train or record again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool
from torch import Tensor

from onegrain.activations.activations import Activations
from onegrain.activations.record import record
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.labels import UNLABELLED, LabelSet
from onegrain.models.evaluation import scores
from onegrain.models.instances import instance_part, without_repeats
from onegrain.models.lightning import choose_device
from onegrain.models.saved import load_model
from onegrain.models.text_model import TextModel
from onegrain.models.training import kept_epoch, train_model
from onegrain.neurons import NeuronLayout
from onegrain.precision import resolve_precision
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import Refit, refit_probe
from onegrain.settings import (
    ModelSettings,
    NlmModel,
    NmtModel,
    SearchSettings,
    Settings,
    TaskSettings,
    TrainerSettings,
    network_settings,
)
from onegrain.store import Store
from onegrain.tracking.runs import TrackedRun

log = logging.getLogger(__name__)

METRICS_FILE = "metrics.json"
PROBE_FILE = "probe.safetensors"


@runtime_checkable
class OpenRun(Protocol):
    """Opens a tracked run for one trained model."""

    def __call__(self, *, name: str) -> AbstractContextManager[TrackedRun]:
        """Open the run."""
        ...


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
    """

    name: str
    labels: tuple[str, ...]
    layout: NeuronLayout
    train: LabelledActivations
    dev: LabelledActivations
    test: LabelledActivations
    unknown_share: Mapping[str, float]


def trained_model(
    settings: Settings, data: Splits, instance: int, store: Store, open_run: OpenRun
) -> Path:
    """Return the folder of one trained instance (counted from 1).

    Its tracked run stays open until the scores of what was trained are known.
    """
    model = settings.model
    if not isinstance(model, NmtModel | NlmModel):
        raise TypeError(f"model={model.name} has no training")
    part, dev = _training_text(model, data, instance, settings.data.seed)
    seed = settings.seed + instance - 1
    key = {
        "model": network_settings(model),
        "trainer": _trained_with(settings.trainer),
        "text": asdict(settings.data.text),
        "seed": seed,
        "data": [part.fingerprint, dev.fingerprint],
    }
    runs: list[TrackedRun] = []
    with ExitStack() as open_runs:

        def make(folder: Path) -> None:
            name = f"{model.name} {settings.data.pair} #{instance}"
            run = open_runs.enter_context(open_run(name=name))
            chosen = (model, settings.trainer, settings.data.text, seed)
            train_model(part, dev, *chosen, folder, logger=run.lightning_logger())
            run.log_scalars(training_metrics(folder))
            runs.append(run)

        folder = store.get_or_make("model", key, make, resumable=True)
        for run in runs:
            run.log_scalars(model_scores(settings, data, folder, store))
    return folder if model.epoch is None else kept_epoch(folder, model.epoch)


def _trained_with(trainer: TrainerSettings) -> dict[str, Any]:
    """Return what training depends on; epochs that are kept only where there are any."""
    settings = asdict(trainer)
    kept = sorted(settings.pop("keep_epochs"))
    del settings["progress"]
    return settings | ({"keep_epochs": kept} if kept else {})


def _identity(model: Path) -> str:
    """Return what a trained model is called in the keys of what is made of it."""
    is_kept_epoch = model.parent.name == kept_epoch(model, 1).parent.name
    return f"{model.parent.parent.name} {model.name}" if is_kept_epoch else model.name


def training_metrics(folder: Path) -> dict[str, Any]:
    """Return what was measured in a folder of the store, by metric name."""
    metrics: dict[str, Any] = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    return metrics


def loaded(settings: Settings, model: Path) -> TextModel:
    """Return a trained model, in evaluation mode, on the device that the settings choose."""
    trained = load_model(model)
    trained.model.to(choose_device(settings.trainer.accelerator))
    return trained


def model_scores(settings: Settings, data: Splits, model: Path, store: Store) -> dict[str, Any]:
    """Return how well a trained model does on text that it was not trained on, by metric name."""
    chosen = settings.model
    search = (
        {item.name: getattr(chosen, item.name) for item in fields(SearchSettings)}
        if isinstance(chosen, SearchSettings)
        else {}
    )
    key = {
        "model": _identity(model),
        "search": search,
        "data": [replace(part, labels={}).fingerprint for part in (data.dev, data.test)],
    }

    def make(folder: Path) -> None:
        found = json.dumps(scores(loaded(settings, model), data, chosen), indent=2)
        (folder / METRICS_FILE).write_text(found + "\n", encoding="utf-8")

    return training_metrics(store.get_or_make("scores", key, make))


def _training_text(
    model: ModelSettings, data: Splits, instance: int, seed: int
) -> tuple[Corpus, Corpus]:
    """Return the instance's own part of the train split, and the dev split."""
    train, dev = _read_by(model, data.train), _read_by(model, data.dev)
    if isinstance(model, NlmModel):
        train = without_repeats(train)
    return instance_part(train, instance - 1, model.instances, seed), dev


def _read_by(model: ModelSettings, corpus: Corpus) -> Corpus:
    """Return what training reads of a corpus: words, and those of the translation for NMT."""
    other = corpus.translation if isinstance(model, NmtModel) else None
    translation = None if other is None else Corpus(other.language, other.sentences)
    return Corpus(corpus.language, corpus.sentences, translation=translation)


def recorded(settings: Settings, model: Path, corpus: Corpus, store: Store) -> Path:
    """Return the folder with the activations of every word of ``corpus``; labels do not matter."""
    words = Corpus(corpus.language, corpus.sentences)
    key = {
        "model": _identity(model),
        "corpus": words.fingerprint,
        "activations": asdict(settings.activations),
    }

    def make(folder: Path) -> None:
        trained = load_model(model)
        record(trained.model, trained.source, words, folder, settings.activations)

    return store.get_or_make("activations", key, make)


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
        numbers = labels.encode(getattr(corpora, split).labels[name])
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
    return ProbingTask(name, labels.names, layout, unknown_share=unknown, **parts)


def fitted_probe(
    settings: Settings, task: ProbingTask, recording: Path, corpus: Corpus, store: Store
) -> Probe:
    """Return the probe of every point of the lambda grid."""
    grid = settings.lambda_grid

    def make(folder: Path) -> None:
        points = LambdaGrid.product(grid.lambda1, grid.lambda2, settings.probe.penalty)
        probe = fit_probe(task.train, task.labels, points, **_fitting(settings))
        probe.save(folder / PROBE_FILE)

    key = _probe_key(settings, task, recording, corpus)
    return Probe.load(store.get_or_make("probe", key, make) / PROBE_FILE)


def refitting(
    settings: Settings,
    task: ProbingTask,
    recording: Path,
    corpus: Corpus,
    probe: Probe,
    point: int,
    store: Store,
) -> Refit:
    """Return what fits the chosen point of a `fitted_probe` again on some neurons only."""
    fitted = _probe_key(settings, task, recording, corpus)

    def refit(allowed: Bool[Tensor, "points neurons"]) -> Probe:
        def make(folder: Path) -> None:
            refitted = refit_probe(task.train, probe, point, allowed, **_fitting(settings))
            refitted.save(folder / PROBE_FILE)

        digest = sha256(np.packbits(allowed.numpy()).tobytes()).hexdigest()
        key = {"probe": fitted, "point": point, "allowed": digest, "masks": len(allowed)}
        return Probe.load(store.get_or_make("refit", key, make) / PROBE_FILE)

    return refit


def _probe_key(
    settings: Settings, task: ProbingTask, recording: Path, corpus: Corpus
) -> dict[str, Any]:
    chosen, grid = settings.probe, settings.lambda_grid
    fitting = _fitting(settings)
    return {
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


def _fitting(settings: Settings) -> dict[str, Any]:
    """Return how probes are fitted, as `fit_probe` and `refit_probe` take it."""
    chosen = settings.probe
    return {
        "tolerance": chosen.tolerance,
        "epochs": chosen.epochs,
        "batch_size": chosen.batch_size,
        "dtype": resolve_precision(chosen.precision, choose_device(settings.trainer.accelerator)),
        "memory_gigabytes": chosen.memory_gigabytes,
        "accelerator": settings.trainer.accelerator,
        "seed": settings.seed if chosen.seed is None else chosen.seed,
    }
