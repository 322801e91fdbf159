"""Judges of rankings: what each would say of one ranking alone."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest
import torch

from onegrain.analysis.judges import peer_judgements, probe_judgements
from onegrain.neurons import Block, NeuronLayout, Ranking
from onegrain.probing.fitting import fit_probe
from onegrain.probing.gaussian import prefix_accuracies
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.refitting import prefix_masks, refit_probe
from onegrain.probing.scoring import score
from onegrain.ranking.agreement import average_overlap, neuron_vote

NEURONS = 6
LAYOUT = NeuronLayout((Block("encoder", 1, "forward", NEURONS),))


def words(seed: int) -> LabelledActivations:
    """Neuron 1 tells label 1 by its mean, neuron 4 label 2 by its variance alone."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (600,), generator=generator)
    values = torch.randn(600, NEURONS, generator=generator)
    values[:, 1] += 6 * (labels == 1)
    values[:, 4] *= 1 + 9 * (labels == 2)
    return LabelledActivations(InMemory(values), labels, torch.arange(600) // 10)


def ordered(name: str, order: list[int]) -> Ranking:
    return Ranking(name, torch.tensor(order), torch.zeros(NEURONS), LAYOUT)


@pytest.fixture
def rankings() -> dict[str, Ranking]:
    orders = {"mean": [1, 0, 2, 3, 5, 4], "spread": [4, 1, 0, 2, 3, 5], "none": [3, 5, 0, 2, 1, 4]}
    return {name: ordered(name, order) for name, order in orders.items()}


def of(table: pd.DataFrame, ranking: str, judge: str) -> list[float]:
    rows = table[(table["ranking"] == ranking) & (table["judge"] == judge)]
    return rows.sort_values("neurons")["value"].tolist()


def test_both_probes_are_fitted_on_the_top_neurons_alone(rankings: dict[str, Ranking]) -> None:
    train, tested = words(0), words(1)
    probe = fit_probe(train, ["A", "B", "C"], LambdaGrid.product([1e-4], [1e-3]))
    refit = partial(refit_probe, train, probe, 0)
    table = probe_judgements(rankings, [1, 2], refit, train, tested, labels=3)
    assert len(table) == 3 * 2 * 2
    for name, ranking in rankings.items():
        alone = score(refit(prefix_masks(ranking.order, [1, 2], NEURONS)), tested)
        assert of(table, name, "linear") == pytest.approx(alone.accuracy.tolist(), abs=0.01)
        gaussian = prefix_accuracies(train, tested, 3, ranking.order, [1, 2])
        assert of(table, name, "gaussian") == pytest.approx(gaussian)
    assert of(table, "mean", "linear")[0] > of(table, "none", "linear")[0] + 0.2
    spread = {judge: of(table, "spread", judge)[0] for judge in ("linear", "gaussian")}
    assert spread["gaussian"] > spread["linear"] + 0.1  # a linear probe sees no variance


def test_peers_judge_by_what_the_others_have(rankings: dict[str, Ranking]) -> None:
    table = peer_judgements(rankings, [2, 3])
    for name, ranking in rankings.items():
        others = [other for other in rankings.values() if other is not ranking]
        assert of(table, name, "average_overlap") == pytest.approx(
            [average_overlap(ranking, others, size) for size in (2, 3)]
        )
        assert of(table, name, "neuron_vote") == pytest.approx(
            [neuron_vote(ranking, others, size) for size in (2, 3)]
        )


def test_a_ranking_alone_has_no_peers(rankings: dict[str, Ranking]) -> None:
    assert peer_judgements({"mean": rankings["mean"]}, [2]).empty
