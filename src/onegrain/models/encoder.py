"""The encoder whose neurons are studied: two direction stacks that never meet."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from onegrain.models.lstm import LstmStack, LstmState, reverse_each


@dataclass(frozen=True)
class Encoding:
    """What the encoder knows about a batch of sentences.

    Attributes:
        states: h of every layer in layout order (forward 1, 2, ..., backward 1, 2, ...), each
            aligned with the input from left to right; arbitrary beyond a sentence's end.
        context: The sum of the two top layers: what the decoder attends to.
        final: For each layer, the state of the forward stack after the last symbol plus that of
            the backward stack after the first: where the decoder starts.
    """

    states: tuple[Float[Tensor, "batch time units"], ...]
    context: Float[Tensor, "batch time units"]
    final: LstmState


class DirectionalEncoder(nn.Module):
    """Two independent unidirectional LSTM stacks over one embedding (METHODS section 1).

    This is the encoder of seq2seq-attn as Dalvi et al. (AAAI 2019) used it, not
    ``nn.LSTM(bidirectional=True)``: no layer sees the other direction. As there, the source is
    read without markers of its beginning or end.

    Args:
        vocabulary: Number of source symbols.
        embedding: Width of their embeddings.
        units: Width of a layer in one direction.
        layers: Layers of each stack.
        dropout: Between layers.
    """

    def __init__(
        self, vocabulary: int, embedding: int, units: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.forward_stack = LstmStack(embedding, units, layers, dropout)
        self.backward_stack = LstmStack(embedding, units, layers, dropout)

    def forward(self, ids: Int[Tensor, "batch time"], lengths: Int[Tensor, " batch"]) -> Encoding:
        """Read right-padded sentences; what is padded never changes what is known of a sentence.

        Args:
            ids: Source symbols.
            lengths: Symbols of each sentence without padding, at least 1.
        """
        both_ways = torch.stack([ids, reverse_each(ids, lengths)])
        onward, reversed_ = self.embedding(both_ways)  # one look-up has one dense gradient
        ahead, ahead_final = self.forward_stack(onward, lengths)
        back, back_final = self.backward_stack(reversed_, lengths)
        back = [reverse_each(states, lengths) for states in back]
        return Encoding(
            states=(*ahead, *back),
            context=ahead[-1] + back[-1],
            final=ahead_final + back_final,
        )
