"""Masks as tensors that are ready to be laid over a batch of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.ablation.mask import Mask
from onegrain.ablation.resampling import Resample


@dataclass(frozen=True, eq=False)
class Clamping:
    """Which units are set to what, for all sentences of a batch alike or for each its own way.

    Attributes:
        removed: The units that are set; one row for all sentences, or one for each.
        constants: What they are set to, unless they are resampled.
        pool: Values of other tokens to set them to, or None.
    """

    removed: Bool[Tensor, "rows units"]
    constants: Float[Tensor, "rows units"]
    pool: Float[Tensor, "tokens units"] | None

    @classmethod
    def of(cls, masks: Sequence[Mask], device: torch.device) -> Clamping:
        """Lay masks of one layout above each other."""
        removed = torch.zeros(len(masks), masks[0].layout.size, dtype=torch.bool)
        constants = torch.zeros(removed.shape)
        for row, mask in enumerate(masks):
            removed[row, mask.neurons.cpu()] = True
            if isinstance(mask.values, Tensor):
                constants[row] = mask.values
        resample = shared_resample(masks)
        pool = None if resample is None else resample.pool.to(device)
        return cls(removed.to(device), constants.to(device), pool)

    @property
    def is_fixed(self) -> bool:
        """Whether all sentences and steps have the same values set in the same units."""
        return len(self.removed) == 1 and self.pool is None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set."""
        return not bool(self.removed.any())

    def units(self, ids: Int[Tensor, " selected"]) -> Clamping:
        """Return what is done to some of the units."""
        ids = ids.to(self.removed.device)
        pool = None if self.pool is None else self.pool[:, ids]
        return Clamping(self.removed[:, ids], self.constants[:, ids], pool)

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
            ValueError: If there is one mask for each sentence of a batch of another size.
        """
        if len(self.removed) not in (1, len(states)):
            raise ValueError(f"{len(self.removed)} masks for a batch of {len(states)} sentences")
        values = self.values(states.shape[1], drawn).to(states.dtype)
        return torch.where(self.removed[:, None], values, states)


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
