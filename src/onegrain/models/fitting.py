"""One fit of one network: from the start or from where it was killed, to its best epoch."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch.utils.data import DataLoader

from onegrain.errors import UserError
from onegrain.models.batches import AnyBatch, Sentences
from onegrain.models.epochs import EpochReport, progress_callbacks
from onegrain.models.lightning import QuietInside, checkpoints_in, make_trainer
from onegrain.models.prediction import PredictionModule
from onegrain.models.text_model import Examples

log = logging.getLogger(__name__)


def fit(
    module: PredictionModule,
    shown: DataLoader[AnyBatch],
    unseen: DataLoader[AnyBatch],
    folder: Path,
    logger: Logger | Literal[False],
    callbacks: Iterable[Callback],
    group: str = "trainer",
) -> EpochReport:
    """Train ``module`` from the start or from ``last.ckpt``; leave it with its best weights.

    Args:
        module: In training mode.
        shown: What is learned from.
        unseen: What the epoch is chosen by.
        folder: Of checkpoints; ``epochs.csv`` is written beside it.
        logger: Gets each epoch's metrics.
        callbacks: Further ones.
        group: Of the settings that the user knows, for messages.

    Raises:
        UserError: If a setting cannot work here, or training diverged.
    """
    settings = module.settings
    reports = progress_callbacks(settings.progress, folder.parent / "epochs.csv")
    followers = [*reports, *callbacks, checkpoints_in(folder)]
    alone = settings.processes == 1
    if not alone:
        followers.insert(0, QuietInside())
    lightning = make_trainer(settings, folder.parent, followers, logger if alone else False)
    last = folder / "last.ckpt"
    if last.exists():
        log.info("training goes on from %s", last)
    try:
        lightning.fit(
            module, shown, unseen, ckpt_path=last if last.exists() else None, weights_only=True
        )
    except SystemExit as stopped:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from stopped
    report = next(each for each in reports if isinstance(each, EpochReport))
    if not alone:  # the report that was filled is that of another process
        state = torch.load(last, weights_only=True)
        report.load_state_dict(state["callbacks"][report.state_key])
        if logger:
            report.replay(logger, state["global_step"] // len(report.rows))
    if not torch.isfinite(torch.tensor([row["dev/loss"] for row in report.rows])).any():
        raise UserError(f"{group}.learning_rate={settings.learning_rate}: training diverged")
    best = torch.load(folder / "best.ckpt", weights_only=True)
    module.load_state_dict(best["state_dict"])
    return report


def training_metrics(
    rows: Sequence[dict[str, float | int]],
    seconds: float,
    shown: Examples[Sentences],
    unseen: Examples[Sentences],
    network: torch.nn.Module,
) -> dict[str, Any]:
    """Return what is known of a training, by metric name."""
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


def write_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """Write ``metrics.json``."""
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
