"""The language model: a plain network that can be trained, scored and recorded."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.data.vocabulary import BOS
from onegrain.models.batches import Batch
from onegrain.models.lstm import LstmStack
from onegrain.neurons import NeuronLayout
from onegrain.settings import NlmModel


class LanguageModel(nn.Module):
    """A unidirectional LSTM language model (Dalvi et al., AAAI 2019); its h are the neurons.

    It reads BOS and then the words of a sentence, and after each of them predicts what comes next:
    the words, then EOS. Padding stands to the right of all that is read, so it never changes what
    is known of a sentence, and every batch goes through PyTorch's fused kernel as it is.

    Args:
        settings: Sizes and dropout.
        size: Number of symbols.

    Example:
        >>> model = LanguageModel(NlmModel(hidden=8, layers=2), size=10)
        >>> states = model.neuron_states(torch.tensor([[4, 5, 6]]), torch.tensor([3]))
        >>> tuple(states.shape) == (1, 3, model.layout.size)
        True
    """

    def __init__(self, settings: NlmModel, size: int) -> None:
        super().__init__()
        units, layers = settings.hidden, settings.layers
        embedding = settings.embedding or units
        self.layout = NeuronLayout.language_model(layers, units)
        self.embedding = nn.Embedding(size, embedding)
        self.stack = LstmStack(embedding, units, layers, settings.dropout)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(units, size)

    def forward(self, batch: Batch) -> Float[Tensor, "tokens vocabulary"]:
        """Return the logits of every symbol of the batch's targets, padding left out.

        Args:
            batch: Sentences as their own targets (`sentence_dataset`).
        """
        top = self.dropout(self._read(batch.target_inputs)[-1])
        logits: Tensor = self.output(top[batch.is_token])
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

        BOS is read first, and what the neurons are then is left out.

        Args:
            ids: Right-padded symbols, on any device.
            lengths: Symbols of each sentence; what is returned beyond them is arbitrary.
        """
        ids = ids.to(self.embedding.weight.device)
        begin = torch.full_like(ids[:, :1], BOS)
        return [states[:, 1:] for states in self._read(torch.cat([begin, ids], dim=1))]

    def _read(self, ids: Int[Tensor, "batch time"]) -> list[Float[Tensor, "batch time units"]]:
        """Return the h of every layer after each symbol."""
        whole = torch.full((len(ids),), ids.shape[1])
        states: list[Tensor] = self.stack(self.embedding(ids), whole)[0]
        return states
