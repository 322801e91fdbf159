"""How well a trained model translates or predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torchmetrics import Metric
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.text import Perplexity

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.detokenization import detokenize
from onegrain.data.encoding import TextEncoder
from onegrain.models.batches import pair_loader
from onegrain.models.bleu import Bleu, corpus_bleu
from onegrain.models.search import translate
from onegrain.models.tagging import score_metrics, tagging_score
from onegrain.models.text_model import TextModel, TextTagger, TextTranslator, translation_of
from onegrain.settings import ModelSettings, NmtModel

SENTENCES_AT_ONCE = 64


@dataclass(frozen=True)
class Prediction:
    """How well a model predicts known text.

    Attributes:
        perplexity: Of a word; the end of a sentence counts as one.
        accuracy: Share of symbols that were the most probable, ends of sentences included.
    """

    perplexity: float
    accuracy: float


def scores(trained: TextModel, data: Splits, settings: ModelSettings) -> dict[str, Any]:
    """Measure a trained model on text that it was not trained on, by metric name.

    Args:
        trained: In evaluation mode.
        data: Its dev and test splits are read.
        settings: Those of the run: how translations are searched for.
    """
    prediction = prediction_score(trained, data.test)
    if isinstance(trained, TextTagger):
        return _tagging_metrics(trained, data) | {"train/test_perplexity": prediction.perplexity}
    metrics: dict[str, Any] = {
        "train/test_perplexity": prediction.perplexity,
        "train/test_accuracy": prediction.accuracy,
        "train/unknown_source": unknown_share(data.test, trained.source),
    }
    if isinstance(trained, TextTranslator) and isinstance(settings, NmtModel):
        test = translation_score(trained, data.test, settings)
        metrics |= {
            "train/bleu": test.score,
            "train/bleu_dev": translation_score(trained, data.dev, settings).score,
            "train/bleu_signature": test.signature,
            "train/unknown_target": unknown_share(translation_of(data.test), trained.target),
        }
    return metrics


def _tagging_metrics(trained: TextTagger, data: Splits) -> dict[str, Any]:
    metrics: dict[str, Any] = {"train/unknown_source": unknown_share(data.test, trained.source)}
    for suffix, corpus in (("", data.test), ("_dev", data.dev)):
        metrics |= score_metrics(tagging_score(trained, corpus), "tagging_accuracy", suffix)
    return metrics


@torch.inference_mode()
def prediction_score(trained: TextModel, corpus: Corpus) -> Prediction:
    """Let a model predict every symbol of a corpus from those before it."""
    device = next(trained.model.parameters()).device
    perplexity: Metric = Perplexity().to(device)
    accuracy: Metric = MulticlassAccuracy(trained.predicted.size, average="micro").to(device)
    examples = trained.examples(corpus)
    for batch in pair_loader(examples.pairs, SENTENCES_AT_ONCE, seed=0, shuffle=False):
        there = type(batch)(*(part.to(device) for part in batch))
        logits, gold = trained.model(there), there.gold
        perplexity.update(logits[None], gold[None])
        accuracy.update(logits, gold)
    return Prediction(examples.per_word(float(perplexity.compute())), float(accuracy.compute()))


def translation_score(trained: TextTranslator, corpus: Corpus, search: NmtModel) -> Bleu:
    """Translate a corpus and score it against its translation's untouched lines."""
    sources = [trained.source.encode(words).ids for words in corpus.sentences]
    written = translate(trained.model, sources, search)
    hypotheses = [trained.target.decode(ids) for ids in written]
    lowercase = trained.target.settings.lowercase
    return corpus_bleu(hypotheses, references(translation_of(corpus)), lowercase=lowercase)


def references(corpus: Corpus) -> Sequence[str]:
    """Return the lines that translations are compared with: untouched where there are any."""
    if corpus.text is not None:
        return corpus.text
    return [detokenize(words, corpus.language) for words in corpus.sentences]


def unknown_share(corpus: Corpus, encoder: TextEncoder) -> float:
    """Return the share of words that the encoder does not know."""
    unknown = sum(sum(encoder.encode(words).unknown) for words in corpus.sentences)
    return unknown / max(1, corpus.word_count)
