"""From text to a trained model."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from onegrain.data.corpus import Corpus
from onegrain.data.word_vectors import WordVectors
from onegrain.errors import UserError
from onegrain.models.batches import AnyDataset, pair_loader
from onegrain.models.epochs import EpochReport, KeptEpochs, progress_callbacks
from onegrain.models.initialisation import initialise
from onegrain.models.lightning import QuietInside, checkpoints_in, make_trainer, quiet
from onegrain.models.prediction import PredictionModule
from onegrain.models.saved import save_model
from onegrain.models.text_model import (
    Examples,
    TextModel,
    TextTagger,
    set_vectors,
    untrained_model,
)
from onegrain.settings import (
    NlmModel,
    NmtModel,
    TaggerModel,
    TextSettings,
    TrainerSettings,
    plain,
)

log = logging.getLogger(__name__)


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
        report = _fit(module, shown.pairs, unseen.pairs, checkpoints, logger, followers)
    save_model(trained, folder, about)
    metrics = _training_metrics(report.rows, report.seconds, shown, unseen, trained.model)
    _write_metrics(folder, metrics)
    for epoch in trainer.keep_epochs:
        rows = report.rows[:epoch]
        seconds = sum(row["seconds"] for row in rows)
        metrics = _training_metrics(rows[-1:], seconds, shown, unseen, trained.model)
        _write_metrics(kept_epoch(folder, epoch), metrics | {"train/epochs": epoch})
    shutil.rmtree(checkpoints)


def kept_epoch(folder: Path, epoch: int) -> Path:
    """Return where the weights of an epoch stay, in the folder of a trained model."""
    return folder / "epochs" / str(epoch)


def _keep(trained: TextModel, folder: Path, about: dict[str, Any], epoch: int) -> None:
    save_model(trained, kept_epoch(folder, epoch), about)


def _write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")


def _fit(
    module: PredictionModule,
    pairs: AnyDataset,
    dev: AnyDataset,
    folder: Path,
    logger: Logger | Literal[False],
    callbacks: Iterable[Callback],
) -> EpochReport:
    """Train ``module`` from the start or from ``last.ckpt``; leave it with its best weights."""
    settings = module.settings
    shown = progress_callbacks(settings.progress, folder.parent / "epochs.csv")
    followers = [*shown, *callbacks, checkpoints_in(folder)]
    alone = settings.processes == 1
    if not alone:
        followers.insert(0, QuietInside())
    lightning = make_trainer(settings, folder.parent, followers, logger if alone else False)
    last = folder / "last.ckpt"
    if last.exists():
        log.info("training goes on from %s", last)
    lightning.fit(
        module,
        pair_loader(pairs, settings.batch_size, module.seed, shuffle=True),
        pair_loader(dev, settings.batch_size, module.seed, shuffle=False),
        ckpt_path=last if last.exists() else None,
        weights_only=True,
    )
    report = next(each for each in shown if isinstance(each, EpochReport))
    if not alone:  # the report that was filled is that of another process
        state = torch.load(last, weights_only=True)
        report.load_state_dict(state["callbacks"][report.state_key])
        if logger:
            report.replay(logger, state["global_step"] // len(report.rows))
    if not torch.isfinite(torch.tensor([row["dev/loss"] for row in report.rows])).any():
        raise UserError(f"trainer.learning_rate={settings.learning_rate}: training diverged")
    best = torch.load(folder / "best.ckpt", weights_only=True)
    module.load_state_dict(best["state_dict"])
    return report


def _training_metrics(
    rows: Sequence[dict[str, float | int]],
    seconds: float,
    shown: Examples[AnyDataset],
    unseen: Examples[AnyDataset],
    network: torch.nn.Module,
) -> dict[str, Any]:
    best = min(rows, key=lambda row: row["dev/loss"])
    symbols = shown.pairs.target_tokens * len(rows)
    return {
        "train/perplexity": unseen.per_word(best["dev/perplexity"]),
        "train/accuracy": best["dev/accuracy"],
        "train/loss": best["train/loss"],
        "train/best_epoch": best["epoch"],
        "train/epochs": len(rows),
        "train/seconds": seconds,
        "train/tokens_per_second": symbols / seconds,
        "train/parameters": sum(weights.numel() for weights in network.parameters()),
        "train/sentences": len(shown.pairs),
    }
