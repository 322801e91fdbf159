"""Curves inside a model: what is measured, how often, where curves meet, how sure they are."""

import random

import pandas as pd
import pytest
import torch

from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.measures import PerplexityMeasure, TranslationMeasure
from onegrain.ablation.model_curves import direction_curves, model_curves
from onegrain.ablation.projection import Projection
from onegrain.ablation.readings import drop_at, gap, value_at
from onegrain.ablation.resampling import Resample
from onegrain.ablation.summaries import measured
from onegrain.data.corpus import Corpus
from onegrain.data.encoding import TextEncoder
from onegrain.models.batches import pad
from onegrain.models.search import translate
from onegrain.models.text_model import TextTranslator, untrained_model
from onegrain.models.translator import Translator
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.labelled import InMemory
from onegrain.ranking.methods import Instances, rank
from onegrain.ranking.moments import Moments, every_pair
from onegrain.ranking.random_order import rank_at_random
from onegrain.ranking.svcca import shared_directions
from onegrain.settings import Clamp, Method, NlmModel, NmtModel, RankingSettings, Site, TextSettings

LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=5)
FRACTIONS = [0.05, 0.1, 0.3, 0.5]


class Noted:
    """A measure that notes what it is asked and says how many neurons are left."""

    metric = "bleu"

    def __init__(self, layout=LAYOUT, sentences=7):
        self.layout, self.sentences = layout, sentences
        self.asked = []

    def counts(self, ablation):
        self.asked.append(ablation)
        gone = len(ablation.neurons if isinstance(ablation, Mask) else ablation.basis)
        return torch.tensor([[float(self.layout.size - gone), 1.0]] * self.sentences)

    def value(self, totals):
        return (totals[:, 0] / totals[:, 1]).tolist()


def ranking(method="variance", seed=0, layout=LAYOUT):
    order = torch.randperm(layout.size, generator=torch.Generator().manual_seed(seed))
    return Ranking(method, order, torch.zeros(layout.size), layout)


def curves_of(measure, rankings, sites=(Site.recurrent,), clamps=None, **options):
    options = {"fractions": FRACTIONS, "bootstrap_samples": 3, **options}
    return model_curves(measure, rankings, sites=sites, clamps=clamps or ZERO, **options)


ZERO = {Clamp.zero: None}


def described(mask):
    values = mask.values if mask.values is None else id(mask.values)
    return (mask.site, values, tuple(mask.neurons.tolist()))


def test_each_mask_is_measured_once():
    noted = Noted()
    clamps = {
        Clamp.zero: None,
        Clamp.mean: torch.ones(20),
        Clamp.resample: Resample(torch.ones(3, 20), 1),
    }
    both = [ranking("one", 0), ranking("other", 1)]
    curves = curves_of(noted, both, list(Site), clamps, random_orders=2)
    asked = [described(mask) for mask in noted.asked]
    assert len(asked) == len(set(asked))
    for site, counts in {Site.recurrent: 6, Site.layer_output: 6, Site.context: 5}.items():
        assert len(curves[curves["site"] == site.value]) == 3 * 2 * 4 * counts
        here = [mask for mask in noted.asked if mask.site is site and len(mask.neurons)]
        # At most all, and before it: two rankings from both ends, and two orders at random.
        assert len(here) <= 3 * (1 + (counts - 2) * (2 * 2 + 2))
    assert asked.count((Site.recurrent, None, ())) == 1  # the whole model: once for everything


class Kept:
    """Keeps summaries by what was measured, and counts what had to be."""

    def __init__(self):
        self.known, self.missing = {}, 0

    def __call__(self, ablations, measure):
        asked = tuple(map(described, ablations))
        if asked not in self.known:
            self.known[asked] = measure()
            self.missing += len(asked)
        return self.known[asked]


def test_what_is_kept_is_not_measured_again():
    kept, again = Kept(), Noted()
    both = [ranking("one", 0), ranking("other", 1)]
    first = curves_of(Noted(), both, random_orders=2, keep=kept)
    second = curves_of(again, both, random_orders=2, keep=kept)
    pd.testing.assert_frame_equal(first, second)
    assert again.asked == []


