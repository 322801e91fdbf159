"""Which curves a run draws."""

from __future__ import annotations

import random

import pandas as pd
import pytest
import torch
from jaxtyping import Bool
from torch import Tensor

from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.measures import PerplexityMeasure, TranslationMeasure
from onegrain.ablation.resampling import Resample
from onegrain.activations.activations import Activations
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.data.labelled import LabelledText
from onegrain.data.rare import RareLabels
from onegrain.models.evaluation import prediction_score, translation_score
from onegrain.models.text_model import TextModel, untrained_model
from onegrain.neurons import Ranking
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import score
from onegrain.probing.selection import Choice
from onegrain.ranking.moments import Moments, every_pair
from onegrain.ranking.svcca import shared_directions
from onegrain.reporting.run_contract import CURVE_COLUMNS
from onegrain.settings import (
    Clamp,
    NlmModel,
    NmtModel,
    Penalty,
    Precision,
    Settings,
    Site,
    Target,
)
from onegrain.stages import ProbingTask
from onegrain.steps.ablations import _measure, _values, ablation_curves
from onegrain.steps.probed import Compared, Probed
from onegrain.steps.rankings import Ranked


def corpus_of(letters: str, seed: int) -> Corpus:
    chance = random.Random(seed)
    return Corpus("en", tuple(tuple(chance.choices(letters, k=6)) for _ in range(20)))


ENDS = ("top", "bottom")
GOLD = torch.randint(3, (120,), generator=torch.Generator().manual_seed(1))
CORPUS = Corpus("en", corpus_of("abcdef", 1).sentences, translation=corpus_of("uvwxyz", 2))


def settings_of(name: str) -> Settings:
    settings = Settings()
    settings.model = NlmModel(hidden=8) if name == "nlm" else NmtModel(hidden=4)
    settings.ablation.fractions = [0.5]
    settings.ablation.bootstrap_samples = 3
    settings.ablation.random_orders = 2
    settings.ablation.retrain.fractions = [0.5]
    settings.ablation.retrain.random_orders = 2
    settings.ablation.model.fractions = [0.5]
    settings.ablation.model.shown = [0.25]
    settings.ablation.model.precision = Precision.fp32
    return settings


