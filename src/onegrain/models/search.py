"""Greedy and beam search for the best translation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.data.vocabulary import BOS, EOS
from onegrain.models.batches import pad
from onegrain.models.decoder import AttentionDecoder, DecoderState, Source
from onegrain.models.next_symbol import Screen, most_probable, screen_of, writable
from onegrain.models.translator import Translator
from onegrain.settings import NmtModel, SearchSettings

ROWS_AT_ONCE = 256  # partial translations in one step of the decoder


@runtime_checkable
class Partial(Protocol):
    """Partial translations, one a row, that can be continued."""

    def read(self, symbols: Int[Tensor, " rows"]) -> Partial:
        """Continue each row by one symbol."""
        ...

    def logits(self) -> Float[Tensor, "rows symbols"]:
        """Return those of the next symbol."""
        ...

    def most_probable(self) -> Int[Tensor, " rows"]:
        """Return the next symbol that may be written and has the highest logit."""
        ...

    def select(self, rows: Int[Tensor, " selected"]) -> Partial:
        """Keep, repeat or reorder rows."""
        ...


@dataclass(frozen=True)
class PartialTranslations:
    """The translator's decoder as the searches see it.

    Attributes:
        decoder: In evaluation mode.
        source: What it attends to.
        state: After the last symbol that was read.
        screen: Of its output layer, where that is the fast way to the most probable symbol.
    """

    decoder: AttentionDecoder
    source: Source
    state: DecoderState
    screen: Screen | None = None

    def read(self, symbols: Int[Tensor, " rows"]) -> PartialTranslations:
        """Continue each row by one symbol."""
        return replace(self, state=self.decoder.step(symbols, self.source, self.state))

    def logits(self) -> Float[Tensor, "rows symbols"]:
        """Return those of the next symbol."""
        return self.decoder.predict(self.state.attended).float()

    def most_probable(self) -> Int[Tensor, " rows"]:
        """Return the next symbol that may be written and has the highest logit."""
        if self.screen is not None:
            return self.screen.most_probable(self.state.attended)
        return most_probable(writable(self.logits()))

    def select(self, rows: Int[Tensor, " selected"]) -> PartialTranslations:
        """Keep, repeat or reorder rows."""
        return replace(self, source=self.source.select(rows), state=self.state.select(rows))


@dataclass(frozen=True)
class SourceBatch:
    """Different source sentences of similar length, padded once for any number of searches.

    Attributes:
        sentences: Where in the corpus each stands: several times if it is repeated.
        ids: Their symbols.
        lengths: How many each has.
        limits: Most symbols of each translation.
    """

    sentences: list[list[int]]
    ids: Int[Tensor, "batch time"]
    lengths: Int[Tensor, " batch"]
    limits: Int[Tensor, " batch"]

    def repeat(self, times: int) -> SourceBatch:
        """Return all sentences once more after each other, ``times`` in all."""
        tensors = (torch.cat([part] * times) for part in (self.ids, self.lengths, self.limits))
        return SourceBatch(self.sentences * times, *tensors)


def source_batches(
    sources: Sequence[Sequence[int]], settings: SearchSettings, rows_at_once: int = ROWS_AT_ONCE
) -> list[SourceBatch]:
    """Sort sentences by length and cut them into batches; empty ones are in none.

    Parallel text repeats a sentence for each of its translations; it is read once.
    """
    places: dict[tuple[int, ...], list[int]] = {}
    for row, symbols in enumerate(sources):
        if symbols:
            places.setdefault(tuple(symbols), []).append(row)
    by_length = sorted(places, key=len)
    size = max(1, rows_at_once // settings.beam)
    batches = []
    for first in range(0, len(by_length), size):
        rows = by_length[first : first + size]
        ids, lengths = pad([torch.tensor(symbols) for symbols in rows])
        limits = (lengths * settings.max_decode_ratio).long() + settings.max_decode_extra
        sentences = [places[symbols] for symbols in rows]
        batches.append(SourceBatch(sentences, ids, lengths, limits.clamp(min=1)))
    return batches


@torch.inference_mode()
def translate(
    model: Translator, sources: Sequence[Sequence[int]], settings: NmtModel
) -> list[list[int]]:
    """Translate encoded sentences, in batches of similar length.

    Args:
        model: In evaluation mode.
        sources: Symbols of each sentence; an empty sentence has an empty translation.
        settings: Beam and limits of length.

    Returns:
        The target symbols of each sentence, without BOS and EOS.
    """
    device = model.decoder.output.weight.device
    translations: list[list[int]] = [[] for _ in sources]
    screen = screen_of(model.decoder.output)
    for batch in source_batches(sources, settings):
        source, state = model.start(batch.ids.to(device), batch.lengths)
        start = PartialTranslations(model.decoder, source, state, screen)
        found = search(start, batch.limits.to(device), settings.beam)
        for rows, symbols in zip(batch.sentences, found, strict=True):
            for row in rows:
                translations[row] = symbols
    return translations


def search(start: Partial, limits: Int[Tensor, " sentences"], beam: int) -> list[list[int]]:
    """Search greedily for ``beam=1``, else with a beam."""
    return greedy_search(start, limits) if beam == 1 else beam_search(start, limits, beam)


def greedy_search(start: Partial, limits: Int[Tensor, " sentences"]) -> list[list[int]]:
    """Write the most probable symbol at every step; a finished sentence leaves the batch.

    Args:
        start: One row for each sentence.
        limits: Most symbols of each translation, at least 1.
    """
    longest = int(limits.max())
    written = torch.full((len(limits), longest + 1), EOS, device=limits.device)
    sentences = torch.arange(len(limits), device=limits.device)
    symbols = torch.full_like(limits, BOS)
    partial = start
    for length in range(1, longest + 1):
        partial = partial.read(symbols)
        symbols = partial.most_probable()
        written[sentences, length - 1] = symbols
        goes_on = ((symbols != EOS) & (limits[sentences] > length)).nonzero()[:, 0]
        if len(goes_on) == 0:
            break
        if len(goes_on) < len(sentences):
            sentences, symbols = sentences[goes_on], symbols[goes_on]
            partial = partial.select(goes_on)
    return [symbols[: symbols.index(EOS)] for symbols in written.tolist()]


def beam_search(start: Partial, limits: Int[Tensor, " sentences"], width: int) -> list[list[int]]:
    """Keep the ``width`` best partial translations of each sentence at every step.

    A translation's score is its log-probability divided by its number of symbols, EOS included;
    a sentence is finished when ``width`` of its translations are, or at its limit. With a beam
    wide enough to hold every partial translation the result is the best there is.

    Args:
        start: One row for each sentence.
        limits: Most symbols of each translation, at least 1.
        width: Partial translations kept for each sentence.
    """
    finished: list[list[tuple[float, list[int]]]] = [[] for _ in range(len(limits))]
    beams = _Beams.start(len(limits), width, limits.device)
    partial = start.select(beams.sentences.repeat_interleave(width))
    symbols = torch.full((len(limits) * width,), BOS, device=limits.device)
    for length in range(1, int(limits.max()) + 1):
        partial = partial.read(symbols)
        beams, parents, ended = beams.extend(writable(partial.logits().log_softmax(-1)))
        at_limit = limits[beams.sentences] == length
        for sentence, score, text in ended + beams.select(at_limit).texts():
            finished[sentence].append((score / length, text))
        enough = [len(finished[sentence]) >= width for sentence in beams.sentences.tolist()]
        goes_on = ~(at_limit | torch.tensor(enough, device=limits.device))
        if not goes_on.any():
            break
        beams, parents = beams.select(goes_on), parents[goes_on]
        partial = partial.select(parents.flatten())
        symbols = beams.written[:, :, -1].flatten()
    return [max(candidates)[1] for candidates in finished]


@dataclass(frozen=True)
class _Beams:
    """The partial translations of the sentences that are not finished.

    Attributes:
        sentences: Which sentence each row is about.
        scores: Log-probability of each partial translation; -inf where there is none.
        written: Its symbols.
    """

    sentences: Int[Tensor, " sentences"]
    scores: Float[Tensor, "sentences width"]
    written: Int[Tensor, "sentences width length"]

    @classmethod
    def start(cls, count: int, width: int, device: torch.device) -> _Beams:
        """One empty translation for each sentence."""
        scores = torch.full((count, width), -math.inf, device=device)
        scores[:, 0] = 0
        written = torch.empty(count, width, 0, dtype=torch.long, device=device)
        return cls(torch.arange(count, device=device), scores, written)

    def extend(
        self, log_probabilities: Float[Tensor, "rows symbols"]
    ) -> tuple[_Beams, Int[Tensor, "sentences width"], list[tuple[int, float, list[int]]]]:
        """Append the best symbols.

        Returns:
            The partial translations, the rows of ``log_probabilities`` that each continues, and
            (sentence, score, symbols) of the translations that ended in EOS within the beam.
        """
        count, width = self.scores.shape
        vocabulary = log_probabilities.shape[1]
        options = self.scores[:, :, None] + log_probabilities.view(count, width, vocabulary)
        # At most `width` of the best 2 * width end in EOS, so that `width` go on.
        scores, flat = options.flatten(1).topk(min(2 * width, width * vocabulary), dim=1)
        parents, symbols = flat // vocabulary, flat % vocabulary
        is_end = symbols == EOS
        in_beam = torch.arange(scores.shape[1], device=scores.device) < width
        ended = [
            (
                int(self.sentences[row]),
                float(scores[row, rank]),
                self._text(row, parents[row, rank]),
            )
            for row, rank in (is_end & in_beam & scores.isfinite()).nonzero().tolist()
        ]
        going = is_end.long().argsort(dim=1, stable=True)[:, :width]
        going_scores = scores.masked_fill(is_end, -math.inf).gather(1, going)
        parents, symbols = parents.gather(1, going), symbols.gather(1, going)
        rows = torch.arange(count, device=scores.device)[:, None]
        written = torch.cat([self.written[rows, parents], symbols[:, :, None]], dim=2)
        return _Beams(self.sentences, going_scores, written), rows * width + parents, ended

    def select(self, keep: Bool[Tensor, " sentences"]) -> _Beams:
        """Keep some sentences."""
        return _Beams(self.sentences[keep], self.scores[keep], self.written[keep])

    def texts(self) -> list[tuple[int, float, list[int]]]:
        """Return (sentence, score, symbols) of every partial translation there is."""
        return [
            (int(self.sentences[row]), float(self.scores[row, rank]), self._text(row, rank))
            for row, rank in self.scores.isfinite().nonzero().tolist()
        ]

    def _text(self, row: int, rank: int | Tensor) -> list[int]:
        symbols: list[int] = self.written[row, rank].tolist()
        return symbols
