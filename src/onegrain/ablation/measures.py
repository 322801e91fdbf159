"""What a model is worth on a test set while some of its neurons are ablated.

A measure says it sentence by sentence, in counts that can be added up: so a bootstrap over
sentences needs no second look at the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from functools import cached_property
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from onegrain.ablation.context import ablated_encoding
from onegrain.ablation.inside import ablate, ablate_rows
from onegrain.ablation.mask import Mask
from onegrain.ablation.projection import Projection
from onegrain.data.corpus import Corpus
from onegrain.models.batches import Batch
from onegrain.models.bleu import BleuCounts
from onegrain.models.decoder import DecoderState, Source
from onegrain.models.encoder import Encoding
from onegrain.models.evaluation import references
from onegrain.models.next_symbol import screen_of
from onegrain.models.search import PartialTranslations, SourceBatch, search, source_batches
from onegrain.models.text_model import TextLanguageModel, TextTranslator, translation_of
from onegrain.neurons import NeuronLayout
from onegrain.settings import NmtModel, Site

Ablation: TypeAlias = Mask | Projection
Counts: TypeAlias = Float[Tensor, "sentences parts"] | Int[Tensor, "sentences parts"]


@runtime_checkable
class Measure(Protocol):
    """How well a model does with something taken away.

    Attributes:
        metric: ``bleu``, ``perplexity`` or ``accuracy``.
    """

    metric: str

    @property
    def layout(self) -> NeuronLayout:
        """The model's neurons."""
        ...

    def counts(self, ablation: Ablation) -> Counts:
        """Return what each test sentence contributes to the metric."""
        ...

    def value(self, totals: Counts) -> list[float]:
        """Return the metric of sets of sentences whose counts have these sums, one a row."""
        ...


@runtime_checkable
class BatchedMeasure(Measure, Protocol):
    """A measure that can read its test set under several masks in one pass.

    Attributes:
        masks_at_once: How many its memory is for; 1 on a CPU, which gains nothing by it.
    """

    masks_at_once: int

    def counts_together(self, masks: Sequence[Mask]) -> list[Counts]:
        """Return the counts under each of some masks of one site."""
        ...


