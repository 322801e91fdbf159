"""Lightning's Trainer as we use it: quiet, seeded, and able to go on where it was killed."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, ModelCheckpoint, RichProgressBar
from pytorch_lightning.loggers import Logger
from pytorch_lightning.strategies import DDPStrategy

from onegrain.errors import UserError
from onegrain.precision import has_bf16_lstm, resolve_precision
from onegrain.settings import TrainerSettings

LIGHTNING_LOGGERS = ("pytorch_lightning", "lightning.pytorch", "lightning_fabric")
EXPECTED_WARNINGS = (
    ".*does not have many workers.*",  # batches are cut from memory: workers would only cost
    ".*Checkpoint directory .* exists and is not empty.*",  # so it is when training goes on
    ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",  # Lightning with torch 2.11 and later
    ".*recommended to use `self.log.*sync_dist=True.*",  # ours are measured on all words already
    ".*number of training batches .* is smaller than the logging interval.*",  # small corpora
)


def choose_device(accelerator: str) -> torch.device:
    """Return the kind of device that Lightning will train on."""
    found = torch.accelerator.current_accelerator(check_available=True)
    return torch.device("cpu") if accelerator == "cpu" or found is None else found


def checkpoints_in(folder: Path) -> ModelCheckpoint:
    """Keep the epoch of the lowest dev loss as ``best.ckpt`` and the newest as ``last.ckpt``."""
    return ModelCheckpoint(
        folder,
        filename="best",
        monitor="dev/loss",
        save_last=True,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )


def make_trainer(
    settings: TrainerSettings,
    folder: Path,
    callbacks: Sequence[Callback],
    logger: Logger | bool,
) -> pl.Trainer:
    """Return Lightning's Trainer for these settings; it writes below ``folder`` only.

    Raises:
        UserError: If a setting cannot work here.
    """
    if min(settings.epochs, settings.batch_size) < 1:
        raise UserError("trainer.epochs and trainer.batch_size must be at least 1")
    device = choose_device(settings.accelerator)
    dtype = resolve_precision(settings.precision, device)
    try:
        return pl.Trainer(
            accelerator=settings.accelerator,
            devices=settings.processes,
            strategy=_strategy(settings),
            use_distributed_sampler=False,  # ours shares out each batch
            precision="bf16-mixed" if dtype is torch.bfloat16 else "32-true",
            max_epochs=settings.epochs,
            callbacks=list(callbacks),
            logger=logger,
            default_root_dir=folder,
            enable_model_summary=False,
            enable_progress_bar=any(isinstance(each, RichProgressBar) for each in callbacks),
            num_sanity_val_steps=0,
        )
    except (MisconfigurationException, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"trainer.accelerator={settings.accelerator}: {reason}") from error


def _strategy(settings: TrainerSettings) -> DDPStrategy | str:
    if settings.processes == 1:
        return "auto"
    # Not by running our command again: it holds a lock on what it makes.
    return DDPStrategy(start_method="spawn")


class QuietInside(Callback):
    """Makes a process that Lightning starts as quiet as this one, from the moment it is there."""

    def __reduce__(self) -> tuple[Callable[[], QuietInside], tuple[()]]:
        """Come to life in the new process by becoming quiet."""
        return _quiet_inside, ()


def _quiet_inside() -> QuietInside:
    if not logging.root.handlers:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    for name in LIGHTNING_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message)
    return QuietInside()


def require_lstm(settings: TrainerSettings) -> None:
    """Refuse a number format in which no LSTM runs here.

    Raises:
        UserError: If it is chosen.
    """
    device = choose_device(settings.accelerator)
    dtype = resolve_precision(settings.precision, device)
    if dtype is torch.bfloat16 and not has_bf16_lstm(device.type):
        raise UserError("trainer.precision=bf16: no LSTM runs in bf16 here; take auto or fp32")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's talk about devices and the warnings that we know the reason of."""
    loggers = [logging.getLogger(name) for name in LIGHTNING_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in EXPECTED_WARNINGS:
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
