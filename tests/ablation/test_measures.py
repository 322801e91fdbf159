"""What a model does under ablation, sentence by sentence, is what it does on the whole corpus."""

import random

import pytest
import torch

from onegrain.ablation.inside import ablate
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.measures import PerplexityMeasure, TranslationMeasure, _masks_at_once
from onegrain.ablation.projection import Projection
from onegrain.ablation.resampling import Resample
from onegrain.data.corpus import Corpus
from onegrain.models.evaluation import prediction_score, translation_score
from onegrain.models.text_model import untrained_model
from onegrain.settings import NlmModel, NmtModel, Site, TextSettings, VocabularyKind

BPE = TextSettings(vocabulary=VocabularyKind.bpe, vocabulary_size=30)
WORDS = ["dog", "cat", "sees", "takes", "the", "a", "."]
OTHERS = ["chien", "chat", "voit", "prend", "le", "un", "."]


def sentences(words, seed):
    chance = random.Random(seed)
    drawn = [tuple(chance.choices(words, k=chance.randint(1, 8))) for _ in range(20)]
    return (*drawn, (), drawn[0])  # an empty one, and one twice


CORPUS = Corpus("en", sentences(WORDS, 1), translation=Corpus("fr", sentences(OTHERS, 2)))


def text_model(settings, text=TextSettings()):  # noqa: B008
    torch.manual_seed(0)
    trained = untrained_model(settings, CORPUS, text)
    for weights in trained.model.parameters():
        torch.nn.init.uniform_(weights, -1, 1)
    trained.model.eval()
    return trained


@pytest.fixture
def translator():
    return text_model(NmtModel(hidden=5, embedding=4, layers=2))


def value_of(measure, ablation):
    (value,) = measure.value(measure.counts(ablation).sum(dim=0, keepdim=True))
    return value


def nothing(measure, site=Site.recurrent):
    return Mask.empty(measure.layout, site)


def some(layout, site, values=None):
    return Mask(site_neurons(layout, site)[::2], layout, site, values)