class TranslationMeasure:
    """BLEU of the translations of a test set.

    Sentences are padded once, and are read once for all ablations that leave the encoder alone.

    Args:
        trained: With its network in evaluation mode.
        corpus: With translations.
        settings: Beam and limits of length.
        rows_at_once: Partial translations in one step, which bounds the memory.
        dtype: Of the product with the output vocabulary, a third of the work.
    """

    metric = "bleu"

    def __init__(
        self,
        trained: TextTranslator,
        corpus: Corpus,
        settings: NmtModel,
        rows_at_once: int,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.model, self.target, self.beam = trained.model, trained.target, settings.beam
        self.decoder = deepcopy(trained.model.decoder)
        self.decoder.output.to(dtype)
        self.screen = screen_of(self.decoder.output)
        sources = [trained.source.encode(words).ids for words in corpus.sentences]
        self.batches = source_batches(sources, settings, rows_at_once)
        longest = max((len(batch.sentences) for batch in self.batches), default=1)
        self.masks_at_once = _masks_at_once(rows_at_once, longest * self.beam, self._device)
        lowercase = trained.target.settings.lowercase
        self.bleu = BleuCounts(references(translation_of(corpus)), lowercase=lowercase)

    @property
    def layout(self) -> NeuronLayout:
        """The encoder's neurons."""
        return self.model.layout

    @torch.inference_mode()
    def counts(self, ablation: Ablation) -> Counts:
        """Translate without the neurons and count n-grams."""
        (written,) = translations = self._empty(1)
        encoder_differs = isinstance(ablation, Mask) and ablation.site is not Site.context
        with ablate(self.model, ablation) if encoder_differs else nullcontext():
            for index, batch in enumerate(self.batches):
                start = self._read(batch) if encoder_differs else self._reread(index, ablation)
                self._search(start, batch, translations)
        return self.bleu(written)

    @torch.inference_mode()
    def counts_together(self, masks: Sequence[Mask]) -> list[Counts]:
        """Translate every sentence once for each of some masks of one site, side by side."""
        translations = self._empty(len(masks))
        for batch in self.batches:
            repeated = batch.repeat(len(masks))
            with ablate_rows(self.model, _for_each_row(masks, len(batch.ids))):
                start = self._read(repeated)
            self._search(start, repeated, translations)
        return [self.bleu(written) for written in translations]

    def value(self, totals: Counts) -> list[float]:
        """Return the BLEU of each row, 0 to 100."""
        scores: list[float] = self.bleu.scores(totals.long()).tolist()
        return scores

    def _empty(self, searches: int) -> list[list[str]]:
        return [[""] * len(self.bleu.references) for _ in range(searches)]

    def _read(self, batch: SourceBatch) -> PartialTranslations:
        return self._begin(*self.model.start(batch.ids.to(self._device), batch.lengths))

    def _reread(self, index: int, ablation: Ablation) -> PartialTranslations:
        batch = self.batches[index]
        encoding = ablated_encoding(self._encodings[index], ablation, batch.ids)
        return self._begin(*self.model.start_from(encoding, batch.lengths))

    def _begin(self, source: Source, state: DecoderState) -> PartialTranslations:
        return PartialTranslations(self.decoder, source, state, self.screen)

    def _search(
        self, start: PartialTranslations, batch: SourceBatch, translations: list[list[str]]
    ) -> None:
        """Write what is found where its sentences stand, search after search."""
        found = search(start, batch.limits.to(self._device), self.beam)
        size = len(found) // len(translations)
        for place, symbols in enumerate(found):
            text = self.target.decode(symbols)
            for row in batch.sentences[place % size]:
                translations[place // size][row] = text

    @property
    def _device(self) -> torch.device:
        return self.decoder.output.weight.device

    @cached_property
    def _encodings(self) -> list[Encoding]:
        return [
            self.model.encoder(each.ids.to(self._device), each.lengths) for each in self.batches
        ]


class PerplexityMeasure:
    """Perplexity of a word of a test set; the end of a sentence counts as one.

    Args:
        trained: With its network in evaluation mode.
        corpus: The test set.
        rows_at_once: Sentences in one batch, which bounds the memory.
    """

    metric = "perplexity"

    def __init__(self, trained: TextLanguageModel, corpus: Corpus, rows_at_once: int) -> None:
        self.model = trained.model
        pairs = trained.examples(corpus).pairs
        lengths = torch.tensor([len(ids) for ids in pairs.sources])
        self.rows = lengths.argsort(stable=True).split(rows_at_once)
        self.batches = [pairs[rows.tolist()] for rows in self.rows]
        words = [len(sentence) + 1 for sentence in corpus.sentences if sentence]
        self.words = torch.tensor(words, dtype=torch.float64)
        longest = max((len(rows) for rows in self.rows), default=1)
        self.masks_at_once = _masks_at_once(rows_at_once, longest, self._device)

    @property
    def layout(self) -> NeuronLayout:
        """The network's neurons."""
        return self.model.layout

    @torch.inference_mode()
    def counts(self, ablation: Ablation) -> Counts:
        """Return each sentence's negative log-likelihood, in nats, and its number of words."""
        surprise = torch.zeros_like(self.words)
        with ablate(self.model, ablation):
            for rows, batch in zip(self.rows, self.batches, strict=True):
                surprise[rows] = self._surprise(batch)
        return torch.stack([surprise, self.words], dim=1)

    @torch.inference_mode()
    def counts_together(self, masks: Sequence[Mask]) -> list[Counts]:
        """Read every sentence once for each of some masks of one site, side by side."""
        surprise = torch.zeros(len(masks), len(self.words), dtype=torch.float64)
        for rows, batch in zip(self.rows, self.batches, strict=True):
            with ablate_rows(self.model, _for_each_row(masks, len(rows))):
                found = self._surprise(batch.repeat(len(masks)))
            surprise[:, rows] = found.unflatten(0, (len(masks), len(rows)))
        return [torch.stack([each, self.words], dim=1) for each in surprise]

    def _surprise(self, batch: Batch) -> Float[Tensor, " sentences"]:
        """Return each sentence's negative log-likelihood, in nats."""
        there = Batch(*(part.to(self._device) for part in batch))
        loss = cross_entropy(self.model(there), there.gold, reduction="none").cpu()
        surprise = torch.zeros(len(batch.source), dtype=torch.float64)
        return surprise.index_add_(0, batch.is_token.nonzero()[:, 0], loss.double())

    @property
    def _device(self) -> torch.device:
        return self.model.output.weight.device

    def value(self, totals: Counts) -> list[float]:
        """Return the perplexity of each row."""
        perplexity: list[float] = (totals[:, 0] / totals[:, 1]).exp().tolist()
        return perplexity


def _masks_at_once(rows_at_once: int, rows: int, device: torch.device) -> int:
    """Return how many masks share a pass over batches of so many rows."""
    return 1 if device.type == "cpu" else max(1, rows_at_once // rows)


def _for_each_row(masks: Sequence[Mask], rows: int) -> list[Mask]:
    """Return the mask of each row of a batch of ``rows`` sentences, repeated for every mask."""
    return [mask for mask in masks for _ in range(rows)]
