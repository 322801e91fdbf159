"""Which judgements a run has, and how they are called."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch

from onegrain.data.corpus import Corpus
from onegrain.data.labelled import LabelledText
from onegrain.data.rare import RareLabels
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.refitting import refit_probe
from onegrain.probing.scoring import score
from onegrain.probing.selection import Choice
from onegrain.ranking.random_order import rank_at_random
from onegrain.reporting.run_contract import JUDGE_COLUMNS
from onegrain.settings import Settings
from onegrain.stages import ProbingTask
from onegrain.steps.code_length import code_length_metrics
from onegrain.steps.judging import judge_metrics, judged
from onegrain.steps.probed import Compared, Probed
from onegrain.steps.rankings import Ranked
from onegrain.store import Store

LAYOUT = NeuronLayout.bidirectional_encoder(layers=1, width=4)
NEURONS = LAYOUT.size


def words(seed: int) -> LabelledActivations:
    """Neuron 6 tells the label."""
    values = torch.randn(300, NEURONS, generator=torch.Generator().manual_seed(seed))
    labels = (values[:, 6] > 0).long()
    return LabelledActivations(InMemory(values), labels, torch.arange(300) // 10)


@pytest.fixture(scope="module")
def probed() -> Probed:
    nothing = Corpus("en", ())
    corpora = LabelledText(nothing, nothing, nothing, RareLabels((), {}))
    task = ProbingTask("pos", ("A", "B"), LAYOUT, words(0), words(1), words(2), unknown_share={})
    probe = fit_probe(task.train, task.labels, LambdaGrid.product([1e-4], [1e-2]))
    scores = score(probe, task.test)
    refit = partial(refit_probe, task.train, probe, 0)
    compared = Compared(probe, scores, scores, Choice(0, 0.0))
    return Probed(corpora, {"train": Path("r")}, task, compared, probe, scores, scores, refit)


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.analysis.judges.enabled = True
    settings.analysis.judges.neurons = [1, 2, 100]
    settings.trainer.accelerator = "cpu"
    return settings


def run_of(*rankings: Ranking) -> Ranked:
    return Ranked(rankings, None, pd.DataFrame())


def telling(name: str) -> Ranking:
    order = torch.tensor([6, 0, 1, 2, 3, 4, 5, 7])
    return Ranking(name, order, torch.zeros(NEURONS), LAYOUT)


def test_a_random_order_stands_beside_the_rankings_but_has_no_say(
    settings: Settings, probed: Probed
) -> None:
    table = judged(settings, run_of(telling("one"), telling("other")), probed)
    assert tuple(table.columns) == JUDGE_COLUMNS
    assert table["neurons"].unique().tolist() == [1, 2]  # 100 are more than there are
    by_judge = table.groupby("judge")["ranking"].unique().map(set).to_dict()
    run, beside = {"one", "other"}, {"one", "other", "random"}
    assert by_judge == {
        "linear": beside,
        "gaussian": beside,
        "average_overlap": run,
        "neuron_vote": run,
    }
    values = table.set_index(["ranking", "judge", "neurons"])["value"]
    assert values["one", "average_overlap", 2] == 1.0
    for judge in ("linear", "gaussian"):
        assert values["one", judge, 1] > 0.85 > values["random", judge, 1]


def test_a_random_order_that_was_asked_for_is_judged_once(
    settings: Settings, probed: Probed
) -> None:
    random = rank_at_random(LAYOUT, seed=5)
    table = judged(settings, run_of(telling("one"), random), probed)
    assert table.groupby(["ranking", "judge"]).size().eq(2).all()
    assert set(table.loc[table["judge"] == "neuron_vote", "ranking"]) == {"one", "random"}


def test_few_neurons_are_judged_together(settings: Settings, probed: Probed) -> None:
    settings.analysis.judges.neurons = [50]
    table = judged(settings, run_of(telling("one")), probed)
    assert table["neurons"].unique().tolist() == [NEURONS]


def test_metrics_are_called_by_ranking_judge_and_number(settings: Settings, probed: Probed) -> None:
    table = judged(settings, run_of(telling("one")), probed)
    metrics = judge_metrics(table)
    assert set(metrics) == {
        f"judges/{ranking}/{judge}@{neurons}"
        for ranking in ("one", "random")
        for judge in ("linear", "gaussian")
        for neurons in (1, 2)
    }
    assert metrics["judges/one/linear@1"] > 0.85


def test_it_is_a_setting(settings: Settings, probed: Probed) -> None:
    settings.analysis.judges.enabled = False
    table = judged(settings, run_of(telling("one")), probed)
    assert table.empty
    assert tuple(table.columns) == JUDGE_COLUMNS
    assert judge_metrics(table) == {}
    settings.analysis.judges.enabled = True
    assert judged(settings, run_of(), probed).empty


def test_the_code_length_is_a_setting_and_found_again(
    settings: Settings, probed: Probed, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    assert code_length_metrics(settings, probed, store) == {}
    settings.probe.mdl = True
    metrics = code_length_metrics(settings, probed, store)
    assert metrics["probe/codelength_uniform"] == 300
    assert metrics["probe/compression"] == 300 / metrics["probe/codelength"]
    assert metrics["probe/compression"] > 1.5
    assert code_length_metrics(settings, probed, store) == metrics
    assert len([path for path in (tmp_path / "online_code").iterdir() if path.is_dir()]) == 1