@pytest.mark.parametrize("rows_at_once", [1, 6, 100])
@pytest.mark.parametrize("text", [TextSettings(), BPE], ids=["words", "bpe"])
def test_perplexity_is_that_of_the_whole_corpus(text, rows_at_once):
    trained = text_model(NlmModel(hidden=6, layers=2), text)
    measure = PerplexityMeasure(trained, CORPUS, rows_at_once)
    expected = prediction_score(trained, CORPUS).perplexity
    assert value_of(measure, nothing(measure)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("site", Site)
@pytest.mark.parametrize("text", [TextSettings(), BPE], ids=["words", "bpe"])
def test_perplexity_under_ablation_is_that_of_the_ablated_model(text, site):
    trained = text_model(NlmModel(hidden=6, layers=2), text)
    mask = some(trained.model.layout, site, torch.linspace(-1, 1, 12))
    with ablate(trained.model, mask):
        expected = prediction_score(trained, CORPUS).perplexity
    measure = PerplexityMeasure(trained, CORPUS, rows_at_once=8)
    whole = value_of(measure, nothing(measure))
    assert value_of(measure, mask) == pytest.approx(expected, rel=1e-5)
    assert value_of(measure, mask) != pytest.approx(whole, rel=1e-3)
    assert value_of(measure, nothing(measure)) == whole  # the model is untouched


def test_counts_are_those_of_each_sentence_alone_in_the_order_of_the_corpus():
    trained = text_model(NlmModel(hidden=6, layers=2))
    counts = PerplexityMeasure(trained, CORPUS, 8).counts(
        Mask.empty(trained.model.layout, Site.recurrent)
    )
    read = [row for row, words in enumerate(CORPUS.sentences) if words]
    assert counts[:, 1].tolist() == [len(CORPUS.sentences[row]) + 1 for row in read]
    for row, (surprise, words) in zip(read, counts.tolist(), strict=True):
        alone = prediction_score(trained, CORPUS.select([row])).perplexity
        assert surprise == pytest.approx(words * torch.tensor(alone).log().item(), rel=1e-4)


@pytest.mark.parametrize("rows_at_once", [1, 6, 100])
@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("site", Site)
def test_bleu_without_ablation_is_the_translation_score(translator, site, beam, rows_at_once):
    search = NmtModel(beam=beam, max_decode_extra=3)
    measure = TranslationMeasure(translator, CORPUS, search, rows_at_once)
    expected = translation_score(translator, CORPUS, search).score
    assert value_of(measure, nothing(measure, site)) == pytest.approx(expected)
    assert expected > 0


def at_the_context(layout):
    top = site_neurons(layout, Site.context)
    pool = torch.randn(9, layout.size, generator=torch.Generator().manual_seed(3))
    basis = torch.linalg.qr(torch.randn(len(top), 4, generator=torch.Generator().manual_seed(4))).Q
    return {
        "zero": some(layout, Site.context),
        "mean": some(layout, Site.context, pool.mean(dim=0)),
        "resample": some(layout, Site.context, Resample(pool, seed=5)),
        "projection": Projection(basis.T, pool.mean(dim=0)[top], layout),
    }


@pytest.mark.parametrize("beam", [1, 2])
@pytest.mark.parametrize("kind", ["zero", "mean", "resample", "projection"])
def test_sentences_that_are_read_once_translate_as_under_ablation(translator, kind, beam):
    ablation = at_the_context(translator.model.layout)[kind]
    search = NmtModel(beam=beam, max_decode_extra=3)
    with ablate(translator.model, ablation):
        expected = translation_score(translator, CORPUS, search).score
    measure = TranslationMeasure(translator, CORPUS, search, rows_at_once=6)
    assert value_of(measure, ablation) == pytest.approx(expected)
    assert value_of(measure, nothing(measure)) != pytest.approx(expected)


@pytest.mark.parametrize("site", [Site.recurrent, Site.layer_output])
def test_bleu_under_ablation_is_that_of_the_ablated_model(translator, site):
    mask = some(translator.model.layout, site)
    search = NmtModel(max_decode_extra=3)
    with ablate(translator.model, mask):
        expected = translation_score(translator, CORPUS, search).score
    measure = TranslationMeasure(translator, CORPUS, search, rows_at_once=6)
    assert value_of(measure, mask) == pytest.approx(expected)
    whole = translation_score(translator, CORPUS, search).score
    assert expected != pytest.approx(whole)
    for each in (Site.context, site):  # neither the model nor what was read is touched
        assert value_of(measure, nothing(measure, each)) == pytest.approx(whole)


def test_the_encoder_runs_once_for_all_ablations_that_leave_it_alone(translator):
    measure = TranslationMeasure(translator, CORPUS, NmtModel(), rows_at_once=6)
    read = []
    translator.model.encoder.register_forward_hook(lambda *_: read.append(1))
    for ablation in at_the_context(translator.model.layout).values():
        measure.counts(ablation)
    assert len(read) == len(measure.batches)
    measure.counts(some(translator.model.layout, Site.recurrent))
    assert len(read) == 2 * len(measure.batches)


@pytest.mark.parametrize(("rows_at_once", "beam"), [(4, 1), (6, 3), (2, 3)])
def test_no_step_has_more_rows_than_asked_for_or_than_one_sentence_needs(
    translator, rows_at_once, beam
):
    rows = []
    lstm = translator.model.decoder.lstm
    lstm.register_forward_hook(lambda _, args, __: rows.append(len(args[0])))
    measure = TranslationMeasure(translator, CORPUS, NmtModel(beam=beam), rows_at_once)
    measure.counts(nothing(measure))
    assert max(rows) == max(rows_at_once // beam, 1) * beam


def test_a_sentence_has_the_counts_it_has_alone(translator):
    search = NmtModel(max_decode_extra=3)
    mask = some(translator.model.layout, Site.recurrent)
    together = TranslationMeasure(translator, CORPUS, search, 100).counts(mask)
    assert len(together) == len(CORPUS)
    assert torch.equal(together[0], together[-1])  # the same pair
    for row in (0, 7, 20):  # the last is empty
        alone = TranslationMeasure(translator, CORPUS.select([row]), search, 100).counts(mask)
        assert torch.equal(alone[0], together[row])


def several(layout, site):
    pool = torch.randn(9, layout.size, generator=torch.Generator().manual_seed(3))
    resample = Resample(pool, seed=5)
    ids = site_neurons(layout, site)
    return {
        "constants": [
            Mask.empty(layout, site),
            some(layout, site),
            Mask(ids[1::3], layout, site, pool.mean(dim=0)),
        ],
        "resampled": [Mask(ids[start::2], layout, site, resample) for start in (0, 1)],
    }


@pytest.mark.parametrize("site", Site)
@pytest.mark.parametrize("kind", ["constants", "resampled"])
def test_perplexities_under_several_masks_at_once_are_those_under_each(site, kind):
    trained = text_model(NlmModel(hidden=6, layers=2))
    measure = PerplexityMeasure(trained, CORPUS, rows_at_once=8)
    masks = several(trained.model.layout, site)[kind]
    together = measure.counts_together(masks)
    for mask, counts in zip(masks, together, strict=True):
        assert torch.allclose(counts, measure.counts(mask), rtol=1e-5)


@pytest.mark.parametrize("beam", [1, 2])
@pytest.mark.parametrize("site", Site)
@pytest.mark.parametrize("kind", ["constants", "resampled"])
def test_translations_under_several_masks_at_once_are_those_under_each(
    translator, site, kind, beam
):
    search = NmtModel(beam=beam, max_decode_extra=3)
    measure = TranslationMeasure(translator, CORPUS, search, rows_at_once=8)
    masks = several(translator.model.layout, site)[kind]
    together = measure.counts_together(masks)
    for mask, counts in zip(masks, together, strict=True):
        assert torch.equal(counts, measure.counts(mask))


def test_only_a_gpu_takes_several_masks_at_once(translator):
    assert TranslationMeasure(translator, CORPUS, NmtModel(), 1000).masks_at_once == 1
    assert _masks_at_once(8192, 500, torch.device("cuda")) == 16
    assert _masks_at_once(100, 500, torch.device("cuda")) == 1
