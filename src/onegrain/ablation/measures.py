"""What a model is worth on a test set while some of its neurons are ablated.

A measure says it sentence by sentence, in counts that can be added up: so a bootstrap over
sentences needs no second look at the model.
"""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from functools import cached_property
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from onegrain.ablation.context import ablated_encoding
from onegrain.ablation.inside import ablate
from onegrain.ablation.mask import Mask
from onegrain.ablation.projection import Projection
from onegrain.data.corpus import Corpus
from onegrain.models.bleu import BleuCounts
from onegrain.models.encoder import Encoding
from onegrain.models.evaluation import references
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
        metric: ``bleu`` or ``perplexity``.
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
        sources = [trained.source.encode(words).ids for words in corpus.sentences]
        self.batches = source_batches(sources, settings, rows_at_once)
        lowercase = trained.target.settings.lowercase
        self.bleu = BleuCounts(references(translation_of(corpus)), lowercase=lowercase)

    @property
    def layout(self) -> NeuronLayout:
        """The encoder's neurons."""
        return self.model.layout

    @torch.inference_mode()
    def counts(self, ablation: Ablation) -> Counts:
        """Translate without the neurons and count n-grams."""
        written = [""] * len(self.bleu.references)
        encoder_differs = isinstance(ablation, Mask) and ablation.site is not Site.context
        with ablate(self.model, ablation) if encoder_differs else nullcontext():
            for index, batch in enumerate(self.batches):
                start = self._read(batch) if encoder_differs else self._reread(index, ablation)
                found = search(start, batch.limits.to(start.source.context.device), self.beam)
                for rows, symbols in zip(batch.sentences, found, strict=True):
                    text = self.target.decode(symbols)
                    for row in rows:
                        written[row] = text
        return self.bleu(written)

    def value(self, totals: Counts) -> list[float]:
        """Return the BLEU of each row, 0 to 100."""
        scores: list[float] = self.bleu.scores(totals.long()).tolist()
        return scores

    def _read(self, batch: SourceBatch) -> PartialTranslations:
        ids = batch.ids.to(self.decoder.output.weight.device)
        return PartialTranslations(self.decoder, *self.model.start(ids, batch.lengths))

    def _reread(self, index: int, ablation: Ablation) -> PartialTranslations:
        batch = self.batches[index]
        encoding = ablated_encoding(self._encodings[index], ablation, batch.ids)
        start = self.model.start_from(encoding, batch.lengths)
        return PartialTranslations(self.decoder, *start)

    @cached_property
    def _encodings(self) -> list[Encoding]:
        device = self.decoder.output.weight.device
        return [self.model.encoder(each.ids.to(device), each.lengths) for each in self.batches]


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

    @property
    def layout(self) -> NeuronLayout:
        """The network's neurons."""
        return self.model.layout

    @torch.inference_mode()
    def counts(self, ablation: Ablation) -> Counts:
        """Return each sentence's negative log-likelihood, in nats, and its number of words."""
        surprise = torch.zeros_like(self.words)
        device = self.model.output.weight.device
        with ablate(self.model, ablation):
            for rows, batch in zip(self.rows, self.batches, strict=True):
                there = type(batch)(*(part.to(device) for part in batch))
                loss = cross_entropy(self.model(there), there.gold, reduction="none").cpu()
                surprise.index_add_(0, rows[batch.is_token.nonzero()[:, 0]], loss.double())
        return torch.stack([surprise, self.words], dim=1)

    def value(self, totals: Counts) -> list[float]:
        """Return the perplexity of each row."""
        perplexity: list[float] = (totals[:, 0] / totals[:, 1]).exp().tolist()
        return perplexity
