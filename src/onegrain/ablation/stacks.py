"""Where a model keeps its LSTM stacks, and a stack that runs under masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.ablation.layers import RunLayer
from onegrain.models.language_model import LanguageModel
from onegrain.models.lstm import LstmStack, LstmState, reverse_each
from onegrain.models.translator import Translator

Model: TypeAlias = Translator | LanguageModel


@dataclass(frozen=True, eq=False)
class StackPlace:
    """One LSTM stack of a model.

    Attributes:
        owner: The module it is part of.
        name: Its name there.
        stack: The stack.
        neurons: The ids of each of its layers.
        is_reversed: Whether it reads sentences from right to left.
    """

    owner: nn.Module
    name: str
    stack: LstmStack
    neurons: tuple[Int[Tensor, " _"], ...]
    is_reversed: bool

    @property
    def layers(self) -> list[nn.LSTM]:
        """The layers of the stack."""
        return [cast("nn.LSTM", layer) for layer in self.stack.layers]

    def swap(self, module: nn.Module) -> None:
        """Put a module where the stack is."""
        self.owner.add_module(self.name, module)


def stacks_of(model: Model) -> list[StackPlace]:
    """Return a model's stacks, in the order of its layout.

    Raises:
        ValueError: If it is ablated or pruned already.
    """
    ids = torch.arange(model.layout.size).split([block.width for block in model.layout.blocks])
    if isinstance(model, LanguageModel):
        return [_place(model, "stack", ids, is_reversed=False)]
    half = len(ids) // 2
    return [
        _place(model.encoder, "forward_stack", ids[:half], is_reversed=False),
        _place(model.encoder, "backward_stack", ids[half:], is_reversed=True),
    ]


def embedding_of(model: Model) -> nn.Embedding:
    """Return the embedding through which a model reads what it is ablated on."""
    return model.embedding if isinstance(model, LanguageModel) else model.encoder.embedding


class ClampedStack(nn.Module):
    """Stands in for an `LstmStack` and runs each of its layers in its own way.

    Args:
        stack: The stack it stands in for.
        layers: How each of its layers is run.
        draw: Gives the rows of the pool for the symbols that are being read, or None.
        is_reversed: Whether the stack reads sentences from right to left.
    """

    def __init__(
        self,
        stack: LstmStack,
        layers: Sequence[RunLayer],
        draw: Callable[[], Int[Tensor, "batch time"] | None],
        is_reversed: bool,
    ) -> None:
        super().__init__()
        self.dropout = stack.dropout
        self.layers = layers
        self.draw = draw
        self.is_reversed = is_reversed

    def forward(
        self, inputs: Float[Tensor, "batch time inputs"], lengths: Int[Tensor, " batch"]
    ) -> tuple[list[Float[Tensor, "batch time units"]], LstmState]:
        """Do what `LstmStack.forward` does, under masks."""
        drawn = self.draw()
        if drawn is not None and self.is_reversed:
            drawn = reverse_each(drawn, lengths)
        outputs: list[Tensor] = []
        finals: list[tuple[Tensor, Tensor]] = []
        below = inputs
        for run in self.layers:
            states, final = run(below, lengths, drawn)
            outputs.append(states)
            finals.append(final)
            below = self.dropout(states)
        hidden, cell = (torch.stack(parts) for parts in zip(*finals, strict=True))
        return outputs, LstmState(hidden, cell)


def _place(owner: nn.Module, name: str, neurons: Sequence[Tensor], is_reversed: bool) -> StackPlace:
    stack = owner.get_submodule(name)
    if not isinstance(stack, LstmStack):
        raise ValueError(f"the model's {name} is a {type(stack).__name__}: ablations do not nest")
    return StackPlace(owner, name, stack, tuple(neurons), is_reversed)
