"""Ablation of what the layers of a transformer hand upwards, by hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.ablation.clamping import Clamping, shared_resample
from onegrain.ablation.mask import Mask
from onegrain.ablation.resampling import Resample
from onegrain.data.vocabulary import EOS, PAD
from onegrain.models.transformer import Transformer, is_read
from onegrain.settings import Site


@dataclass(frozen=True, eq=False)
class Place:
    """Where in a network the hidden states of one layer come to be.

    Attributes:
        module: It returns them, and all that follows reads them from it.
        call: Which of its calls in one forward pass, from 0; ALBERT's layers share one module.
        time_first: Whether they come as [time, batch, units], as XLNet's do.
    """

    module: nn.Module
    call: int
    time_first: bool


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
    for module in dict.fromkeys(place.module for place in places):
        clamps = {
            place.call: (clamping.units(units), place.time_first)
            for place, units in zip(places, ids, strict=True)
            if place.module is module
        }
        hook = _SetUnits(clamps, reading)
        changes.callback(module.register_forward_hook(hook, prepend=True).remove)


@torch.inference_mode()
def places_of(model: Transformer) -> list[Place]:
    """Find the module that makes the hidden states of each layer, by running the network once.

    Architectures name and nest their layers differently; that the states which a module returns
    are those of ``hidden_states`` is the same in all of them.

    Raises:
        ValueError: If a layer's states are returned by no module.
    """
    returned: list[tuple[Place, Tensor]] = []
    calls: dict[nn.Module, int] = {}

    def note(module: nn.Module, _: Any, output: Any) -> None:
        states = _states_of(output)
        call = calls[module] = calls.get(module, -1) + 1
        if isinstance(states, Tensor) and states.dim() == 3:
            returned.append((Place(module, call, time_first=False), states))
            returned.append((Place(module, call, time_first=True), states.transpose(0, 1)))

    with ExitStack() as hooks:
        for module in model.network.modules():
            hooks.callback(module.register_forward_hook(note).remove)
        ids = torch.tensor([[0, 1, 1], [1, 0, 1]])
        layers = model.block_states(ids, torch.tensor([3, 3]))
    places, rest = [], iter(returned)  # in the order of computation, and so are layers
    for number, wanted in enumerate(layers):
        found = next((place for place, states in rest if _is_same(states, wanted)), None)
        if found is None:
            raise ValueError(f"no module of this network returns the states of layer {number}")
        places.append(found)
    return places


def _is_same(states: Tensor, wanted: Tensor) -> bool:
    return states.shape == wanted.shape and torch.equal(states, wanted)


def _states_of(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) and output else output


class _Reading:
    """The pieces that a transformer is reading, and how often each module was called for them."""

    def __init__(self, resample: Resample | None) -> None:
        self.resample = resample
        self.calls: dict[nn.Module, int] = {}
        self.drawn: Int[Tensor, "batch time"] | None = None

    def begin(self, model: nn.Module, args: tuple[Any, ...]) -> None:
        """Look at what is to be read in one forward pass."""
        self.calls = {}
        ids, lengths = args[:2]
        if self.resample is not None:
            assert isinstance(model, Transformer)
            own = torch.where(is_read(ids, lengths), ids + EOS + 1, PAD)  # as `draw` knows padding
            self.drawn = self.resample.draw(own.to(model.device))

    def next_call(self, module: nn.Module) -> int:
        """Count the calls of a module, from 0."""
        self.calls[module] = self.calls.get(module, -1) + 1
        return self.calls[module]


class _SetUnits:
    """A hook that sets units of what a module returns.

    Args:
        clamps: For each call of the module that makes a layer's states, which units are set, and
            whether time comes first.
        reading: What is being read.
    """

    def __init__(self, clamps: Mapping[int, tuple[Clamping, bool]], reading: _Reading) -> None:
        self.clamps = clamps
        self.reading = reading

    def __call__(self, module: nn.Module, _: Any, output: Any) -> Any:
        clamping, time_first = self.clamps.get(self.reading.next_call(module), (None, False))
        if clamping is None or clamping.is_empty:
            return output
        states: Float[Tensor, "one other units"] = _states_of(output)
        states = states.transpose(0, 1) if time_first else states
        states = clamping.put(states, self.reading.drawn)
        states = states.transpose(0, 1) if time_first else states
        return (states, *output[1:]) if isinstance(output, tuple) else states
