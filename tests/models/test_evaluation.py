import math
from dataclasses import replace

import pytest
import torch

from onegrain.data.corpus import Corpus
from onegrain.data.vocabulary import BOS, EOS
from onegrain.models.evaluation import (
    prediction_score,
    references,
    scores,
    translation_score,
    unknown_share,
)
from onegrain.models.text_model import untrained_model
from onegrain.settings import NlmModel, NmtModel, TextSettings, VocabularyKind

BPE = TextSettings(vocabulary=VocabularyKind.bpe, vocabulary_size=40)


def make(settings, corpus, text=TextSettings()):  # noqa: B008
    torch.manual_seed(0)
    model = untrained_model(settings, corpus, text)
    for weights in model.model.parameters():
        torch.nn.init.uniform_(weights, -1, 1)
    model.model.eval()
    return model


def next_symbol(model, symbols):
    """The language model's distribution after some symbols, through plain PyTorch layers."""
    states = model.model.embedding(torch.tensor([symbols]))
    for layer in model.model.stack.layers:
        states, _ = layer(states)
    return model.model.output(states[0, -1]).softmax(-1)


@torch.no_grad()
@pytest.mark.parametrize("text", [TextSettings(), BPE], ids=["words", "bpe"])
def test_perplexity_is_per_word_with_the_end_counted_computed_by_hand(splits, text):
    corpus = splits.test.select(range(7))
    model = make(NlmModel(hidden=5, layers=2), splits.train, text)
    log_probability, right, symbols, words = 0.0, 0, 0, 0
    for sentence in corpus.sentences:
        read = [BOS]
        for symbol in [*model.source.encode(sentence).ids, EOS]:
            probabilities = next_symbol(model, read)
            log_probability += math.log(probabilities[symbol])
            right += int(probabilities.argmax() == symbol)
            read.append(symbol)
        symbols += len(read) - 1
        words += len(sentence) + 1
    found = prediction_score(model, corpus)
    assert found.perplexity == pytest.approx(math.exp(-log_probability / words), rel=1e-4)
    assert found.accuracy == pytest.approx(right / symbols)


def test_a_language_model_is_scored_by_what_it_predicts(splits):
    found = scores(make(NlmModel(hidden=4), splits.train), splits, NlmModel())
    assert set(found) == {"train/test_perplexity", "train/test_accuracy", "train/unknown_source"}
    assert found["train/unknown_source"] == 0


def test_a_translator_is_scored_by_its_translations_too(splits):
    model = make(NmtModel(hidden=4), splits.train)
    search = NmtModel(beam=2)
    found = scores(model, splits, search)
    prediction = prediction_score(model, splits.test)
    assert found["train/test_perplexity"] == prediction.perplexity
    assert found["train/bleu"] == translation_score(model, splits.test, search).score
    assert found["train/bleu_dev"] == translation_score(model, splits.dev, search).score
    assert "case:lc" in found["train/bleu_signature"]
    assert found["train/unknown_target"] == 0


def test_words_that_training_did_not_show_are_unknown(splits):
    model = make(NlmModel(hidden=4), splits.train)
    assert unknown_share(Corpus("en", (("the", "zebra"), ("dog", "cat"))), model.source) == 0.25
    assert unknown_share(Corpus("en", ()), model.source) == 0


def test_without_untouched_lines_the_references_are_the_words_detokenised():
    corpus = Corpus("fr", (("où", "est", "l'", "homme", "?"),))
    assert list(references(corpus)) == ["où est l'homme ?"]
    assert references(replace(corpus, text=("Où est l’homme?",))) == ("Où est l’homme?",)