@pytest.mark.parametrize("random_orders", [1, 2])
def test_a_new_ranking_beside_kept_ones_costs_its_own_points_alone(random_orders):
    kept, noted = Kept(), Noted()
    known, other, new = ranking("one", 0), ranking("other", 1), ranking("new", 2)
    curves_of(Noted(), [other, known], random_orders=random_orders, keep=kept)
    curves_of(noted, [new, known], random_orders=random_orders, keep=kept)
    order = new.order.tolist()
    own = {tuple(sorted(part)) for n in (1, 2, 6, 10) for part in (order[:n], order[-n:])}
    assert {described(mask)[2] for mask in noted.asked} <= own


def test_all_curves_of_a_site_meet_where_nothing_and_where_everything_is_ablated():
    curves = curves_of(Noted(), [ranking("one", 0), ranking("other", 1)], random_orders=3)
    for fraction, left in ((0.0, 20.0), (1.0, 0.0)):
        assert set(curves.loc[curves["fraction"] == fraction, "value"]) == {left}
        assert (curves["fraction"] == fraction).sum() == 2 * 5


def test_the_first_neurons_of_an_order_go_first():
    noted, known = Noted(), ranking()
    curves_of(noted, [known], random_orders=0)
    order = known.order.tolist()
    asked = {described(mask)[2] for mask in noted.asked}
    counts = (1, 2, 6, 10)
    from_both_ends = {tuple(sorted(part)) for n in counts for part in (order[:n], order[-n:])}
    assert asked == from_both_ends | {(), tuple(range(20))}


def test_the_baseline_is_the_empty_mask():
    noted = Noted()
    curves_of(noted, [ranking()], [Site.layer_output], {Clamp.mean: torch.ones(20)})
    (baseline,) = [mask for mask in noted.asked if len(mask.neurons) == 0]
    assert (baseline.site, baseline.values) == (Site.layer_output, None)


def test_at_the_context_only_the_top_layer_is_ablated_and_counted():
    noted, known = Noted(), ranking()
    curves = curves_of(noted, [known], [Site.context])
    top = set(site_neurons(LAYOUT, Site.context).tolist())
    assert {neuron for mask in noted.asked for neuron in mask.neurons.tolist()} == top
    assert curves["neurons"].max() == len(top) == 10
    assert curves["fraction"].tolist() == (curves["neurons"] / 10).tolist()
    first = curves[(curves["order"] == "top") & (curves["neurons"] == 1)]
    assert len(first) == 1
    reached = [neuron for neuron in known.order.tolist() if neuron in top]
    assert (reached[0],) in {described(mask)[2] for mask in noted.asked}


def test_rows_say_what_was_done():
    noted = Noted()
    curves = curves_of(
        noted, [ranking("one")], [Site.recurrent, Site.context], random_orders=2, seed=4
    )
    assert set(curves["target"]) == {"model"}
    assert set(curves["operation"]) == {"ablate"}
    assert set(curves["metric"]) == {"bleu"}
    assert set(curves["ranking"]) == {"one"}
    assert curves["site"].unique().tolist() == ["recurrent", "context"]
    assert curves["clamp"].unique().tolist() == ["zero"]
    seeds = curves.groupby("order")["seed"].unique().map(list).to_dict()
    assert seeds == {"top": [4], "bottom": [4], "random": [4, 5]}


class Coins:
    """A measure whose sentences are right with a known probability."""

    metric = "accuracy"
    layout = LAYOUT

    def __init__(self, sentences, probability, seed):
        generator = torch.Generator().manual_seed(seed)
        self.right = (torch.rand(sentences, generator=generator) < probability).double()

    def counts(self, ablation):
        return torch.stack([self.right, torch.ones_like(self.right)], dim=1)

    def value(self, totals):
        return (totals[:, 0] / totals[:, 1]).tolist()


