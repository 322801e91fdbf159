"""A pretrained transformer whose embeddings and layers are the neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.data.pieces import PieceEncoder
from onegrain.models.batches import is_read
from onegrain.models.classifier import Classifier
from onegrain.models.text_model import TextModel
from onegrain.models.writing import Writer
from onegrain.neurons import NeuronLayout
from onegrain.settings import TransformerModel

PIECES_AT_ONCE = {True: 1024, False: 16384}  # padding included; on a CPU, and elsewhere


class Transformer(nn.Module):
    """An encoder, a decoder or the encoder of an encoder-decoder, as `transformers` made it.

    Its neurons are the units of ``hidden_states``: what the first layer reads (layer 0), what every
    layer hands to the next, and what the model returns, which in some architectures is normalised
    once more.

    Args:
        network: Returns hidden states, and takes ids and an attention mask.
        head: The whole model around it that predicts words or labels, where there is one; for an
            encoder that is the one with its decoder.
    """

    def __init__(self, network: nn.Module, head: nn.Module | None = None) -> None:
        super().__init__()
        self.network = network
        self.head = head
        self.eval()
        with torch.no_grad():  # not inference_mode: what a network keeps of it may be trained with
            states = self.block_states(torch.tensor([[0, 1]]), torch.tensor([2]))
        self.layout = NeuronLayout.transformer([each.shape[-1] for each in states])

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    def block_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch time units"], ...]:
        """Return the neurons of each block of the layout at every piece, special tokens included.

        Args:
            ids: Right-padded pieces, on any device.
            lengths: Pieces of each sentence; what is returned beyond them is arbitrary.
        """
        return tuple(self(ids, lengths, self.network, output_hidden_states=True).hidden_states)

    def neuron_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time neurons"]:
        """Return every neuron at every piece, in layout order; see `block_states`."""
        return torch.cat(self.block_states(ids, lengths), dim=-1)

    def final_states(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time units"]:
        """Return what the network returns at every piece, which a decoder reads."""
        states: Tensor = self(ids, lengths, self.network).last_hidden_state
        return states

    def logits(
        self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch *time classes"]:
        """Return what the head predicts at every piece, or of every sentence.

        Raises:
            ValueError: If there is no head.
        """
        if self.head is None:
            raise ValueError("this transformer has no head")
        logits: Tensor = self(ids, lengths, self.head).logits
        return logits

    @property
    def classes(self) -> int:
        """Between how many pieces, or labels, the head decides."""
        with torch.no_grad():  # as above
            return self.logits(torch.tensor([[0, 1]]), torch.tensor([2])).shape[-1]

    def forward(
        self,
        ids: Int[Tensor, "batch time"],
        lengths: Int[Tensor, " batch"],
        part: nn.Module,
        **options: bool,
    ) -> Any:
        """Run the network, or the whole model with its head, on right-padded pieces."""
        there = is_read(ids, lengths)
        mask = None if bool(there.all()) else there.long().to(self.device)
        return part(input_ids=(ids * there).to(self.device), attention_mask=mask, **options)


@dataclass(frozen=True)
class TextTransformer:
    """A pretrained or tuned transformer, its tokenizer and how it was asked for.

    Attributes:
        model: In evaluation mode.
        source: Turns words into its pieces.
        settings: How it was asked for.
        mask_id: The piece that hides another one, where the head predicts hidden ones; None: it
            predicts from left to right, or there is no head.
        begin_id: The piece that stands before a text, if there is one.
        classifier: What its head labels, where it was tuned here to do so.
        writer: How it translates, where it is an encoder-decoder and has its decoder.
    """

    model: Transformer
    source: PieceEncoder
    settings: TransformerModel
    mask_id: int | None = None
    begin_id: int | None = None
    classifier: Classifier | None = None
    writer: Writer | None = None


StudiedModel: TypeAlias = TextModel | TextTransformer
"""Whatever neurons are studied in: trained here, or pretrained."""
