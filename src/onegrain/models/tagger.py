"""The LSTM tagger of Xin et al. (EMNLP 2019): a plain network that can be trained and recorded."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.models.batches import TaggedBatch
from onegrain.models.lstm import LstmStack, reverse_each
from onegrain.neurons import NeuronLayout
from onegrain.settings import TaggerModel


class Tagger(nn.Module):
    """An LSTM whose h at every word decides its label by one linear layer; its h are the neurons.

    With ``bidirectional`` a second stack reads from right to left; no layer sees the other
    direction, and the output layer reads the top of both. Dropout comes after h, so that neurons
    are what they are without it.

    Args:
        settings: Sizes, directions and dropout; ``embedding`` is that of the vectors if there are
            any.
        size: Number of symbols.
        labels: Number of labels.

    Example:
        >>> model = Tagger(TaggerModel(hidden=8, bidirectional=True), size=10, labels=3)
        >>> states = model.neuron_states(torch.tensor([[4, 5, 6]]), torch.tensor([3]))
        >>> tuple(states.shape) == (1, 3, model.layout.size)
        True
    """

    def __init__(self, settings: TaggerModel, size: int, labels: int) -> None:
        super().__init__()
        units, layers = settings.hidden, settings.layers
        width = settings.embedding or units
        directions = ["forward", "backward"] if settings.bidirectional else ["forward"]
        self.layout = NeuronLayout.tagger(layers, units, directions)
        self.embedding = nn.Embedding(size, width)
        self.embedding.weight.requires_grad_(not settings.frozen)
        self.forward_stack = LstmStack(width, units, layers, settings.dropout)
        self.backward_stack = (
            LstmStack(width, units, layers, settings.dropout) if settings.bidirectional else None
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(units * len(directions), labels)

    def forward(self, batch: TaggedBatch) -> Float[Tensor, "tokens labels"]:
        """Return the logits of every label of the batch, in the order of ``batch.gold``."""
        top = torch.cat([states[-1] for states in self._read(batch.ids, batch.lengths)], dim=-1)
        logits: Tensor = self.output(self.dropout(top[batch.is_token]))
        return logits

    def neuron_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time neurons"]:
        """Return every neuron after each symbol was read, in layout order; see `block_states`."""
        return torch.cat(self.block_states(ids, lengths), dim=-1)

    def block_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> list[Float[Tensor, "batch time units"]]:
        """Return the neurons of each block of the layout after each symbol was read.

        Args:
            ids: Right-padded symbols, on any device.
            lengths: Symbols of each sentence; what is returned beyond them is arbitrary.
        """
        ids = ids.to(self.embedding.weight.device)
        return [states for stack in self._read(ids, lengths) for states in stack]

    def label_weights(self) -> tuple[Float[Tensor, "labels neurons"], Float[Tensor, " labels"]]:
        """Return the output layer as a probe of all neurons: weights and biases, on the CPU.

        Neurons below the top layer have the weight 0: no label reads them.
        """
        weight = torch.zeros(self.output.out_features, self.layout.size)
        top = max(block.layer for block in self.layout.blocks)
        spans = zip(self.layout.blocks, self.layout.starts, strict=False)
        read = [torch.arange(at, at + block.width) for block, at in spans if block.layer == top]
        weight[:, torch.cat(read)] = self.output.weight.detach().cpu()
        return weight, self.output.bias.detach().cpu()

    def _read(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> list[list[Float[Tensor, "batch time units"]]]:
        """Return the h of every layer of each direction, aligned with the symbols."""
        embedded = self.embedding(ids)
        ahead, _ = self.forward_stack(embedded, lengths)
        if self.backward_stack is None:
            return [ahead]
        back, _ = self.backward_stack(reverse_each(embedded, lengths), lengths)
        return [ahead, [reverse_each(states, lengths) for states in back]]
