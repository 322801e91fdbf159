"""Recorded activations, found in the store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from onegrain.activations.record import record
from onegrain.data.corpus import Corpus
from onegrain.models.saved import load_model
from onegrain.settings import Settings
from onegrain.stages.models import identity
from onegrain.store import Store


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
