"""Ablation of the top layer alone, as attention or the output layer reads it (Bau et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from onegrain.ablation.clamping import Clamping, shared_resample
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.projection import Projection
from onegrain.models.encoder import Encoding
from onegrain.settings import Site

ChangeTop: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From the top layer's neurons [batch, time, top] and the symbols [batch, time] to new ones."""


def ablated_encoding(
    encoding: Encoding,
    ablation: Mask | Projection | Sequence[Mask],
    ids: Int[Tensor, "batch time"],
    steps: Bool[Tensor, "batch time"] | None = None,
) -> Encoding:
    """Return what the decoder is to read of sentences that are encoded already.

    The same as encoding them under `ablate` or `ablate_at`, without running the encoder again.

    Args:
        encoding: As the encoder returned it.
        ablation: Directions, a mask whose site is `Site.context`, or one such mask for each
            sentence.
        ids: The source symbols, on which values of other tokens depend.
        steps: The symbols at which a mask's neurons are set; None: all.

    Returns:
        New top states and a new context; final states are those of ``encoding``.
    """
    return with_top(encoding, change_top(ablation, encoding.context.device, steps), ids)


def change_top(
    ablation: Mask | Projection | Sequence[Mask],
    device: torch.device,
    steps: Bool[Tensor, "batch time"] | None = None,
) -> ChangeTop:
    """Return what an ablation at the context does to the top layer's neurons.

    Raises:
        ValueError: If a mask is for another site, or directions are for some symbols only.
    """
    if isinstance(ablation, Projection):
        if steps is not None:
            raise ValueError("directions are taken away at all symbols")
        projection = ablation.to(device)
        return lambda top, _: projection.remove(top)
    masks = [ablation] if isinstance(ablation, Mask) else ablation
    if any(mask.site is not Site.context for mask in masks):
        raise ValueError("what is encoded already can only be ablated at site=context")
    top = site_neurons(masks[0].layout, Site.context)
    clamping = Clamping.of(masks, device, steps).units(top)
    if clamping.is_empty:
        return lambda top, _: top
    resample = shared_resample(masks)

    def put(top: Tensor, ids: Tensor) -> Tensor:
        return clamping.put(top, None if resample is None else resample.draw(ids.to(device)))

    return put


def with_top(encoding: Encoding, change: ChangeTop, ids: Int[Tensor, "batch time"]) -> Encoding:
    """Return the encoding with another top layer and the context that follows from it."""
    layers = len(encoding.states) // 2
    ahead, back = encoding.states[layers - 1], encoding.states[-1]
    ahead, back = change(torch.cat([ahead, back], dim=-1), ids).chunk(2, dim=-1)
    states = (*encoding.states[: layers - 1], ahead, *encoding.states[layers:-1], back)
    return replace(encoding, states=states, context=ahead + back)
