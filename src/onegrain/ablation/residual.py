"""Ablation of what the layers of a transformer hand upwards, by hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from onegrain.ablation.clamping import Clamping, shared_resample
from onegrain.ablation.mask import Mask
from onegrain.ablation.resampling import Resample
from onegrain.data.vocabulary import EOS, PAD
from onegrain.models.batches import is_read
from onegrain.models.transformer import Transformer
from onegrain.settings import Site


@dataclass(frozen=True, eq=False)
class Place:
    """Where in a network the hidden states of one layer come to be.

    Attributes:
        module: It returns them, and all that follows reads them from it.
        call: Which of its calls in one forward pass, from 0; ALBERT's layers share one module.
        time_first: Whether they come as [time, batch, units], as XLNet's do.
        is_read: Whether no module returns them, and this one reads them as its first argument:
            Marian adds positions to its embeddings between modules.
    """

    module: nn.Module
    call: int
    time_first: bool
    is_read: bool = False


def clamp_outputs(model: Transformer, masks: Sequence[Mask], changes: ExitStack) -> None:
    """Set units of embeddings and of layers' outputs until ``changes`` is closed.

    Args:
        model: In evaluation mode.
        masks: One for all sentences of a batch, or one for each.
        changes: Takes the hooks away again.

    Raises:
        ValueError: If the site is not `Site.layer_output`, or the model is ablated already.
    """
    if masks[0].site is not Site.layer_output:
        raise ValueError(f"a transformer is ablated at layer_output, not at {masks[0].site.name}")
    if model._forward_pre_hooks:
        raise ValueError("the model is ablated already: ablations do not nest")
    places = places_of(model)
    reading = _Reading(shared_resample(masks))
    changes.callback(model.register_forward_pre_hook(reading.begin).remove)
    clamping = Clamping.of(masks, model.device)
    ids = torch.arange(model.layout.size).split([block.width for block in model.layout.blocks])
    for module, reads in dict.fromkeys((place.module, place.is_read) for place in places):
        clamps = {
            place.call: (clamping.units(units), place.time_first)
            for place, units in zip(places, ids, strict=True)
            if place.module is module and place.is_read == reads
        }
        hook = _SetUnits(clamps, reading)
        handle = (
            module.register_forward_pre_hook(hook.on_read)
            if reads
            else module.register_forward_hook(hook.on_return, prepend=True)
        )
        changes.callback(handle.remove)


@torch.inference_mode()
def places_of(model: Transformer) -> list[Place]:
    """Find the module that makes the hidden states of each layer, by running the network once.

    Architectures name and nest their layers differently; that the states which a module returns,
    or the first one reads, are those of ``hidden_states`` is the same in all of them.

    Raises:
        ValueError: If a layer's states are returned and read by no module.
    """
    ids = torch.tensor([[0, 1, 1], [1, 0, 1]])
    layers, seen = _watched(model, ids, torch.tensor([3, 3]))
    places: list[Place] = []
    after = 0  # in the order of computation, and so are layers
    for number, wanted in enumerate(layers):
        found = [
            (place.is_read, at)
            for at, (place, states) in enumerate(seen[after:], after)
            if _is_same(states, wanted)
        ]
        if not found:
            raise ValueError(f"no module of this network returns the states of layer {number}")
        _, at = min(found)  # returned rather than read, and then the first
        places.append(seen[at][0])
        after = at + 1
    return places


def _watched(
    model: Transformer, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
) -> tuple[tuple[Tensor, ...], list[tuple[Place, Tensor]]]:
    """Return the neurons of each layer, and all that modules read and returned meanwhile."""
    seen: list[tuple[Place, Tensor]] = []
    calls: dict[tuple[nn.Module, bool], int] = {}

    def note(module: nn.Module, states: Any, *, is_read: bool) -> None:
        call = calls[module, is_read] = calls.get((module, is_read), -1) + 1
        if isinstance(states, Tensor) and states.dim() == 3:
            seen.append((Place(module, call, False, is_read), states))
            seen.append((Place(module, call, True, is_read), states.transpose(0, 1)))

    def on_read(module: nn.Module, args: tuple[Any, ...]) -> None:
        note(module, args[0] if args else None, is_read=True)

    def on_return(module: nn.Module, _: Any, output: Any) -> None:
        note(module, _states_of(output), is_read=False)

    with ExitStack() as hooks:
        for module in model.network.modules():
            hooks.callback(module.register_forward_pre_hook(on_read).remove)
            hooks.callback(module.register_forward_hook(on_return).remove)
        return model.block_states(ids, lengths), seen


def _is_same(states: Tensor, wanted: Tensor) -> bool:
    return states.shape == wanted.shape and torch.equal(states, wanted)


def _states_of(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) and output else output


class _Reading:
    """The pieces that a transformer is reading, and how often each hook was called for them."""

    def __init__(self, resample: Resample | None) -> None:
        self.resample = resample
        self.calls: dict[_SetUnits, int] = {}
        self.drawn: Int[Tensor, "batch time"] | None = None

    def begin(self, model: nn.Module, args: tuple[Any, ...]) -> None:
        """Look at what is to be read in one forward pass."""
        self.calls = {}
        ids, lengths = args[:2]
        if self.resample is not None:
            assert isinstance(model, Transformer)
            own = torch.where(is_read(ids, lengths), ids + EOS + 1, PAD)  # as `draw` knows padding
            self.drawn = self.resample.draw(own.to(model.device))

    def next_call(self, hook: _SetUnits) -> int:
        """Count the calls of a hook, from 0."""
        self.calls[hook] = self.calls.get(hook, -1) + 1
        return self.calls[hook]


class _SetUnits:
    """Hooks that set units of what a module returns, or of what it reads.

    Args:
        clamps: For each call of the module that makes a layer's states, which units are set, and
            whether time comes first.
        reading: What is being read.
    """

    def __init__(self, clamps: Mapping[int, tuple[Clamping, bool]], reading: _Reading) -> None:
        self.clamps = clamps
        self.reading = reading

    def on_return(self, _: nn.Module, __: Any, output: Any) -> Any:
        """Set them in the states that a module returns, first of what it returns or alone."""
        states = self._set(_states_of(output))
        return (states, *output[1:]) if isinstance(output, tuple) else states

    def on_read(self, _: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Set them in the states that a module reads as its first argument."""
        return (self._set(args[0]), *args[1:])

    def _set(self, states: Any) -> Any:
        clamping, time_first = self.clamps.get(self.reading.next_call(self), (None, False))
        if clamping is None or clamping.is_empty:
            return states
        states = states.transpose(0, 1) if time_first else states
        states = clamping.put(states, self.reading.drawn)
        return states.transpose(0, 1) if time_first else states
