"""Recorded activations, found in the store."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path

from onegrain.activations.neurox_files import import_neurox
from onegrain.activations.record import record
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.label_files import SPLITS
from onegrain.errors import UserError
from onegrain.models.saved import load_model
from onegrain.settings import Settings
from onegrain.stages.models import identity
from onegrain.store import Store


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
    """Return the folder with the activations of every word of ``corpus``; labels do not matter."""
    words = Corpus(corpus.language, corpus.sentences)
    key = {
        "model": identity(model),
        "corpus": words.fingerprint,
        "activations": asdict(settings.activations),
    }

    def make(folder: Path) -> None:
        trained = load_model(model)
        record(trained.model, trained.source, words, folder, settings.activations)

    return store.get_or_make("activations", key, make)
