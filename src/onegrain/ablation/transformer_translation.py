"""BLEU of a pretrained encoder-decoder while some neurons of its encoder are ablated."""

from __future__ import annotations

import torch

from onegrain.ablation.inside import ablate
from onegrain.ablation.measures import Ablation, Counts
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.models.bleu import BleuCounts
from onegrain.models.evaluation import references
from onegrain.models.search import source_batches
from onegrain.models.text_model import translation_of
from onegrain.models.transformer import TextTransformer
from onegrain.neurons import NeuronLayout


class TransformerTranslation:
    """BLEU of the translations of a test set, whose untouched lines are read.

    The encoder reads without the neurons; the decoder is whole, and sees what the encoder returned.

    Args:
        trained: An encoder-decoder with its decoder.
        corpus: With translations.
        rows_at_once: Partial translations in one step, which bounds the memory.

    Raises:
        UserError: If the model has no decoder, the corpus no translation, or a line is too long.
    """

    metric = "bleu"

    def __init__(self, trained: TextTransformer, corpus: Corpus, rows_at_once: int) -> None:
        if trained.writer is None:
            raise UserError(f"model.path={trained.settings.path} has no decoder to translate with")
        self.model, self.writer = trained.model, trained.writer
        self.bleu = BleuCounts(references(translation_of(corpus)), lowercase=False)
        sources = self.writer.read(references(corpus))
        self.batches = source_batches(sources, trained.settings.translation, rows_at_once)

    @property
    def layout(self) -> NeuronLayout:
        """The encoder's neurons."""
        return self.model.layout

    def counts(self, ablation: Ablation) -> Counts:
        """Translate without the neurons and count n-grams."""
        return self.bleu(self.translations(ablation))

    def value(self, totals: Counts) -> list[float]:
        """Return the BLEU of each row, 0 to 100."""
        scores: list[float] = self.bleu.scores(totals.long()).tolist()
        return scores

    @torch.inference_mode()
    def translations(self, ablation: Ablation) -> list[str]:
        """Translate every line without the neurons; a line without words has an empty one."""
        written = [""] * len(self.bleu.references)
        for batch in self.batches:
            with ablate(self.model, ablation):  # not the decoder, which may share embeddings
                states = self.model.final_states(batch.ids, batch.lengths)
            texts = self.writer.write(states, batch.lengths, batch.limits)
            for text, rows in zip(texts, batch.sentences, strict=True):
                for row in rows:
                    written[row] = text
        return written