@pytest.mark.parametrize("probability", [0.3, 0.5, 0.8])
def test_nineteen_of_twenty_intervals_hold_the_truth(probability):
    nothing = Mask.empty(LAYOUT, Site.recurrent)
    held = 0
    for seed in range(300):
        found = measured(Coins(150, probability, seed), nothing, samples=300, seed=seed)
        assert found["low"] <= found["value"] <= found["high"]
        held += found["low"] <= probability <= found["high"]
    assert 0.91 <= held / 300 <= 0.98  # 0.95, of a percentile interval and 300 draws of it


def test_an_interval_is_as_wide_as_four_standard_errors():
    found = measured(Coins(1000, 0.5, 0), Mask.empty(LAYOUT, Site.recurrent), 2000, seed=0)
    assert found["high"] - found["low"] == pytest.approx(4 * (0.25 / 1000) ** 0.5, rel=0.1)


def states_of(trained, corpus):
    ids = [torch.tensor(trained.source.encode(words).ids) for words in corpus.sentences]
    padded, lengths = pad(ids)
    states = trained.model.neuron_states(padded, lengths)
    pairs = zip(states, lengths.tolist(), strict=True)
    return InMemory(torch.cat([row[:length] for row, length in pairs]).detach())


@pytest.mark.parametrize("site", Site)
@pytest.mark.parametrize("method", [Method.variance, Method.cross_model])
def test_planted_neurons_are_found_and_the_others_cost_nothing(planted, method, site):
    (trained, corpus, used), *others = (planted(seed) for seed in range(3))
    recordings = [states_of(each, corpus) for each in (trained, *(one for one, *_ in others))]
    instances = Instances(recordings, trained.model.layout)
    found = rank(method, instances, 0, RankingSettings(), seed=0)
    assert set(found.order[: len(used)].tolist()) == used
    measure = PerplexityMeasure(trained, corpus, rows_at_once=16)
    curves = curves_of(measure, [found], [site], fractions=[0.25, 0.5])
    whole = value_at(curves, "top", 0.0)
    assert value_at(curves, "bottom", 0.5) == pytest.approx(whole, rel=1e-6)
    assert drop_at(curves, "top", 0.5) > 3 * whole
    assert whole < value_at(curves, "random", 0.5) < value_at(curves, "top", 0.5)
    assert gap(curves) > 0.3


def translator_that_ignores(idle):
    """A translator whose decoder never sees some units of either direction, and their faint h."""
    torch.manual_seed(3)
    words = Corpus("en", tuple((f"w{number}",) for number in range(12)))
    encoder = TextEncoder.learn(words.sentences, "en", TextSettings())
    settings = NmtModel(hidden=12, layers=1, input_feeding=False)
    model = Translator(settings, encoder.size, encoder.size).eval()
    units = settings.hidden
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(4)
        for stack in (model.encoder.forward_stack, model.encoder.backward_stack):
            (layer,) = stack.layers
            layer.weight_hh_l0[:, idle] = 0
            for weights in (layer.weight_ih_l0, layer.weight_hh_l0):
                weights[3 * units + idle] = 0
            layer.bias_ih_l0[3 * units + idle] = -9  # the output gate hardly opens
        model.decoder.lstm.weight_hh_l0[:, idle] = 0
        model.decoder.score.weight[idle] = 0
        model.decoder.combine.weight[:, idle] = 0
    return TextTranslator(model, encoder, encoder, settings), words


def test_planted_neurons_of_a_translator_are_found_and_the_others_cost_nothing():
    idle = torch.tensor([0, 3, 4, 8, 9, 11])
    trained, words = translator_that_ignores(idle)
    draws = torch.randint(12, (40, 6), generator=torch.Generator().manual_seed(1)).tolist()
    sentences = tuple(tuple(words.sentences[word][0] for word in row) for row in draws)
    read = [trained.source.encode(each).ids for each in sentences]
    own = tuple(trained.target.decode(ids) for ids in translate(trained.model, read, NmtModel()))
    assert len(set(own)) > 12
    itself = Corpus("en", tuple(tuple(line.split()) for line in own), text=own)
    corpus = Corpus("en", sentences, translation=itself)
    instances = Instances([states_of(trained, corpus)], trained.model.layout)
    found = rank(Method.variance, instances, 0, RankingSettings(), seed=0)
    faint = {*idle.tolist(), *(idle + 12).tolist()}
    assert set(found.order[12:].tolist()) == faint
    measure = TranslationMeasure(trained, corpus, NmtModel(), rows_at_once=16)
    curves = curves_of(measure, [found], [Site.recurrent, Site.context], fractions=[0.5])
    for _, at_site in curves.groupby("site"):
        assert value_at(at_site, "top", 0.0) == pytest.approx(100)
        assert value_at(at_site, "bottom", 0.5) == pytest.approx(100)
        assert value_at(at_site, "top", 0.5) < 60


