"""The translator: a plain network that can be trained, searched and recorded."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.models.batches import Batch
from onegrain.models.decoder import AttentionDecoder, DecoderState, Source
from onegrain.models.encoder import DirectionalEncoder, Encoding
from onegrain.neurons import NeuronLayout
from onegrain.settings import NmtModel


class Translator(nn.Module):
    """The translator of Dalvi et al. (AAAI 2019); its encoder's h are the neurons.

    Args:
        settings: Sizes, dropout and input feeding.
        source_size: Number of source symbols.
        target_size: Number of target symbols.

    Example:
        >>> model = Translator(NmtModel(hidden=8, layers=2), source_size=10, target_size=12)
        >>> states = model.neuron_states(torch.tensor([[4, 5, 6]]), torch.tensor([3]))
        >>> tuple(states.shape) == (1, 3, model.layout.size)
        True
    """

    def __init__(self, settings: NmtModel, source_size: int, target_size: int) -> None:
        super().__init__()
        units, layers = settings.hidden, settings.layers
        embedding = settings.embedding or units
        self.layout = NeuronLayout.bidirectional_encoder(layers, units)
        self.encoder = DirectionalEncoder(source_size, embedding, units, layers, settings.dropout)
        self.decoder = AttentionDecoder(
            target_size, embedding, units, layers, settings.dropout, settings.input_feeding
        )

    def forward(self, batch: Batch) -> Float[Tensor, "tokens vocabulary"]:
        """Return the logits of every target symbol of the batch, padding left out."""
        source, state = self.start(batch.source, batch.source_lengths)
        attended = self.decoder(batch.target_inputs, source, state)
        logits: Tensor = self.decoder.predict(attended[batch.is_token])
        return logits

    def start(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Source, DecoderState]:
        """Read the source and return what the decoder starts from."""
        return self.start_from(self.encoder(ids, lengths), lengths)

    def start_from(
        self, encoding: Encoding, lengths: Int[Tensor, " batch"]
    ) -> tuple[Source, DecoderState]:
        """Return what the decoder starts from where the source was read already."""
        device = encoding.context.device
        steps = torch.arange(encoding.context.shape[1], device=device)
        padding = steps >= lengths.to(device)[:, None]
        return Source(encoding.context, padding), DecoderState.start(encoding.final)

    def neuron_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time neurons"]:
        """Return every encoder neuron at every source symbol, in layout order."""
        return torch.cat(self.block_states(ids, lengths), dim=-1)

    def block_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> list[Float[Tensor, "batch time units"]]:
        """Return the neurons of each block of the layout at every source symbol.

        Args:
            ids: Right-padded source symbols, on any device.
            lengths: Symbols of each sentence, at least 1.
        """
        ids = ids.to(self.encoder.embedding.weight.device)
        return list(self.encoder(ids, lengths).states)