@pytest.fixture(params=["nmt", "nlm"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return settings_of(request.param)


def model_of(settings: Settings) -> TextModel:
    assert isinstance(settings.model, NmtModel | NlmModel)
    torch.manual_seed(0)
    trained = untrained_model(settings.model, CORPUS, settings.data.text)
    for weights in trained.model.parameters():
        torch.nn.init.uniform_(weights, -1, 1)
    trained.model.eval()
    return trained


def recording_of(model: TextModel) -> Activations:
    ids = torch.tensor([model.source.encode(words).ids for words in CORPUS.sentences])
    with torch.no_grad():
        states = model.model.neuron_states(ids, torch.full((20,), 6)).flatten(0, 1)
    table = TokenTable.of(CORPUS, torch.zeros(120, dtype=torch.bool))
    return Activations(model.model.layout, table, (states,))


def drawn(
    settings: Settings, methods: tuple[str, ...] = ("one", "other"), directions: bool = False
) -> pd.DataFrame:
    """What `ablation_curves` draws for rankings at random and a probe at random."""
    model = model_of(settings)
    recording, layout = recording_of(model), model.model.layout
    generator = torch.Generator().manual_seed(0)
    rankings = tuple(
        Ranking(name, torch.randperm(16, generator=generator), torch.zeros(16), layout)
        for name in methods
    )
    found = None
    if directions:
        mixed = recording.load() @ torch.randn(16, 16, generator=generator)
        moments = Moments.of([recording, InMemory(mixed)], every_pair(2, within=True))
        top = site_neurons(layout, Site.context)
        found = shared_directions(moments, 0, layout, among=top)
    part = LabelledActivations(recording, GOLD, recording.tokens.sentence)
    task = ProbingTask("pos", ("A", "B", "C"), layout, part, part, part, {})
    grid = LambdaGrid.product([0.0, 1.0], [0.0], Penalty.squared)
    numbers = {name: torch.zeros(2) for name in ("objective", "residual", "train_accuracy")}
    weight = torch.randn(2, 3, 16, generator=generator)
    probe = Probe(grid, task.labels, weight, torch.zeros(2, 3), tolerance=1.0, **numbers)
    ranked = Ranked(rankings, found, pd.DataFrame())

    def refit(allowed: Bool[Tensor, "points neurons"]) -> Probe:
        """The same weights on fewer neurons."""
        size = len(allowed)
        points = LambdaGrid(torch.ones(size), torch.zeros(size), Penalty.squared)
        none = {name: torch.zeros(size) for name in numbers}
        weights = weight[1] * allowed[:, None]
        return Probe(points, task.labels, weights, torch.zeros(size, 3), tolerance=1.0, **none)

    corpora = LabelledText(CORPUS, CORPUS, CORPUS, RareLabels((), {}))
    scores, chosen = score(probe, task.test), probe.select(torch.tensor([1]))
    compared = Compared(probe, scores, scores, Choice(1, 0.0))
    alone = score(chosen, task.test)
    probed = Probed(corpora, {}, task, compared, chosen, alone, alone, refit)
    return ablation_curves(settings, ranked, probed, model, CORPUS, recording)


def test_every_target_has_curves_of_every_ranking(settings: Settings) -> None:
    settings.ablation.targets = list(Target)
    curves = drawn(settings)
    assert set(CURVE_COLUMNS) <= set(curves.columns)
    kinds = curves.groupby("target")[["operation", "metric"]].first().to_dict("index")
    metric = "perplexity" if isinstance(settings.model, NlmModel) else "bleu"
    assert kinds == {
        "probe_mask": {"operation": "keep", "metric": "accuracy"},
        "probe_retrain": {"operation": "keep", "metric": "accuracy"},
        "model": {"operation": "ablate", "metric": metric},
        "prune": {"operation": "ablate", "metric": metric},
    }
    overall = curves[curves["label"] == ""]
    rows = overall.groupby(["target", "ranking"]).size().to_dict()
    assert rows == {
        **dict.fromkeys(
            [("probe_mask", "one"), ("probe_mask", "other")], 2 * 4 * 5
        ),  # 0, 2, 3, 8, 16
        **dict.fromkeys([("probe_retrain", "one"), ("probe_retrain", "other")], 4 * 5),
        **dict.fromkeys([("model", "one"), ("model", "other")], 3 * 4),  # 0, 4, 8, 16
        **dict.fromkeys([("prune", "one"), ("prune", "other")], 4),
    }
    assert set(curves["task"]) == {"pos"}
    assert set(curves["instance"]) == {1}
    assert overall[list(CURVE_COLUMNS)].notna().all(axis=None)


def test_each_label_has_curves_on_the_probe_from_both_ends_with_the_first_clamp(
    settings: Settings,
) -> None:
    settings.ablation.targets = [Target.probe_mask, Target.model]
    settings.ablation.clamps = [Clamp.mean, Clamp.zero]
    curves = drawn(settings)
    of_labels = curves[curves["label"] != ""]
    groups = of_labels.groupby(["target", "clamp", "ranking", "order", "label"]).size()
    ends = [(name, end, label) for name in ("one", "other") for end in ENDS for label in "ABC"]
    assert groups.to_dict() == {("probe_mask", "mean", *each): 5 for each in ends}
    words = dict(zip("ABC", torch.bincount(GOLD).tolist(), strict=True))
    weighted = of_labels["value"] * of_labels["label"].map(words)
    key = ["ranking", "order", "neurons"]
    total = of_labels.assign(hits=weighted).groupby(key)["hits"].sum() / 120
    overall = curves[(curves["label"] == "") & (curves["target"] == "probe_mask")]
    overall = overall[(overall["clamp"] == "mean") & overall["order"].isin(ENDS)]
    assert total.to_dict() == pytest.approx(overall.set_index(key)["value"].to_dict())


def test_label_ablation_has_a_table_of_its_own_and_no_curves(settings: Settings) -> None:
    settings.ablation.targets = [Target.label]
    curves = drawn(settings)
    assert curves.empty
    assert set(CURVE_COLUMNS) == set(curves.columns)


@pytest.mark.parametrize("target", [target for target in Target if target is not Target.label])
def test_only_what_is_asked_for_is_drawn(settings: Settings, target: Target) -> None:
    settings.ablation.targets = [target]
    settings.model.instance = 3
    curves = drawn(settings)
    assert set(curves["target"]) == {target.value}
    assert set(curves["instance"]) == {3}


def test_sites_and_clamps_in_the_model_are_those_of_the_model(settings: Settings) -> None:
    settings.ablation.targets = [Target.probe_mask, Target.model]
    settings.ablation.model.sites = [Site.context, Site.recurrent]
    settings.ablation.model.clamps = [Clamp.mean, Clamp.resample]
    settings.ablation.clamps = [Clamp.zero]
    curves = drawn(settings, ("one",))
    inside = curves[curves["target"] == "model"]
    assert inside["site"].unique().tolist() == ["context", "recurrent"]
    assert inside["clamp"].unique().tolist() == ["mean", "resample"]
    assert inside.groupby("site")["neurons"].max().to_dict() == {"context": 8, "recurrent": 16}
    on_probe = curves[curves["target"] == "probe_mask"]
    assert (set(on_probe["site"]), set(on_probe["clamp"])) == ({""}, {"zero"})


def test_the_whole_model_is_worth_its_score(settings: Settings) -> None:
    settings.ablation.targets = [Target.model, Target.prune]
    settings.model.dropout = 0.0
    if isinstance(settings.model, NmtModel):
        settings.model.beam = 2
    model = model_of(settings)
    expected = (
        prediction_score(model, CORPUS).perplexity
        if isinstance(settings.model, NlmModel)
        else translation_score(model, CORPUS, settings.model).score
    )
    curves = drawn(settings)
    whole = curves[curves["fraction"] == 0]
    assert len(whole) == 2 * 3 + 2
    assert whole["value"].tolist() == pytest.approx([expected] * len(whole), rel=1e-5)


def test_neurons_are_clamped_to_what_they_usually_are(settings: Settings) -> None:
    recording = recording_of(model_of(settings))
    assert _values(Clamp.zero, recording, 1) is None
    torch.testing.assert_close(_values(Clamp.mean, recording, 1), recording.load().mean(dim=0))
    resample = _values(Clamp.resample, recording, 1)
    assert isinstance(resample, Resample)
    torch.testing.assert_close(resample.pool, recording.load())
    settings.ablation.targets = [Target.model]
    settings.ablation.model.clamps = [Clamp.mean]
    curves = drawn(settings, ("one",))
    model = model_of(settings)
    measure = _measure(settings, model, CORPUS)
    everything = Mask(
        torch.arange(16), model.model.layout, Site.recurrent, recording.load().mean(dim=0)
    )
    totals = measure.counts(everything).double().sum(dim=0, keepdim=True)
    (emptied,) = measure.value(totals)
    at_the_end = curves.loc[curves["fraction"] == 1, "value"].tolist()
    assert at_the_end == pytest.approx([emptied] * 3, rel=1e-5)


def test_directions_are_projected_out_of_the_model_beside_the_rankings(settings: Settings) -> None:
    settings.ablation.targets = [Target.probe_mask, Target.model]
    curves = drawn(settings, directions=True)
    projected = curves[curves["ranking"] == "svcca"]
    assert set(projected["target"]) == {"model"}
    assert set(projected["site"]) == {"context"}
    alone = drawn(settings, (), directions=True)
    assert set(alone["ranking"]) == {"svcca"}


def test_the_memory_of_a_step_is_bounded_by_a_setting(settings: Settings) -> None:
    settings.ablation.model.rows_at_once = 6
    measure = _measure(settings, model_of(settings), CORPUS)
    if isinstance(measure, PerplexityMeasure):
        assert max(len(batch.source) for batch in measure.batches) == 6
    else:
        assert isinstance(measure, TranslationMeasure)
        assert max(len(batch.sentences) for batch in measure.batches) == 6


def test_random_orders_on_the_probe_are_those_of_every_ranking(settings: Settings) -> None:
    settings.ablation.targets = [Target.probe_mask]
    curves = drawn(settings)
    shown = ["order", "seed", "clamp", "neurons", "value"]
    one, other = (curves[curves["ranking"] == name] for name in ("one", "other"))
    randoms = [
        rows[rows["order"] == "random"][shown].reset_index(drop=True) for rows in (one, other)
    ]
    assert randoms[0].equals(randoms[1])
    assert len(randoms[0]) > 0
    tops = [rows[rows["order"] == "top"]["value"].tolist() for rows in (one, other)]
    assert tops[0] != tops[1]