@pytest.fixture
def with_directions():
    """A language model's measure, the directions it shares with another, and its states."""
    chance = random.Random(0)
    corpus = Corpus("en", tuple(tuple(chance.choices("abcdefgh", k=9)) for _ in range(30)))
    models = []
    for seed in range(2):
        torch.manual_seed(seed)
        trained = untrained_model(NlmModel(hidden=6, layers=2), corpus, TextSettings())
        for weights in trained.model.parameters():
            torch.nn.init.uniform_(weights, -1, 1)
        trained.model.eval()
        models.append(trained)
    recordings = [states_of(trained, corpus) for trained in models]
    moments = Moments.of(recordings, every_pair(2, within=True))
    layout = models[0].model.layout
    top = site_neurons(layout, Site.context)
    directions = shared_directions(moments, 0, layout, variance=1.0, among=top)
    measure = PerplexityMeasure(models[0], corpus, rows_at_once=16)
    return measure, directions, recordings[0]


def test_directions_end_at_the_model_and_at_its_mean(with_directions):
    measure, directions, recording = with_directions
    curve = direction_curves(measure, directions, fractions=[0.1, 0.5], bootstrap_samples=3)
    layout = measure.layout
    baseline = measured(measure, Mask.empty(layout, Site.context), 3, seed=0)
    top = site_neurons(layout, Site.context)
    mean = Mask(top, layout, Site.context, recording.values.mean(dim=0))
    emptied = measured(measure, mean, 3, seed=0)
    for order in ("top", "bottom"):
        assert value_at(curve, order, 0.0) == baseline["value"]
        assert value_at(curve, order, 1.0) == pytest.approx(emptied["value"], rel=1e-4)
    assert value_at(curve, "top", 1.0) == value_at(curve, "bottom", 1.0)
    assert curve["neurons"].max() == len(directions.vectors) == len(top)
    assert set(curve["ranking"]) == {"svcca"}
    assert set(curve["site"]) == {"context"}
    assert set(curve["clamp"]) == {"mean"}
    assert set(curve["order"]) == {"top", "bottom"}


def test_directions_go_from_either_end_and_the_ends_are_measured_once(with_directions):
    directions = with_directions[1]
    noted = Noted(directions.layout)
    total = len(directions.vectors)
    direction_curves(noted, directions, fractions=[0.5], bootstrap_samples=3)
    empty, top, all_of_them, bottom = noted.asked
    assert len(empty.neurons) == 0
    assert isinstance(all_of_them, Projection)
    half = round(total / 2)
    assert [len(each.basis) for each in (top, all_of_them, bottom)] == [half, total, half]
    for projection, gone in (
        (top, directions.vectors[:half]),
        (bottom, directions.vectors[-half:]),
    ):
        inside = gone[:, site_neurons(directions.layout, Site.context)]
        left = projection.remove(projection.mean + inside) - projection.mean
        assert left.abs().max() < 1e-5


def test_side_by_side_points_are_the_same_as_one_after_the_other(planted):
    trained, corpus, _ = planted(0)
    layout = trained.model.layout
    rankings = [rank_at_random(layout, seed) for seed in range(2)]
    measure = PerplexityMeasure(trained, corpus, rows_at_once=16)
    options = {"sites": list(Site), "fractions": [0.2, 0.5], "bootstrap_samples": 5}
    one, two = (curves_of(measure, rankings, workers=workers, **options) for workers in (1, 2))
    pd.testing.assert_frame_equal(one, two, rtol=1e-5)
