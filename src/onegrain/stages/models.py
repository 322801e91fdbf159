"""Trained models and how well they do, found in the store."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.encoding import count_tokens
from onegrain.data.sampling import shuffled
from onegrain.data.word_vectors import WordVectors, read_vectors
from onegrain.models.evaluation import scores
from onegrain.models.instances import instance_part, without_repeats
from onegrain.models.lightning import choose_device
from onegrain.models.pretrained import load_pretrained, pretrained_folder, require_head
from onegrain.models.saved import load_model
from onegrain.models.text_model import TextModel
from onegrain.models.training import kept_epoch, train_model
from onegrain.models.transformer import StudiedModel, TextTransformer
from onegrain.ranks import run_side_by_side
from onegrain.settings import (
    ModelSettings,
    NlmModel,
    NmtModel,
    Optimizer,
    Progress,
    Schedule,
    SearchSettings,
    Settings,
    Strategy,
    TaggerModel,
    Target,
    TrainerSettings,
    TransformerModel,
    network_settings,
)
from onegrain.stages.tracked import METRICS_FILE, OpenRun, training_metrics
from onegrain.stages.tuning import tuned_model, tuning_text
from onegrain.store import Store
from onegrain.tracking.runs import TrackedRun

log = logging.getLogger(__name__)

Trainable: TypeAlias = NmtModel | NlmModel | TaggerModel


def model_text(settings: Settings, data: Splits, labelled: Splits) -> Splits:
    """Return what the model is trained, scored and compared on.

    A tagger knows the labelled text of its task only, and a transformer that which it is tuned on.

    Args:
        settings: Those of the run.
        data: The text of ``data=``.
        labelled: That of ``task=``.
    """
    if isinstance(settings.model, TransformerModel) and settings.tuning.is_on:
        return tuning_text(settings, data)
    return labelled if isinstance(settings.model, TaggerModel) else data


def unseen_text(
    settings: Settings, model: StudiedModel | None, data: Splits, labelled: Splits
) -> Corpus:
    """Return what a model is measured on while it is ablated: ``ablation.model.sentences`` of it.

    Args:
        settings: Those of the run.
        model: The analysed one.
        data: What `model_text` returned.
        labelled: The text of ``task=``, which a pretrained model reads where it was not tuned, and
            does not translate ``data=``.
    """
    translates = isinstance(model, TextTransformer) and model.writer is not None
    as_it_comes = isinstance(settings.model, TransformerModel) and not settings.tuning.is_on
    text = labelled.test if as_it_comes and not translates else data.test
    sentences = settings.ablation.model.sentences
    if sentences is None or sentences >= len(text):
        return text
    return shuffled(text, sentences, settings.data.seed, "ablation.model.sentences")


def trained_models(
    settings: Settings, data: Splits, instances: Sequence[int], store: Store, open_run: OpenRun
) -> dict[int, Path]:
    """Return the folders of trained instances (counted from 1), by their number.

    Those that the store does not have are trained one after the other, or ``trainer.at_once`` of
    them side by side, each in a process of its own.

    Args:
        settings: Those of the run.
        data: What `model_text` returned.
        instances: Their numbers.
        store: Where they are found, and where those that are trained go.
        open_run: Opens a tracked run for one of them; it can be pickled.
    """
    shared = settings.trainer.strategy is Strategy.ddp  # processes train one instance together
    model = settings.model
    if settings.trainer.at_once > 1 and not shared and isinstance(model, Trainable):
        plans = [_plan(settings, model, data, each) for each in instances]
        missing = [plan for plan in plans if not store.has("model", plan.key)]
        if len(missing) > 1:
            _train_side_by_side(settings, data, missing, store, open_run)
    return {each: trained_model(settings, data, each, store, open_run) for each in instances}


def _train_side_by_side(
    settings: Settings, data: Splits, plans: Sequence[_Plan], store: Store, open_run: OpenRun
) -> None:
    processes = min(settings.trainer.at_once, len(plans))
    log.info("training %d instances, %d at once", len(plans), processes)
    trainer = replace(settings.trainer, progress=Progress.lines)
    unseen = replace(data, train=data.train.select([]))  # what is trained on is in the plans
    arguments = (replace(settings, trainer=trainer), unseen, store, open_run)
    named = {f"#{plan.instance}": plan for plan in plans}
    run_side_by_side(processes, _trained, named, *arguments)


def trained_model(
    settings: Settings, data: Splits, instance: int, store: Store, open_run: OpenRun
) -> Path:
    """Return the folder of one trained instance (counted from 1).

    Its tracked run stays open until the scores of what was trained are known. A pretrained model
    that is not tuned stays in the folder that it was found in.

    Raises:
        UserError: If it has no head, and is to be ablated inside.
    """
    model = settings.model
    if isinstance(model, TransformerModel):
        if settings.tuning.is_on:
            return tuned_model(settings, model, data, store, open_run)
        found = pretrained_folder(model)
        if Target.model in settings.ablation.targets:
            require_head(found, model)
        return found
    if not isinstance(model, Trainable):
        raise TypeError(f"model={model.name} has no training")
    folder = _trained(_plan(settings, model, data, instance), settings, data, store, open_run)
    return folder if model.epoch is None else kept_epoch(folder, model.epoch)


def _trained(
    plan: _Plan, settings: Settings, data: Splits, store: Store, open_run: OpenRun
) -> Path:
    """Train what is planned, if the store does not have it; score it on the dev and test splits."""
    model, trainer = plan.model, settings.trainer
    runs: list[TrackedRun] = []
    with ExitStack() as open_runs:

        def make(folder: Path) -> None:
            name = f"{model.name} {settings.data.pair} #{plan.instance}"
            log.info("training %s: instance %d of %d", model.name, plan.instance, model.instances)
            run = open_runs.enter_context(open_run(name=name))
            chosen = (model, trainer, settings.data.text, plan.seed)
            logger = run.lightning_logger()
            train_model(plan.train, plan.dev, *chosen, folder, logger=logger, vectors=plan.vectors)
            run.log_scalars(training_metrics(folder))
            runs.append(run)

        folder = store.get_or_make("model", plan.key, make, resumable=True)
        for run in runs:
            run.log_made("model", folder)
            run.log_scalars(model_scores(settings, data, folder, store))
    return folder


@dataclass(frozen=True, eq=False)
class _Plan:
    """What an instance is trained on, and the key that it has in the store."""

    model: Trainable
    instance: int
    train: Corpus
    dev: Corpus
    vectors: WordVectors | None
    seed: int
    key: dict[str, Any]


def _plan(settings: Settings, model: Trainable, data: Splits, instance: int) -> _Plan:
    train, dev = _training_text(settings, data, instance)
    vectors = _vectors(settings, data)
    seed = settings.seed + instance - 1
    key: dict[str, Any] = {
        "model": network_settings(model),
        "trainer": _trained_with(settings.trainer),
        "text": asdict(settings.data.text),
        "seed": seed,
        "data": [train.fingerprint, dev.fingerprint],
    }
    if vectors is not None:
        key["vectors"] = vectors.fingerprint
    return _Plan(model, instance, train, dev, vectors, seed, key)


def _trained_with(trainer: TrainerSettings) -> dict[str, Any]:
    """Return what training depends on; epochs that are kept only where there are any."""
    settings = asdict(trainer)
    if trainer.optimizer is not Optimizer.adamw:
        del settings["weight_decay"]
    if trainer.schedule is not Schedule.linear:
        del settings["warmup"]
    kept = sorted(settings.pop("keep_epochs"))
    del settings["progress"], settings["strategy"], settings["at_once"]
    return settings | ({"keep_epochs": kept} if kept else {})


def identity(model: Path) -> str:
    """Return what a model trained here is called in the keys of what is made of it."""
    is_kept_epoch = model.parent.name == kept_epoch(model, 1).parent.name
    return f"{model.parent.parent.name} {model.name}" if is_kept_epoch else model.name


def model_metrics(
    settings: Settings, data: Splits, model: Path | None, store: Store
) -> dict[str, Any]:
    """Return what is known of a model that was trained here; nothing of others."""
    if model is None:
        return {}
    if isinstance(settings.model, TransformerModel):
        return training_metrics(model) if settings.tuning.is_on else {}
    return training_metrics(model) | model_scores(settings, data, model, store)


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
    key = {
        "model": identity(model),
        "search": search_settings(chosen),
        "data": [_scored(settings, part).fingerprint for part in (data.dev, data.test)],
    }

    def make(folder: Path) -> None:
        found = json.dumps(scores(_loaded_trained(settings, model), data, chosen), indent=2)
        (folder / METRICS_FILE).write_text(found + "\n", encoding="utf-8")

    return training_metrics(store.get_or_make("scores", key, make))


def search_settings(model: ModelSettings) -> dict[str, Any]:
    """Return how a model's translations are searched for; nothing where it has none."""
    if not isinstance(model, SearchSettings):
        return {}
    return {item.name: getattr(model, item.name) for item in fields(SearchSettings)}


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
