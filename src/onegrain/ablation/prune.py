"""Neurons that are really removed: smaller matrices instead of a mask."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.ablation.mask import Mask
from onegrain.ablation.stacks import stacks_of
from onegrain.models.language_model import LanguageModel
from onegrain.models.lstm import LstmState, run_layer
from onegrain.models.translator import Translator
from onegrain.settings import Site

AnyModel = TypeVar("AnyModel", bound=Translator | LanguageModel)


def prune(model: AnyModel, neurons: Int[Tensor, " neurons"]) -> AnyModel:
    """Return a copy of a model without some of its neurons.

    Their rows and columns are cut out of the LSTM layers, and for a language model out of the
    output layer. To the outside nothing changes: removed neurons are zero in ``neuron_states``, in
    the context, and in the final states. So a language model computes what it does under a mask at
    `Site.recurrent` that sets them to zero; a translator, what it does under such a mask if the
    neurons' cell states are zero, too, where the decoder starts from them (the mask leaves c).

    A layer that loses all of its neurons keeps one unit whose weights are zero, as PyTorch has no
    LSTM without units.

    Args:
        model: A translator or a language model.
        neurons: Ids to remove, at least one.

    Raises:
        ValueError: If an id is not one of the model's, or there is none.

    Example:
        >>> from onegrain.settings import NmtModel
        >>> model = Translator(NmtModel(hidden=8), source_size=10, target_size=12)
        >>> smaller = prune(model, torch.arange(8, 16))
        >>> parameter_count(smaller) < parameter_count(model)
        True
    """
    checked = Mask(neurons.cpu(), model.layout, Site.recurrent)
    stays = torch.ones(model.layout.size, dtype=torch.bool)
    stays[checked.neurons] = False
    pruned = deepcopy(model)
    for place in stacks_of(pruned):
        kept = [stays[ids].nonzero()[:, 0] for ids in place.neurons]
        smaller = PrunedStack(place.layers, kept, place.stack.dropout)
        place.swap(smaller.to(place.layers[0].all_weights[0][0].device))
        if isinstance(pruned, LanguageModel):
            pruned.add_module("output", PartialLinear(pruned.output, kept[-1]))
    return pruned


def parameter_count(model: nn.Module) -> int:
    """Return the number of weights and biases."""
    return sum(weights.numel() for weights in model.parameters())


class PrunedStack(nn.Module):
    """An `LstmStack` with fewer units, whose outputs and states still have the full width.

    Args:
        layers: The layers with all units.
        kept: The units of each layer that stay.
        dropout: Between layers.
    """

    def __init__(
        self, layers: Sequence[nn.LSTM], kept: Sequence[Int[Tensor, " _"]], dropout: nn.Module
    ) -> None:
        super().__init__()
        reads = [torch.arange(layers[0].input_size), *map(_at_least_one, kept[:-1])]
        self.layers = nn.ModuleList(
            narrow_layer(layer, read, units)
            for layer, read, units in zip(layers, reads, kept, strict=True)
        )
        self.widen = nn.ModuleList(Widen(layers[0].hidden_size, units) for units in kept)
        self.dropout = dropout

    def forward(
        self, inputs: Float[Tensor, "batch time inputs"], lengths: Int[Tensor, " batch"]
    ) -> tuple[list[Float[Tensor, "batch time units"]], LstmState]:
        """Do what `LstmStack.forward` does; removed units are zero."""
        outputs: list[Tensor] = []
        finals: list[tuple[Tensor, Tensor]] = []
        below = inputs
        for layer, widen in zip(self.layers, self.widen, strict=True):
            states, (hidden, cell) = run_layer(layer, below, lengths)
            outputs.append(widen(states))
            finals.append((widen(hidden), widen(cell)))
            below = self.dropout(states)
        hidden, cell = (torch.stack(parts) for parts in zip(*finals, strict=True))
        return outputs, LstmState(hidden, cell)


class Widen(nn.Module):
    """Puts the units that a layer kept back in their places, and zeros in the others.

    Args:
        width: Number of units before.
        kept: Those that stay.
    """

    kept: Tensor

    def __init__(self, width: int, kept: Int[Tensor, " units"]) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("kept", _at_least_one(kept), persistent=False)

    def forward(self, values: Float[Tensor, "*steps units"]) -> Float[Tensor, "*steps width"]:
        """Return values for all units."""
        wide = values.new_zeros(*values.shape[:-1], self.width)
        return wide.index_copy(-1, self.kept, values)


class PartialLinear(nn.Module):
    """A linear layer that reads only some of its inputs; the others are known to be zero.

    Args:
        linear: The layer that reads all.
        kept: The inputs that it still reads.
    """

    kept: Tensor

    def __init__(self, linear: nn.Linear, kept: Int[Tensor, " inputs"]) -> None:
        super().__init__()
        self.register_buffer("kept", _at_least_one(kept), persistent=False)
        self.weight = nn.Parameter(linear.weight.detach()[:, self.kept.to(linear.weight.device)])
        self.bias = nn.Parameter(linear.bias.detach().clone())
        self.to(linear.weight.device)

    def forward(self, inputs: Float[Tensor, "*steps units"]) -> Float[Tensor, "*steps outputs"]:
        """Return the outputs for inputs of the full width."""
        return nn.functional.linear(inputs.index_select(-1, self.kept), self.weight, self.bias)


def narrow_layer(
    lstm: nn.LSTM, reads: Int[Tensor, " inputs"], kept: Int[Tensor, " units"]
) -> nn.LSTM:
    """Cut a layer to some inputs and units; without units, to one that is always zero."""
    units = _at_least_one(kept)
    gates = torch.cat([units + gate * lstm.hidden_size for gate in range(4)])
    with torch.random.fork_rng(devices=[]):  # its initial weights are drawn, and overwritten
        narrow = nn.LSTM(len(reads), len(units), batch_first=True)
    input_weight, recurrent, *biases = (weights.detach().cpu() for weights in lstm.all_weights[0])
    cut = [input_weight[gates][:, reads], recurrent[gates][:, units], *(b[gates] for b in biases)]
    with torch.no_grad():
        for weights, values in zip(narrow.all_weights[0], cut, strict=True):
            weights.copy_(values if len(kept) else torch.zeros_like(values))
    return narrow.to(lstm.all_weights[0][0]).train(lstm.training)


def _at_least_one(kept: Int[Tensor, " units"]) -> Int[Tensor, " some"]:
    return kept if len(kept) else torch.zeros(1, dtype=torch.long)
