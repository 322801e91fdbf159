"""The curves of probes that are fitted again: which are drawn, and what a point of one says."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from jaxtyping import Bool
from torch import Tensor

from onegrain.data.corpus import Corpus
from onegrain.data.labelled import LabelledText
from onegrain.data.rare import RareLabels
from onegrain.neurons import Block, NeuronLayout, Ranking
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import prefix_masks
from onegrain.probing.scoring import Scores, score
from onegrain.probing.selection import Choice
from onegrain.reporting.run_contract import CURVE_COLUMNS
from onegrain.settings import Settings
from onegrain.stages import ProbingTask
from onegrain.steps.probed import Compared, Probed
from onegrain.steps.retraining import retraining_curves

NOTHING = Corpus("en", (("a",),))
NEURONS, WORDS = 10, 60
LAYOUT = NeuronLayout((Block("planted", 1, "", NEURONS),))


def masked(probe: Probe, allowed: Bool[Tensor, "points neurons"]) -> Probe:
    """Stands for a refit: the same weights, without those that a mask leaves out."""
    size = len(allowed)
    weight = probe.weight[0] * allowed[:, None, :]
    bias, number = probe.bias.repeat(size, 1), torch.zeros(size)
    grid = LambdaGrid(number, number)
    return Probe(grid, probe.labels, weight, bias, number, number, number, 1.0)


@pytest.fixture
def asked() -> list[Bool[Tensor, "points neurons"]]:
    """The masks of every time that a refit was asked for."""
    return []


@pytest.fixture
def probed(asked: list[Tensor]) -> Probed:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(WORDS, NEURONS, generator=generator)
    weight = torch.randn(1, 3, NEURONS, generator=generator)
    data = LabelledActivations(
        InMemory(values), (values @ weight[0].T).argmax(dim=1), torch.arange(WORDS) // 6
    )
    task = ProbingTask("pos", ("A", "B", "C"), LAYOUT, data, data, data, unknown_share={})
    number = torch.zeros(1)
    grid = LambdaGrid.product([0.0], [0.0])
    bias = torch.zeros(1, 3)
    probe = Probe(grid, task.labels, weight, bias, number, number, number, 1.0)
    corpora = LabelledText(NOTHING, NOTHING, NOTHING, RareLabels((), {}))

    def refit(allowed: Bool[Tensor, "points neurons"]) -> Probe:
        asked.append(allowed)
        return masked(probe, allowed)

    scores: Scores = score(probe, data)
    compared = Compared(probe, scores, scores, Choice(0, 0.0))
    return Probed(corpora, {}, task, compared, probe, scores, scores, refit)


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.seed = 3
    settings.ablation.keep = [0.5]
    settings.ablation.bootstrap_samples = 20
    settings.ablation.retrain.fractions = [0.2]
    settings.ablation.retrain.random_orders = 2
    return settings


def rankings() -> list[Ranking]:
    chance = torch.Generator().manual_seed(1)
    orders = [torch.randperm(NEURONS, generator=chance) for _ in range(2)]
    return [
        Ranking(method, order, torch.arange(NEURONS, 0, -1).float(), LAYOUT)
        for method, order in zip(("one", "other"), orders, strict=True)
    ]


def test_every_ranking_has_its_ends_and_the_random_orders_of_all(
    settings: Settings, probed: Probed
) -> None:
    curves = retraining_curves(settings, rankings(), probed)
    for _, part in curves.groupby("ranking"):
        counts = part.groupby(["order", "seed"])["neurons"].apply(list)
        assert sorted(counts.index) == [("bottom", 3), ("random", 3), ("random", 4), ("top", 3)]
        assert all(len(each) == len(set(each)) and {2, 5} <= set(each) for each in counts)
    chance = curves[curves["order"] == "random"].drop(columns="ranking")
    half = len(chance) // 2
    pd.testing.assert_frame_equal(
        chance[:half].reset_index(drop=True), chance[half:].reset_index(drop=True)
    )


def test_a_point_is_the_accuracy_of_the_probe_that_was_fitted_on_its_neurons(
    settings: Settings, probed: Probed
) -> None:
    curves = retraining_curves(settings, rankings(), probed)
    assert (curves["target"] == "probe_retrain").all()
    assert (curves["fraction"] == curves["neurons"] / NEURONS).all()
    assert (curves["low"] <= curves["value"]).all()
    assert (curves["value"] <= curves["high"]).all()
    assert set(curves.columns) <= set(CURVE_COLUMNS)
    for each in rankings():
        for name, order in (("top", each.order), ("bottom", each.order.flip(0))):
            chosen = curves[(curves["ranking"] == each.method) & (curves["order"] == name)]
            counts = chosen["neurons"].tolist()
            alone = masked(probed.probe, prefix_masks(order, counts, NEURONS))
            expected = score(alone, probed.task.test).accuracy.tolist()
            assert chosen["value"].tolist() == pytest.approx(expected)


def test_all_curves_are_one_batch_in_which_no_mask_is_fitted_twice(
    settings: Settings, probed: Probed, asked: list[Tensor]
) -> None:
    retraining_curves(settings, [*rankings(), *rankings()], probed)
    (masks,) = asked
    assert len(masks.unique(dim=0)) == len(masks)
