from dataclasses import replace

import pytest

from onegrain.data.corpus import Corpus
from onegrain.data.vocabulary import BOS, EOS
from onegrain.errors import UserError
from onegrain.models.text_model import translation_of, untrained_model
from onegrain.settings import NlmModel, NmtModel, TextSettings, VocabularyKind

ENGLISH = Corpus(
    "en",
    (("a", "dog"), (), ("no",)),
    translation=Corpus("fr", (("un", "chien"), ("rien",), ("non", "!"))),
)
NMT, NLM = NmtModel(hidden=4, layers=1), NlmModel(hidden=4, layers=1)


def test_a_translator_is_to_predict_the_other_side_of_what_can_be_read():
    model = untrained_model(NMT, ENGLISH, TextSettings())
    examples = model.examples(ENGLISH)
    assert len(examples.pairs) == 2
    assert examples.words == (2 + 1) + (2 + 1)
    batch = examples.pairs[[0]]
    assert batch.source.tolist() == [model.source.encode(("a", "dog")).ids]
    assert batch.gold.tolist() == [*model.target.encode(("un", "chien")).ids, EOS]
    assert model.predicted is model.target


def test_a_language_model_is_to_predict_what_it_reads():
    model = untrained_model(NLM, replace(ENGLISH, translation=None), TextSettings())
    examples = model.examples(ENGLISH)
    assert len(examples.pairs) == 2
    assert examples.words == (2 + 1) + (1 + 1)
    ids = model.source.encode(("a", "dog")).ids
    batch = examples.pairs[[0]]
    assert batch.target_inputs.tolist() == [[BOS, *ids]]
    assert batch.gold.tolist() == [*ids, EOS]
    assert model.predicted is model.source


def test_the_perplexity_of_a_word_is_that_of_all_its_pieces_together():
    text = TextSettings(vocabulary=VocabularyKind.bpe, vocabulary_size=10)
    examples = untrained_model(NLM, ENGLISH, text).examples(ENGLISH)
    assert examples.pairs.target_tokens > examples.words
    everything = 2.0**examples.pairs.target_tokens  # one over the probability of the whole text
    assert examples.per_word(2.0) == pytest.approx(everything ** (1 / examples.words))


def test_a_corpus_without_translations_makes_no_translator():
    alone = replace(ENGLISH, translation=None)
    with pytest.raises(UserError, match="no translation"):
        untrained_model(NMT, alone, TextSettings())
    with pytest.raises(UserError, match="no translation"):
        translation_of(alone)


@pytest.mark.parametrize("settings", [NMT, NLM])
def test_nothing_to_read_is_said(settings):
    model = untrained_model(settings, ENGLISH, TextSettings())
    with pytest.raises(UserError, match="no sentence"):
        model.examples(ENGLISH.select([1]))
