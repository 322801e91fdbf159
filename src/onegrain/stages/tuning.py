"""Tuned transformers, found in the store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.labelled import load_labelled
from onegrain.data.sentence_file import load_labelled_sentences
from onegrain.errors import UserError
from onegrain.models import pretrained
from onegrain.models.pretrained import pretrained_folder
from onegrain.models.tuning import tune_transformer
from onegrain.settings import Settings, TransformerModel
from onegrain.stages.tracked import OpenRun, training_metrics
from onegrain.store import Store

_OF_ONE = {  # settings that only one kind of tuning reads; the text is part of the key itself
    "tokens": {"piece"},
    "sentences": set[str](),
    "words": {"masked"},
}
_EVERY = ("epochs", "batch_size", "learning_rate", "warmup", "weight_decay", "clip_norm")


def tuning_text(settings: Settings, data: Splits) -> Splits:
    """Return what a transformer is tuned, scored and measured on.

    Args:
        settings: Those of the run.
        data: The text of ``data=``, whose words are found, or whose own labels are learned.

    Raises:
        UserError: If files are missing, or a line is wrong.
    """
    tuning, language = settings.tuning, data.train.language
    if tuning.name == "words":
        return data
    splitting, seed = settings.data.text.splitting, settings.seed
    if tuning.name == "sentences":
        return load_labelled_sentences(tuning, language, splitting, seed)
    try:
        labelled = load_labelled(tuning.task, data, language, seed, splitting)
    except UserError as error:
        raise UserError(f"tuning.task: {error}") from error
    name = tuning.task.name
    return Splits(
        *(
            part.with_labels(name, part.labels[name])
            for part in (labelled.train, labelled.dev, labelled.test)
        )
    )


def tuned_model(
    settings: Settings, model: TransformerModel, text: Splits, store: Store, open_run: OpenRun
) -> Path:
    """Return the folder of a tuned transformer; its scores are in it.

    Args:
        settings: Those of the run.
        model: Where the checkpoint is, if there is one.
        text: What `tuning_text` returned.
        store: Of finished work.
        open_run: Opens the tracked run of its training.
    """
    tuning = settings.tuning
    base = None if model.path is None else pretrained_folder(model)
    chosen = (model, tuning, settings.trainer, settings.data.text, settings.seed)
    task = f" {tuning.task.name}" if tuning.name == "tokens" else ""

    def make(folder: Path) -> None:
        with open_run(name=f"tuning {tuning.name}{task}") as run:
            tune_transformer(text, base, *chosen, folder, logger=run.lightning_logger())
            run.log_scalars(training_metrics(folder))

    return store.get_or_make("tuned", _key(settings, model, base, text), make, resumable=True)


def _key(
    settings: Settings, model: TransformerModel, base: Path | None, text: Splits
) -> dict[str, Any]:
    tuning = settings.tuning
    names = {*_EVERY, *_OF_ONE[tuning.name]}
    parts = [
        Corpus(part.language, part.sentences, labels=part.labels if tuning.is_classifier else {})
        for part in (text.train, text.dev, text.test)
    ]
    key: dict[str, Any] = {
        "tuning": {name: getattr(tuning, name) for name in sorted(names)} | {"name": tuning.name},
        "precision": settings.trainer.precision,
        "read": {"max_length": model.max_length, "truncated": model.truncated},
        "seed": settings.seed,
        "data": [part.fingerprint for part in parts],
    }
    if base is not None:
        return key | {"base": pretrained.identity(base)}
    text_settings = settings.data.text
    vocabulary = {"size": text_settings.vocabulary_size, "lowercase": text_settings.lowercase}
    return key | {"network": asdict(tuning.network), "vocabulary": vocabulary}
