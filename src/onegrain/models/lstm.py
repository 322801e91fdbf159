"""LSTM stacks whose sentences end where they end, not where their padding does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

LayerOutput: TypeAlias = tuple[
    Float[Tensor, "batch time units"],
    tuple[Float[Tensor, "batch units"], Float[Tensor, "batch units"]],
]
"""The h of every step, and each sentence's last h and c."""


@dataclass(frozen=True)
class LstmState:
    """What an LSTM stack hands on from one step to the next.

    Attributes:
        hidden: h of every layer.
        cell: c of every layer.
    """

    hidden: Float[Tensor, "layers batch units"]
    cell: Float[Tensor, "layers batch units"]

    def __add__(self, other: LstmState) -> LstmState:
        return LstmState(self.hidden + other.hidden, self.cell + other.cell)

    def select(self, rows: Int[Tensor, " rows"]) -> LstmState:
        """Return the state of the sentences at ``rows``."""
        return LstmState(self.hidden.index_select(1, rows), self.cell.index_select(1, rows))


class LstmStack(nn.Module):
    """Unidirectional LSTM layers, one module each, with dropout between them.

    Args:
        inputs: Width of the first layer's input.
        units: Width of every layer.
        layers: How many.
        dropout: Share of each layer's outputs that is dropped on the way to the next layer.
    """

    def __init__(self, inputs: int, units: int, layers: int, dropout: float) -> None:
        super().__init__()
        widths = [inputs] + [units] * (layers - 1)
        self.layers = nn.ModuleList(nn.LSTM(width, units, batch_first=True) for width in widths)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, inputs: Float[Tensor, "batch time inputs"], lengths: Int[Tensor, " batch"]
    ) -> tuple[list[Float[Tensor, "batch time units"]], LstmState]:
        """Run over right-padded sentences from left to right.

        Returns:
            The h of every layer at every step (arbitrary beyond a sentence's end) and every
            layer's state after each sentence's last symbol.
        """
        outputs: list[Tensor] = []
        finals: list[tuple[Tensor, Tensor]] = []
        below = inputs
        for layer in self.layers:
            states, final = run_layer(layer, below, lengths)
            outputs.append(states)
            finals.append(final)
            below = self.dropout(states)
        hidden, cell = (torch.stack(parts) for parts in zip(*finals, strict=True))
        return outputs, LstmState(hidden, cell)


def run_layer(
    lstm: nn.Module, inputs: Float[Tensor, "batch time inputs"], lengths: Int[Tensor, " batch"]
) -> LayerOutput:
    """Run one layer over right-padded sentences, each to its own end.

    Sentences of one length go through PyTorch's fused kernel. Others are packed; without a
    gradient on a CPU, where packing loses oneDNN's kernel, they go through it length by length,
    in two thirds of the time.
    """
    if bool((lengths == inputs.shape[1]).all()):
        outputs, (hidden, cell) = lstm(inputs)
        return outputs, (hidden[0], cell[0])
    if inputs.device.type == "cpu" and not torch.is_grad_enabled():
        return _run_by_length(lstm, inputs, lengths)
    return _run_packed(lstm, inputs, lengths)


def _run_by_length(
    lstm: nn.Module, inputs: Float[Tensor, "batch time inputs"], lengths: Int[Tensor, " batch"]
) -> LayerOutput:
    parts = []
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero()[:, 0]
        parts.append((rows, length, *lstm(inputs[rows, :length])))
    _, _, states, _ = parts[0]
    outputs = states.new_zeros(*inputs.shape[:2], states.shape[2])
    hidden, cell = states.new_zeros(2, len(inputs), states.shape[2])
    for rows, length, states, (last_hidden, last_cell) in parts:
        outputs[rows, :length] = states
        hidden[rows], cell[rows] = last_hidden[0], last_cell[0]
    return outputs, (hidden, cell)


def _run_packed(
    lstm: nn.Module, inputs: Float[Tensor, "batch time inputs"], lengths: Int[Tensor, " batch"]
) -> LayerOutput:
    """Pack in fp32: on a CPU autocast would convert the weights at every step."""
    with torch.autocast(inputs.device.type, enabled=False):
        packed = pack_padded_sequence(
            inputs.float(), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (hidden, cell) = lstm(packed)
        padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
    return padded, (hidden[0], cell[0])


def reverse_each(values: Tensor, lengths: Int[Tensor, " batch"]) -> Tensor:
    """Reverse every row of ``[batch, time, ...]`` within its length; padding stays where it is.

    Example:
        >>> reverse_each(torch.tensor([[5, 6, 7], [8, 9, 0]]), torch.tensor([3, 2]))
        tensor([[7, 6, 5],
                [9, 8, 0]])
    """
    time = values.shape[1]
    if bool((lengths == time).all()):
        return values.flip(1)
    steps = torch.arange(time, device=values.device)
    ends = lengths.to(values.device)[:, None]
    mirrored = torch.where(steps < ends, ends - 1 - steps, steps)
    index = mirrored.reshape(mirrored.shape + (1,) * (values.dim() - 2)).expand_as(values)
    return values.gather(1, index)
