"""Ablation inside a network, for as long as a ``with`` block lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from onegrain.ablation.clamping import Clamping, shared_resample
from onegrain.ablation.context import ChangeTop, change_top, with_top
from onegrain.ablation.layers import clamped_layer
from onegrain.ablation.mask import Mask
from onegrain.ablation.projection import Projection
from onegrain.ablation.resampling import Resample
from onegrain.ablation.residual import clamp_outputs
from onegrain.ablation.stacks import ClampedStack, Model, embedding_of, stacks_of
from onegrain.models.encoder import Encoding
from onegrain.models.language_model import LanguageModel
from onegrain.models.lstm import LstmState
from onegrain.models.transformer import Transformer
from onegrain.neurons import NeuronLayout
from onegrain.settings import Site


@contextmanager
def ablate(model: Model | Transformer, ablation: Mask | Projection) -> Iterator[None]:
    """Take neurons or directions away from a model inside the block.

    Whatever the model computes there, it computes without them: translations, logits, and
    ``neuron_states`` too. Its weights are never written to; afterwards it is what it was, also
    when the block raised an exception. The empty mask does nothing at all.

    - `Site.recurrent`: h is set right after each step, as by the tool of Dalvi et al. (AAAI 2019),
      so that the next step, the next layer, the context and the decoder's initial state read it so;
      c is never touched. Constants run in the fused kernels, exactly: columns of ``weight_hh`` are
      zero and the constants' share is in the bias, of a copy. The initial h counts as clamped.
      Values of other tokens are set step by step.
    - `Site.layer_output`: what a layer hands upwards is set, to the next layer and to the context;
      its recurrence and its final states are its own.
    - `Site.context`: the top layer is set as attention or the output layer reads it (Bau et al.,
      ICLR 2019); the decoder's initial state is the encoder's own.

    A transformer has `Site.layer_output` alone: the embeddings or what a layer adds up to is set
    before the next layer, and the head, read it.

    Args:
        model: In evaluation mode, on any device.
        ablation: What is taken away. Directions always go at the context.

    Raises:
        ValueError: If it is of another layout, or the model is ablated or pruned already.
    """
    _check_layout(model, [ablation.layout])
    with ExitStack() as changes:
        if isinstance(ablation, Projection):
            if isinstance(model, Transformer):
                raise ValueError("directions are projected out of LSTMs only")
            _change_context(model, change_top(ablation, _device(model)), changes)
        elif len(ablation.neurons):
            _change(model, [ablation], changes)
        yield


@contextmanager
def ablate_rows(model: Model | Transformer, masks: Sequence[Mask]) -> Iterator[None]:
    """Read every sentence under a mask of its own: row r of each batch under ``masks[r]``.

    So many masks share one pass, which a GPU gains by; `Site.recurrent` runs step by step.

    Args:
        model: In evaluation mode; every batch it reads in the block has ``len(masks)`` sentences.
        masks: Of one site. Those which resample do so from one pool; empty ones may be among them.

    Raises:
        ValueError: If the masks do not go together or with the model.
    """
    _check_layout(model, [mask.layout for mask in masks])
    if len({mask.site for mask in masks}) != 1:
        raise ValueError("masks for the rows of one batch must be of one site")
    with ExitStack() as changes:
        if any(len(mask.neurons) for mask in masks):
            _change(model, masks, changes)
        yield


@contextmanager
def ablate_at(
    model: Model,
    mask: Mask,
    steps: Bool[Tensor, "batch time"],
    lengths: Int[Tensor, " batch"],
) -> Iterator[None]:
    """Set neurons at some symbols of one batch only, as Bau et al. (ICLR 2019) control words.

    At `Site.recurrent` h is set right after those symbols were read, and the rest of the sentence
    follows from it; the initial h is the network's own.

    Args:
        model: In evaluation mode; the only batch that it reads in the block is this one.
        mask: Which neurons, where, and what they are set to.
        steps: The symbols, as the network reads them: for a language model, BOS is the first.
        lengths: Symbols of each sentence.

    Raises:
        ValueError: If the mask is of another layout, or the batch is of another size.
    """
    _check_layout(model, [mask.layout])
    with ExitStack() as changes:
        if len(mask.neurons) and bool(steps.any()):
            _change(model, [mask], changes, steps, lengths)
        yield


def _change(
    model: Model | Transformer,
    masks: Sequence[Mask],
    changes: ExitStack,
    steps: Bool[Tensor, "batch time"] | None = None,
    lengths: Int[Tensor, " batch"] | None = None,
) -> None:
    if isinstance(model, Transformer):
        clamp_outputs(model, masks, changes)
        return
    site, device = masks[0].site, _device(model)
    if site is Site.context:
        _change_context(model, change_top(masks, device, steps), changes)
        return
    clamping, resample = Clamping.of(masks, device, steps), shared_resample(masks)
    reading = _watch(model, changes)
    for place in stacks_of(model):
        pairs = zip(place.layers, place.neurons, strict=True)
        read = clamping.reversed(lengths) if place.is_reversed and lengths is not None else clamping
        layers = [clamped_layer(layer, read.units(ids), site) for layer, ids in pairs]
        draw = partial(_drawn, resample, reading)
        changes.callback(place.swap, place.stack)
        place.swap(ClampedStack(place.stack, layers, draw, place.is_reversed))


def _change_context(model: Model, change: ChangeTop, changes: ExitStack) -> None:
    reading = _watch(model, changes)

    def on_stack(
        _: nn.Module, __: Any, output: tuple[list[Tensor], LstmState]
    ) -> tuple[list[Tensor], LstmState]:
        states, final = output
        return [*states[:-1], change(states[-1], reading.ids)], final

    def on_encoder(_: nn.Module, __: Any, encoding: Encoding) -> Encoding:
        return with_top(encoding, change, reading.ids)

    if isinstance(model, LanguageModel):
        handle = model.stack.register_forward_hook(on_stack)
    else:
        handle = model.encoder.register_forward_hook(on_encoder)
    changes.callback(handle.remove)


class _Reading:
    """The symbols that a model is reading."""

    ids: Int[Tensor, "batch time"]

    def note(self, _: nn.Module, args: tuple[Tensor, ...]) -> None:
        """Look at what is embedded; the translator embeds both directions in one look-up."""
        self.ids = args[0] if args[0].dim() == 2 else args[0][0]


def _watch(model: Model, changes: ExitStack) -> _Reading:
    reading = _Reading()
    handle = embedding_of(model).register_forward_pre_hook(reading.note)
    changes.callback(handle.remove)
    return reading


def _drawn(resample: Resample | None, reading: _Reading) -> Int[Tensor, "batch time"] | None:
    return None if resample is None else resample.draw(reading.ids)


def _device(model: Model) -> torch.device:
    return embedding_of(model).weight.device


def _check_layout(model: Model | Transformer, layouts: Sequence[NeuronLayout]) -> None:
    if any(layout != model.layout for layout in layouts):
        raise ValueError("the mask is for a model of another layout")
