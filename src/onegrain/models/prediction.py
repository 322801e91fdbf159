"""How a network is trained: the LightningModule around it."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.text import Perplexity

from onegrain.models.batches import AnyBatch
from onegrain.models.schedules import DevDecay, make_optimizer, step_schedule
from onegrain.ranks import ALONE, Ranks
from onegrain.settings import Schedule, TrainerSettings

RANK_STRIDE = 1_000_003  # so that processes do not drop out the same units


class PredictionModule(pl.LightningModule):
    """Trains a network by the cross-entropy of the symbols that it is to predict.

    The loss is summed over the symbols of a batch, EOS included, and divided by their number.
    Every epoch begins with a random state made of the seed and its number, so that training which
    was interrupted goes on exactly as if it had not been.

    Args:
        network: Gives the logits of a batch's `Batch.gold`, one row for each.
        symbols: How many there are to choose from.
        trainer: Settings of the training.
        seed: Of order and dropout.
    """

    def __init__(
        self, network: nn.Module, symbols: int, trainer: TrainerSettings, seed: int
    ) -> None:
        super().__init__()
        self.settings = trainer
        self.seed = seed
        self.network = network
        self.ranks = ALONE
        self.decay = DevDecay(trainer.decay_factor, trainer.decay_from)
        self.train_loss = MeanMetric()
        self.dev_perplexity = Perplexity()
        self.dev_accuracy = MulticlassAccuracy(symbols, average="micro", validate_args=False)

    def on_train_batch_start(self, batch: AnyBatch, batch_idx: int) -> None:
        """Make the epoch's dropout a function of the seed and the epoch alone."""
        if batch_idx == 0:  # on_train_epoch_start is not called after resuming
            self.ranks = Ranks.current()
            drawn = self.seed * 100_003 + self.current_epoch + 1
            torch.manual_seed(drawn + self.ranks.rank * RANK_STRIDE)

    def training_step(self, batch: AnyBatch, _: int) -> Float[Tensor, ""]:
        """Return the mean cross-entropy of the batch's symbols, in nats."""
        gold = batch.gold
        logits = self.network(batch)
        # In the logits' own format: autocast would copy them to fp32, a fifth of a step's time.
        with torch.autocast(logits.device.type, enabled=False):
            loss = cross_entropy(logits, gold, reduction="none").float().mean()
        self.train_loss.update(loss.detach(), len(gold))
        self.log("train/loss", self.train_loss, on_step=False, on_epoch=True, logger=False)
        if self.ranks.count > 1:  # gradients are averaged: a mean over all symbols, not of means
            loss = loss * (len(gold) * self.ranks.count / self.ranks.total(len(gold)))
        return loss

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradient; Lightning itself refuses to when the optimizer is fused."""
        nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip_norm)

    def validation_step(self, batch: AnyBatch, _: int) -> None:
        """Add a batch to the dev metrics."""
        logits, gold = self.network(batch).float(), batch.gold
        self.dev_perplexity.update(logits[None], gold[None])
        self.dev_accuracy.update(logits, gold)

    def on_validation_epoch_end(self) -> None:
        """Log the dev metrics: what the best epoch is chosen by."""
        perplexity = self.dev_perplexity.compute()
        self.log("dev/perplexity", perplexity, logger=False)
        self.log("dev/loss", perplexity.log(), logger=False)
        self.log("dev/accuracy", self.dev_accuracy.compute(), logger=False)
        self.dev_perplexity.reset()
        self.dev_accuracy.reset()

    def on_train_epoch_end(self) -> None:
        """Decay the rate before the checkpoint is written; Lightning would do it after."""
        if self.settings.schedule is Schedule.decay:
            factor = self.decay.after_epoch(float(self.trainer.callback_metrics["dev/loss"]))
            for group in self.trainer.optimizers[0].param_groups:
                group["lr"] *= factor

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what a resumed training needs."""
        checkpoint["decay"] = vars(self.decay)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the schedule of the checkpoint."""
        vars(self.decay).update(checkpoint["decay"])

    def configure_optimizers(self) -> Any:
        """Return the optimizer and, where each step changes its rate, the schedule."""
        optimizer = make_optimizer(self.network, self.settings)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = step_schedule(optimizer, self.settings, steps)
        if schedule is None:
            return optimizer
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]
