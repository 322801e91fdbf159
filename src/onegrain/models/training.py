"""From text to a trained model."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from onegrain.data.corpus import Corpus
from onegrain.data.word_vectors import WordVectors
from onegrain.models.batches import pair_loader
from onegrain.models.epochs import KeptEpochs
from onegrain.models.fitting import fit, training_metrics, write_metrics
from onegrain.models.initialisation import initialise
from onegrain.models.lightning import quiet, require_lstm
from onegrain.models.prediction import PredictionModule
from onegrain.models.saved import save_model
from onegrain.models.text_model import TextModel, TextTagger, set_vectors, untrained_model
from onegrain.settings import (
    NlmModel,
    NmtModel,
    TaggerModel,
    TextSettings,
    TrainerSettings,
    plain,
)


def train_model(
    train: Corpus,
    dev: Corpus,
    model: NmtModel | NlmModel | TaggerModel,
    trainer: TrainerSettings,
    text: TextSettings,
    seed: int,
    folder: Path,
    logger: Logger | Literal[False] = False,
    callbacks: Sequence[Callback] = (),
    vectors: WordVectors | None = None,
) -> None:
    """Train a model into ``folder``: the epoch of the lowest dev loss is kept.

    Training that was killed goes on from its last epoch when it is called again with the same
    arguments, and ends as if it had never stopped (on a CPU, to the last bit).

    Args:
        train: What is learned from, vocabularies included; with translations for a translator, with
            the labels of one task for a tagger.
        dev: Text of the same kind, which chooses the epoch.
        model: Settings of the network.
        trainer: Settings of the training.
        text: How text becomes symbols.
        seed: Of weights, order and dropout.
        folder: Where ``model.safetensors``, ``model.json``, ``source.json``, ``target.json`` (of a
            translator), ``metrics.json`` and ``epochs.csv`` are written.
        logger: Gets each epoch's metrics, with the epoch in ``epoch``.
        callbacks: More of Lightning's callbacks.
        vectors: What a tagger's embeddings begin with, for the words that they have.

    The weights of ``trainer.keep_epochs`` stay as models of their own, ``epochs/<epoch>/``.

    Raises:
        UserError: If a setting cannot work here, or training diverged.
    """
    about = {"text": plain(text), "trainer": plain(trainer), "seed": seed}
    checkpoints = folder / "checkpoints"
    require_lstm(trainer)
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        trained = untrained_model(model, train, text, vectors)
        initialise(trained.model, trainer.init_range)
        if isinstance(trained, TextTagger) and vectors is not None:
            set_vectors(trained, vectors)
        shown, unseen = trained.examples(train), trained.examples(dev)
        checkpoints.mkdir(parents=True, exist_ok=True)
        module = PredictionModule(trained.model, trained.predicted.size, trainer, seed)
        kept = KeptEpochs(trainer.keep_epochs, partial(_keep, trained, folder, about))
        followers = [kept, *callbacks]
        loaders = (
            pair_loader(shown.pairs, trainer.batch_size, seed, shuffle=True),
            pair_loader(unseen.pairs, trainer.batch_size, seed, shuffle=False),
        )
        report = fit(module, *loaders, checkpoints, logger, followers)
    save_model(trained, folder, about)
    metrics = training_metrics(report.rows, report.seconds, shown, unseen, trained.model)
    write_metrics(folder, metrics)
    for epoch in trainer.keep_epochs:
        rows = report.rows[:epoch]
        seconds = sum(row["seconds"] for row in rows)
        metrics = training_metrics(rows[-1:], seconds, shown, unseen, trained.model)
        write_metrics(kept_epoch(folder, epoch), metrics | {"train/epochs": epoch})
    shutil.rmtree(checkpoints)


def kept_epoch(folder: Path, epoch: int) -> Path:
    """Return where the weights of an epoch stay, in the folder of a trained model."""
    return folder / "epochs" / str(epoch)


def _keep(trained: TextModel, folder: Path, about: dict[str, Any], epoch: int) -> None:
    save_model(trained, kept_epoch(folder, epoch), about)
