"""The attentional decoder of the translator."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from onegrain.models.lstm import LstmState


@dataclass(frozen=True)
class Source:
    """What the decoder attends to.

    Attributes:
        context: One vector for each source symbol.
        padding: True where there is no symbol.
    """

    context: Float[Tensor, "batch source units"]
    padding: Bool[Tensor, "batch source"]

    def select(self, rows: Int[Tensor, " rows"]) -> Source:
        """Return the sentences at ``rows``."""
        return Source(self.context.index_select(0, rows), self.padding[rows])


@dataclass(frozen=True)
class DecoderState:
    """What the decoder hands on from one symbol to the next.

    Attributes:
        lstm: h and c of every layer.
        attended: The last attentional state, which input feeding reads.
    """

    lstm: LstmState
    attended: Float[Tensor, "batch units"]

    @classmethod
    def start(cls, lstm: LstmState) -> DecoderState:
        """Begin a sentence: nothing has been attended to yet."""
        return cls(lstm, torch.zeros_like(lstm.hidden[-1]))

    def select(self, rows: Int[Tensor, " rows"]) -> DecoderState:
        """Return the state of the sentences at ``rows``."""
        return DecoderState(self.lstm.select(rows), self.attended.index_select(0, rows))


class AttentionDecoder(nn.Module):
    """An LSTM with Luong's global general attention (Luong et al. 2015, as in seq2seq-attn).

    At step t with top state h_t: scores h_t' W_a context / sqrt(units), their softmax's weighted
    sum c_t of the context, and the attentional state tanh(W_c [c_t; h_t]), from which the next
    symbol is predicted. The division is ours; W_a could absorb it, so the models are the same, but
    training with Adam starts better: one run of four epochs each on EN-FR Tatoeba had BLEU 12.6
    without and 17.2 with it.

    Args:
        vocabulary: Number of target symbols.
        embedding: Width of their embeddings.
        units: Width of a layer, which is that of the encoder.
        layers: Number of layers, which is that of the encoder.
        dropout: Between layers and before the output layer.
        input_feeding: Whether the last attentional state is part of the next input. Without it
            all steps of a known target run as one fused call.
    """

    def __init__(
        self,
        vocabulary: int,
        embedding: int,
        units: int,
        layers: int,
        dropout: float,
        input_feeding: bool,
    ) -> None:
        super().__init__()
        self.input_feeding = input_feeding
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(
            embedding + (units if input_feeding else 0),
            units,
            layers,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.score = nn.Linear(units, units, bias=False)
        self.combine = nn.Linear(2 * units, units, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, vocabulary)

    def forward(
        self, ids: Int[Tensor, "batch target"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch target units"]:
        """Return the attentional state at every step of known targets, padded on the right."""
        if self.input_feeding:
            return self._attended_step_by_step(ids, source, state)
        outputs, _ = self.lstm(self.embedding(ids), (state.lstm.hidden, state.lstm.cell))
        return self._attend(outputs, source)

    def step(self, ids: Int[Tensor, " batch"], source: Source, state: DecoderState) -> DecoderState:
        """Read one more target symbol of every sentence."""
        inputs = self.embedding(ids)
        if self.input_feeding:
            inputs = torch.cat([inputs, state.attended.to(inputs.dtype)], dim=-1)
        outputs, (hidden, cell) = self.lstm(inputs[:, None], (state.lstm.hidden, state.lstm.cell))
        attended = self._attend(outputs, source)[:, 0]
        return DecoderState(LstmState(hidden, cell), attended)

    def predict(
        self, attended: Float[Tensor, "*steps units"]
    ) -> Float[Tensor, "*steps vocabulary"]:
        """Return the logits of the symbol that follows each attentional state."""
        read = self.dropout(attended).to(self.output.weight.dtype)
        logits: Tensor = self.output(read)
        return logits

    def _attended_step_by_step(
        self, ids: Int[Tensor, "batch target"], source: Source, state: DecoderState
    ) -> Float[Tensor, "batch target units"]:
        steps = []
        for column in ids.unbind(1):
            state = self.step(column, source, state)
            steps.append(state.attended)
        return torch.stack(steps, dim=1)

    def _attend(
        self, outputs: Float[Tensor, "batch target units"], source: Source
    ) -> Float[Tensor, "batch target units"]:
        scaled = self.score(outputs) / outputs.shape[-1] ** 0.5
        scores = torch.bmm(scaled, source.context.transpose(1, 2))
        scores = scores.masked_fill(source.padding[:, None], float("-inf"))
        summary = torch.bmm(scores.softmax(-1).to(source.context.dtype), source.context)
        attended: Tensor = self.combine(torch.cat([summary, outputs], dim=-1)).tanh()
        return attended
