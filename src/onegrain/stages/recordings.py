"""Recorded activations, found in the store."""

from __future__ import annotations

from dataclasses import asdict, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

from onegrain.activations.neurox_files import import_neurox
from onegrain.activations.record import record
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.label_files import SPLITS
from onegrain.errors import UserError
from onegrain.models import pretrained
from onegrain.models.lightning import choose_device
from onegrain.models.pretrained import load_pretrained
from onegrain.models.saved import load_model
from onegrain.settings import Settings, TransformerModel
from onegrain.stages.models import identity
from onegrain.store import Store

BATCH_ON_CPU, BATCH_ON_GPU = 1024, 16384  # pieces; on a CPU what is computed has to fit its caches


def recordings_of(
    settings: Settings, model: Path | None, corpora: Splits, store: Store
) -> dict[str, Path]:
    """Return the folders with the activations of each split's words: recorded here, or by NeuroX.

    Args:
        settings: Those of the run.
        model: Folder of the trained model; None where files of activations stand for one.
        corpora: Labelled text; labels do not matter.
        store: Of finished work.
    """
    parts = {split: getattr(corpora, split) for split in SPLITS}
    if model is not None:
        return {split: recorded(settings, model, corpus, store) for split, corpus in parts.items()}
    files = {split: Path(getattr(settings.model, split)) for split in SPLITS}
    return {split: imported(settings, files[split], parts[split], store) for split in SPLITS}


def imported(settings: Settings, file: Path, corpus: Corpus, store: Store) -> Path:
    """Return the folder with the activations that a file of NeuroX's has for every word."""
    key = {
        "file": _digest(file),
        "corpus": Corpus(corpus.language, corpus.sentences).fingerprint,
        "activations": asdict(settings.activations),
    }

    def make(folder: Path) -> None:
        import_neurox(file, corpus, folder, settings.activations)

    return store.get_or_make("activations", key, make)


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from None


def recorded(settings: Settings, model: Path, corpus: Corpus, store: Store) -> Path:
    """Return the folder with the activations of every word of ``corpus``; labels do not matter.

    Args:
        settings: Those of the run.
        model: The folder of the model.
        corpus: What the model reads (`reading`).
        store: Of finished work.
    """
    words = Corpus(corpus.language, corpus.sentences)
    if isinstance(settings.model, TransformerModel):
        return _recorded_pretrained(settings, settings.model, model, words, store)
    key = {
        "model": identity(model),
        "corpus": words.fingerprint,
        "activations": asdict(settings.activations),
    }

    def make(folder: Path) -> None:
        trained = load_model(model)
        how = settings.activations
        processes = settings.trainer.processes
        record(trained.model, trained.source, words, folder, how, processes)

    return store.get_or_make("activations", key, make)


def _recorded_pretrained(
    settings: Settings, model: TransformerModel, found: Path, words: Corpus, store: Store
) -> Path:
    device = choose_device(settings.trainer.accelerator)
    fitting = BATCH_ON_CPU if device.type == "cpu" else BATCH_ON_GPU
    how = replace(settings.activations, batch_tokens=model.batch_tokens or fitting)
    key: dict[str, Any] = {
        "model": pretrained.identity(found),
        "pieces": model.pieces,
        "special_tokens": model.special_tokens,
        "corpus": words.fingerprint,
        "activations": {"dtype": how.dtype, "layers": how.layers},
    }
    if model.translation.source_language is not None:  # a piece of every sentence
        key["language"] = model.translation.source_language

    def make(folder: Path) -> None:
        studied = load_pretrained(found, model)
        studied.model.to(device)
        processes = settings.trainer.processes if device.type == "cpu" else 1
        record(studied.model, studied.source, words, folder, how, processes)

    return store.get_or_make("activations", key, make)
