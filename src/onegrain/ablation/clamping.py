"""Masks as tensors that are ready to be laid over a batch of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.ablation.mask import Mask
from onegrain.ablation.resampling import Resample
from onegrain.models.lstm import reverse_each


@dataclass(frozen=True, eq=False)
class Clamping:
    """Which units are set to what, for all sentences of a batch alike or for each its own way.

    Attributes:
        removed: The units that are set; one row for all sentences, or one for each.
        constants: What they are set to, unless they are resampled.
        pool: Values of other tokens to set them to, or None.
        steps: The steps of every sentence of one batch at which they are set; None: all of any.
    """

    removed: Bool[Tensor, "rows units"]
    constants: Float[Tensor, "rows units"]
    pool: Float[Tensor, "tokens units"] | None
    steps: Bool[Tensor, "batch time"] | None = None

    @classmethod
    def of(
        cls,
        masks: Sequence[Mask],
        device: torch.device,
        steps: Bool[Tensor, "batch time"] | None = None,
    ) -> Clamping:
        """Lay masks of one layout above each other."""
        removed = torch.zeros(len(masks), masks[0].layout.size, dtype=torch.bool)
        constants = torch.zeros(removed.shape)
        for row, mask in enumerate(masks):
            removed[row, mask.neurons.cpu()] = True
            if isinstance(mask.values, Tensor):
                constants[row] = mask.values
        resample = shared_resample(masks)
        pool = None if resample is None else resample.pool.to(device)
        steps = None if steps is None else steps.to(device)
        return cls(removed.to(device), constants.to(device), pool, steps)

    @property
    def is_fixed(self) -> bool:
        """Whether all sentences and steps have the same values set in the same units."""
        return len(self.removed) == 1 and self.pool is None and self.steps is None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set."""
        return not bool(self.removed.any())

    def units(self, ids: Int[Tensor, " selected"]) -> Clamping:
        """Return what is done to some of the units."""
        ids = ids.to(self.removed.device)
        pool = None if self.pool is None else self.pool[:, ids]
        return replace(
            self, removed=self.removed[:, ids], constants=self.constants[:, ids], pool=pool
        )

    def reversed(self, lengths: Int[Tensor, " batch"]) -> Clamping:
        """Return the same for sentences of these lengths that are read from right to left."""
        return (
            self if self.steps is None else replace(self, steps=reverse_each(self.steps, lengths))
        )

    def where(self, batch: int, time: int) -> Bool[Tensor, "rows time units"]:
        """Return which units are set at every step of a batch.

        Raises:
            ValueError: If there is one mask for each sentence, or steps, of another batch.
        """
        if len(self.removed) not in (1, batch):
            raise ValueError(f"{len(self.removed)} masks for a batch of {batch} sentences")
        removed = self.removed[:, None].expand(-1, time, -1)
        if self.steps is None:
            return removed
        if self.steps.shape != (batch, time):
            known = " x ".join(map(str, self.steps.shape))
            raise ValueError(f"steps of a batch of {known} symbols for one of {batch} x {time}")
        return removed & self.steps[:, :, None]

    def values(
        self, time: int, drawn: Int[Tensor, "batch time"] | None
    ) -> Float[Tensor, "rows time units"]:
        """Return what the units are set to at every step.

        Args:
            time: Number of steps.
            drawn: The row of the pool for each symbol, where there is a pool.
        """
        if self.pool is not None and drawn is not None:
            return self.pool[drawn]
        return self.constants[:, None].expand(-1, time, -1)

    def put(
        self, states: Float[Tensor, "batch time units"], drawn: Int[Tensor, "batch time"] | None
    ) -> Float[Tensor, "batch time units"]:
        """Return the states with the clamped units set.

        Raises:
            ValueError: If there is one mask for each sentence, or steps, of another batch.
        """
        batch, time, _ = states.shape
        values = self.values(time, drawn).to(states.dtype)
        return torch.where(self.where(batch, time), values, states)


def shared_resample(masks: Sequence[Mask]) -> Resample | None:
    """Return what all masks that are not empty resample from.

    Raises:
        ValueError: If they do not agree.
    """
    chosen = {
        id(mask.values): mask.values if isinstance(mask.values, Resample) else None
        for mask in masks
        if len(mask.neurons)
    }
    resamples = list(chosen.values())
    if len(resamples) > 1 and any(resamples):
        raise ValueError("masks for one batch must all resample from the same pool, or none may")
    return resamples[0] if resamples else None
