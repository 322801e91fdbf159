"""What is measured when neurons are really removed."""

import random
from functools import partial

import pytest
import torch

from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import PerplexityMeasure, TranslationMeasure
from onegrain.ablation.pruning import pruning_curves
from onegrain.ablation.summaries import measured
from onegrain.data.corpus import Corpus
from onegrain.models.text_model import untrained_model
from onegrain.neurons import Ranking
from onegrain.settings import NlmModel, NmtModel, Site, TextSettings

FRACTIONS = [0.1, 0.2, 0.5, 0.9]


def corpus_of(letters, seed):
    chance = random.Random(seed)
    return Corpus("en", tuple(tuple(chance.choices(letters, k=6)) for _ in range(20)))


CORPUS = Corpus("en", corpus_of("abcdef", 1).sentences, translation=corpus_of("uvwxyz", 2))


def text_model(settings):
    torch.manual_seed(0)
    trained = untrained_model(settings, CORPUS, TextSettings())
    for weights in trained.model.parameters():
        torch.nn.init.uniform_(weights, -1, 1)
    trained.model.eval()
    return trained


def ranking_of(layout, name="variance", seed=0):
    order = torch.randperm(layout.size, generator=torch.Generator().manual_seed(seed))
    return Ranking(name, order, torch.zeros(layout.size), layout)


def perplexity(trained):
    return PerplexityMeasure(trained, CORPUS, rows_at_once=8)


def bleu(trained):
    return TranslationMeasure(trained, CORPUS, NmtModel(max_decode_extra=3), rows_at_once=8)


def curves_of(trained, measure_of, *rankings):
    options = {"fractions": FRACTIONS, "bootstrap_samples": 5, "seed": 2}
    return pruning_curves(trained, measure_of, rankings, **options)


def masked(measure, neurons):
    layout = measure.layout
    none = Mask.empty(layout, Site.recurrent)
    mask = Mask(neurons, layout, Site.recurrent) if len(neurons) else none
    return measured(measure, mask, 5, 2)["value"]


@pytest.mark.parametrize("layers", [1, 2])
def test_a_language_model_is_worth_what_it_is_worth_masked(layers):
    trained = text_model(NlmModel(hidden=10, layers=layers))
    ranking = ranking_of(trained.model.layout)
    curves = curves_of(trained, perplexity, ranking)
    size = 10 * layers
    assert curves["neurons"].tolist() == [0, *(round(share * size) for share in FRACTIONS), size]
    for row in curves.itertuples():
        bottom = ranking.order[size - row.neurons :]
        assert row.value == pytest.approx(masked(perplexity(trained), bottom), rel=1e-4)


def test_the_model_is_left_as_it_is():
    trained = text_model(NlmModel(hidden=10, layers=2))
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    layers = list(trained.model.stack.layers)
    curves_of(trained, perplexity, ranking_of(trained.model.layout))
    assert list(trained.model.stack.layers) == layers
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(
    ("settings", "measure_of"),
    [
        (NlmModel(hidden=10, layers=2), perplexity),
        (NmtModel(hidden=6, layers=2, input_feeding=False), bleu),
    ],
    ids=["nlm", "nmt"],
)
def test_more_neurons_less_weights(settings, measure_of):
    trained = text_model(settings)
    layout = trained.model.layout
    rankings = [ranking_of(layout), ranking_of(layout, "random", 1)]
    curves = curves_of(trained, measure_of, *rankings)
    whole = sum(weights.numel() for weights in trained.model.parameters())
    for _, rows in curves.groupby("ranking"):
        assert rows["parameters"].iloc[0] == whole
        assert rows["parameters"].is_monotonic_decreasing
        assert rows["parameters"][rows["fraction"] <= 0.5].is_unique  # a layer keeps one unit
    assert (curves["seconds"] > 0).all()
    assert (curves["low"] < curves["high"]).any()


def test_a_translator_without_the_faintest_neurons_translates_alike():
    trained = text_model(NmtModel(hidden=6, layers=1, input_feeding=False))
    idle = torch.tensor([1, 4])
    with torch.no_grad():
        for stack in (trained.model.encoder.forward_stack, trained.model.encoder.backward_stack):
            for weights in stack.layers[0].parameters():
                for gate in range(4):
                    weights[gate * 6 + idle] = 0  # with c and h always zero
    order = torch.tensor([0, 2, 3, 5, 6, 8, 9, 11, 1, 4, 7, 10])
    ranking = Ranking("variance", order, torch.zeros(12), trained.model.layout)
    options = {"fractions": [4 / 12], "bootstrap_samples": 5, "seed": 0}
    curves = pruning_curves(trained, bleu, [ranking], **options)
    whole, without, _ = curves["value"]
    assert whole > 0
    assert without == pytest.approx(whole)


def test_rows_say_what_was_done_and_stand_beside_those_of_masking():
    trained = text_model(NlmModel(hidden=10, layers=1))
    measure = partial(PerplexityMeasure, corpus=CORPUS, rows_at_once=8)
    curves = curves_of(trained, measure, ranking_of(trained.model.layout))
    names = ["target", "operation", "order", "clamp", "site", "metric", "ranking"]
    assert [set(curves[name]) for name in names] == [
        *({"prune"}, {"ablate"}, {"bottom"}, {"zero"}, {"recurrent"}, {"perplexity"}),
        {"variance"},
    ]
    assert curves["fraction"].tolist() == [0.0, *FRACTIONS, 1.0]
