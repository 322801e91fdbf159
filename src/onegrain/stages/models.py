"""Trained models and how well they do, found in the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.encoding import count_tokens
from onegrain.data.word_vectors import WordVectors, read_vectors
from onegrain.models.evaluation import scores
from onegrain.models.instances import instance_part, without_repeats
from onegrain.models.lightning import choose_device
from onegrain.models.pretrained import load_pretrained, pretrained_folder
from onegrain.models.saved import load_model
from onegrain.models.text_model import TextModel
from onegrain.models.training import kept_epoch, train_model
from onegrain.models.transformer import StudiedModel
from onegrain.settings import (
    NlmModel,
    NmtModel,
    SearchSettings,
    Settings,
    TaggerModel,
    TrainerSettings,
    TransformerModel,
    network_settings,
)
from onegrain.store import Store
from onegrain.tracking.runs import TrackedRun

METRICS_FILE = "metrics.json"


@runtime_checkable
class OpenRun(Protocol):
    """Opens a tracked run for one trained model."""

    def __call__(self, *, name: str) -> AbstractContextManager[TrackedRun]:
        """Open the run."""
        ...


def model_text(settings: Settings, data: Splits, labelled: Splits) -> Splits:
    """Return what the model is trained, scored and compared on: a tagger knows labelled text only.

    Args:
        settings: Those of the run.
        data: The text of ``data=``.
        labelled: That of ``task=``.
    """
    return labelled if isinstance(settings.model, TaggerModel) else data


def trained_model(
    settings: Settings, data: Splits, instance: int, store: Store, open_run: OpenRun
) -> Path:
    """Return the folder of one trained instance (counted from 1).

    Its tracked run stays open until the scores of what was trained are known. A pretrained model
    stays in the folder that it was found in.
    """
    model = settings.model
    if isinstance(model, TransformerModel):
        return pretrained_folder(model)
    if not isinstance(model, NmtModel | NlmModel | TaggerModel):
        raise TypeError(f"model={model.name} has no training")
    part, dev = _training_text(settings, data, instance)
    vectors = _vectors(settings, data)
    seed = settings.seed + instance - 1
    key: dict[str, Any] = {
        "model": network_settings(model),
        "trainer": _trained_with(settings.trainer),
        "text": asdict(settings.data.text),
        "seed": seed,
        "data": [part.fingerprint, dev.fingerprint],
    }
    if vectors is not None:
        key["vectors"] = vectors.fingerprint
    runs: list[TrackedRun] = []
    with ExitStack() as open_runs:

        def make(folder: Path) -> None:
            name = f"{model.name} {settings.data.pair} #{instance}"
            run = open_runs.enter_context(open_run(name=name))
            chosen = (model, settings.trainer, settings.data.text, seed)
            logger = run.lightning_logger()
            train_model(part, dev, *chosen, folder, logger=logger, vectors=vectors)
            run.log_scalars(training_metrics(folder))
            runs.append(run)

        folder = store.get_or_make("model", key, make, resumable=True)
        for run in runs:
            run.log_made("model", folder)
            run.log_scalars(model_scores(settings, data, folder, store))
    return folder if model.epoch is None else kept_epoch(folder, model.epoch)


def _trained_with(trainer: TrainerSettings) -> dict[str, Any]:
    """Return what training depends on; epochs that are kept only where there are any."""
    settings = asdict(trainer)
    kept = sorted(settings.pop("keep_epochs"))
    del settings["progress"], settings["strategy"]
    return settings | ({"keep_epochs": kept} if kept else {})


def identity(model: Path) -> str:
    """Return what a model trained here is called in the keys of what is made of it."""
    is_kept_epoch = model.parent.name == kept_epoch(model, 1).parent.name
    return f"{model.parent.parent.name} {model.name}" if is_kept_epoch else model.name


def model_metrics(
    settings: Settings, data: Splits, model: Path | None, store: Store
) -> dict[str, Any]:
    """Return what is known of a model that was trained here; nothing of others."""
    if model is None or isinstance(settings.model, TransformerModel):
        return {}
    return training_metrics(model) | model_scores(settings, data, model, store)


def training_metrics(folder: Path) -> dict[str, Any]:
    """Return what was measured in a folder of the store, by metric name."""
    metrics: dict[str, Any] = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    return metrics


def loaded(settings: Settings, model: Path | None) -> StudiedModel | None:
    """Return a model, in evaluation mode, on the device that the settings choose.

    None where there is none, but only recordings of it.
    """
    chosen = settings.model
    if model is None:
        return None
    if isinstance(chosen, TransformerModel):
        pretrained = load_pretrained(model, chosen)
        pretrained.model.to(choose_device(settings.trainer.accelerator))
        return pretrained
    return _loaded_trained(settings, model)


def _loaded_trained(settings: Settings, model: Path) -> TextModel:
    trained = load_model(model)
    trained.model.to(choose_device(settings.trainer.accelerator))
    return trained


def reading(settings: Settings, model: Path | None) -> Callable[[Corpus], Corpus]:
    """Return what makes of a corpus that which the model reads of it, with its labels.

    A model trained here reads all of it; see `PieceEncoder.readable` for pretrained ones.
    """
    if model is not None and isinstance(settings.model, TransformerModel):
        return load_pretrained(model, settings.model).source.readable
    return lambda corpus: corpus


def model_scores(settings: Settings, data: Splits, model: Path, store: Store) -> dict[str, Any]:
    """Return how well a trained model does on text that it was not trained on, by metric name."""
    chosen = settings.model
    search = (
        {item.name: getattr(chosen, item.name) for item in fields(SearchSettings)}
        if isinstance(chosen, SearchSettings)
        else {}
    )
    key = {
        "model": identity(model),
        "search": search,
        "data": [_scored(settings, part).fingerprint for part in (data.dev, data.test)],
    }

    def make(folder: Path) -> None:
        found = json.dumps(scores(_loaded_trained(settings, model), data, chosen), indent=2)
        (folder / METRICS_FILE).write_text(found + "\n", encoding="utf-8")

    return training_metrics(store.get_or_make("scores", key, make))


def _training_text(settings: Settings, data: Splits, instance: int) -> tuple[Corpus, Corpus]:
    """Return what an instance reads of the train split, and the dev split.

    Instances of a tagger read the same and differ in their seed, as Xin et al. compare them; others
    have a part of their own each.
    """
    model = settings.model
    train, dev = _read_by(settings, data.train), _read_by(settings, data.dev)
    if isinstance(model, TaggerModel):
        return train, dev
    if isinstance(model, NlmModel):
        train = without_repeats(train)
    return instance_part(train, instance - 1, model.instances, settings.data.seed), dev


def _read_by(settings: Settings, corpus: Corpus) -> Corpus:
    """Return what training reads of a corpus: words, a translation, or a tagger's labels."""
    if isinstance(settings.model, TaggerModel):
        return corpus.with_labels(settings.task.name, corpus.labels[settings.task.name])
    other = corpus.translation if isinstance(settings.model, NmtModel) else None
    translation = None if other is None else Corpus(other.language, other.sentences)
    return Corpus(corpus.language, corpus.sentences, translation=translation)


def _scored(settings: Settings, corpus: Corpus) -> Corpus:
    """Return what scores depend on: labels for a tagger only."""
    if isinstance(settings.model, TaggerModel):
        return _read_by(settings, corpus)
    return replace(corpus, labels={})


def _vectors(settings: Settings, data: Splits) -> WordVectors | None:
    """Read the vectors of all words that a tagger will meet, those of the test split included."""
    model, text = settings.model, settings.data.text
    if not isinstance(model, TaggerModel) or model.vectors is None:
        return None
    sentences = chain(data.train.sentences, data.dev.sentences, data.test.sentences)
    return read_vectors(Path(model.vectors), count_tokens(sentences, data.train.language, text))
