"""One LSTM layer under a mask: fused where that is exact, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.ablation.clamping import Clamping
from onegrain.models.lstm import LayerOutput, run_layer
from onegrain.settings import Site

RunLayer: TypeAlias = Callable[[Tensor, Tensor, Tensor | None], LayerOutput]
"""From inputs, lengths and drawn rows to what the layer makes of them."""


def clamped_layer(lstm: nn.LSTM, clamping: Clamping, site: Site) -> RunLayer:
    """Return how one layer is run under a mask; ``lstm`` itself is never written to."""
    if clamping.is_empty:
        return partial(_run_whole, lstm)
    if site is not Site.recurrent:
        return partial(_run_with_outputs_set, lstm, clamping)
    if clamping.is_fixed:
        return partial(_run_fused, fold(lstm, clamping), clamping)
    return partial(_run_steps, lstm, clamping)


def fold(lstm: nn.LSTM, clamping: Clamping) -> nn.LSTM:
    """Return a copy whose recurrence reads constants where units are clamped.

    With h_j = v_j at every step before, W_hh h = W_hh[:, others] h[others] + W_hh[:, j] v_j: the
    columns j become zero and the rest goes into the bias. So the initial h counts as clamped too.
    """
    removed, values = clamping.removed[0], clamping.constants[0]
    folded = deepcopy(lstm).requires_grad_(False)
    _, recurrent, _, bias = folded.all_weights[0]
    bias.add_(recurrent[:, removed] @ values[removed].to(recurrent.dtype))
    recurrent[:, removed] = 0
    folded.flatten_parameters()
    return folded


def _run_whole(
    lstm: nn.LSTM,
    inputs: Float[Tensor, "batch time inputs"],
    lengths: Int[Tensor, " batch"],
    drawn: Int[Tensor, "batch time"] | None,
) -> LayerOutput:
    return run_layer(lstm, inputs, lengths)


def _run_with_outputs_set(
    lstm: nn.LSTM,
    clamping: Clamping,
    inputs: Float[Tensor, "batch time inputs"],
    lengths: Int[Tensor, " batch"],
    drawn: Int[Tensor, "batch time"] | None,
) -> LayerOutput:
    """Set what is handed upwards; recurrence and final states are the network's own."""
    outputs, final = run_layer(lstm, inputs, lengths)
    return clamping.put(outputs, drawn), final


def _run_fused(
    folded: nn.LSTM,
    clamping: Clamping,
    inputs: Float[Tensor, "batch time inputs"],
    lengths: Int[Tensor, " batch"],
    drawn: Int[Tensor, "batch time"] | None,
) -> LayerOutput:
    """Clamp h to constants in one call; the folded layer does not read what it computes there."""
    outputs, (hidden, cell) = run_layer(folded, inputs, lengths)
    hidden = clamping.put(hidden[:, None], None)[:, 0]
    return clamping.put(outputs, None), (hidden, cell)


def _run_steps(
    lstm: nn.LSTM,
    clamping: Clamping,
    inputs: Float[Tensor, "batch time inputs"],
    lengths: Int[Tensor, " batch"],
    drawn: Int[Tensor, "batch time"] | None,
) -> LayerOutput:
    """Clamp h after every step; what all steps are clamped to stands in the initial h too.

    In the format of the weights, as autocast would convert them at every step.
    """
    input_weight, recurrent, input_bias, bias = lstm.all_weights[0]
    removed = clamping.where(len(inputs), inputs.shape[1])
    values = clamping.values(inputs.shape[1], drawn).to(recurrent.dtype)
    cell = values.new_zeros(len(inputs), lstm.hidden_size)
    hidden = cell
    if clamping.steps is None:
        hidden = clamping.put(cell[:, None], None if drawn is None else drawn[:, :1])[:, 0]
    outputs, cells = [], []
    with torch.autocast(inputs.device.type, enabled=False):
        for step, below in enumerate(inputs.to(values.dtype).unbind(1)):
            computed, cell = torch.lstm_cell(
                below, (hidden, cell), input_weight, recurrent, input_bias, bias
            )
            hidden = torch.where(removed[:, step], values[:, step], computed)
            outputs.append(hidden)
            cells.append(cell)
    rows, last = torch.arange(len(inputs)), lengths.cpu() - 1
    states = torch.stack(outputs, dim=1)
    return states, (states[rows, last], torch.stack(cells, dim=1)[rows, last])
