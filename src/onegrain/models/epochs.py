"""What is seen of a training while it runs: a line or a bar, a file and a logger, once an epoch."""

from __future__ import annotations

import csv
import logging
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, RichProgressBar
from pytorch_lightning.loggers import Logger

from onegrain.settings import Progress

log = logging.getLogger(__name__)

METRICS = ("train/loss", "dev/loss", "dev/perplexity", "dev/accuracy")


class EpochReport(Callback):
    """Writes each epoch's metrics to a CSV file, the log and the trainer's logger.

    Its rows are part of Lightning's checkpoints, so that a resumed training has those of the
    epochs before.

    Args:
        path: The CSV file: `epoch`, the metrics, `learning_rate` and `seconds`.
        lines: Whether each epoch gets a line in the log.
    """

    def __init__(self, path: Path, lines: bool) -> None:
        self.path = path
        self.lines = lines
        self.rows: list[dict[str, float | int]] = []
        self._began = 0.0

    @property
    def seconds(self) -> float:
        """Time of all epochs, those before an interruption included."""
        return sum(row["seconds"] for row in self.rows)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the logger of a resumed training the epochs before, so that its curve is whole."""
        for logger in trainer.loggers:
            self.replay(logger, int(trainer.num_training_batches))

    def replay(self, logger: Logger, steps: int) -> None:
        """Give a logger all epochs so far, of ``steps`` steps each."""
        for row in self.rows:
            metrics = {name: row[name] for name in ("epoch", *METRICS)}
            logger.log_metrics(metrics, step=int(row["epoch"]) * steps)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the epoch's clock."""
        if batch_idx == 0:  # on_train_epoch_start is not called after resuming
            self._began = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report the epoch, its validation included."""
        epoch = trainer.current_epoch + 1
        metrics = {name: float(trainer.callback_metrics[name]) for name in METRICS}
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        seconds = time.perf_counter() - self._began
        self.rows.append(
            {"epoch": epoch, **metrics, "learning_rate": rate, "seconds": round(seconds, 2)}
        )
        if not trainer.is_global_zero:
            return
        self._write()
        for logger in trainer.loggers:
            logger.log_metrics({"epoch": epoch, **metrics}, step=trainer.global_step)
        if self.lines:
            log.info(
                "epoch %d of %d: loss %.3f, dev loss %.3f, perplexity %.2f, accuracy %.3f (%.0f s)",
                epoch, trainer.max_epochs, *metrics.values(), seconds,
            )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return the rows written so far."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after the rows of a checkpoint."""
        self.rows = list(state_dict["rows"])

    def _write(self) -> None:
        with self.path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, fieldnames=list(self.rows[0]))
            table.writeheader()
            table.writerows(self.rows)


class KeptEpochs(Callback):
    """Keeps a model as it is after some epochs.

    Args:
        epochs: Which, counted from 1.
        keep: Called after each of them, with its number.
    """

    def __init__(self, epochs: Collection[int], keep: Callable[[int], None]) -> None:
        self.epochs, self.keep = epochs, keep

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the model if this is one of the epochs."""
        epoch = trainer.current_epoch + 1
        if trainer.is_global_zero and epoch in self.epochs:
            self.keep(epoch)


def progress_callbacks(progress: Progress, path: Path) -> list[Callback]:
    """Return the callbacks that show and write how training goes."""
    bar = progress is Progress.bar or (progress is Progress.auto and sys.stderr.isatty())
    report = EpochReport(path, lines=not bar)
    return [RichProgressBar(leave=False), report] if bar else [report]
