"""Which sets of neurons a run looks for, and how its files and metrics tell of them."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from jaxtyping import Bool
from torch import Tensor

from onegrain.activations.activations import Activations
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.data.labelled import LabelledText
from onegrain.data.rare import RareLabels
from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import refit_probe
from onegrain.probing.scoring import score
from onegrain.probing.selection import Choice
from onegrain.reporting.run_contract import MINIMAL_COLUMNS, NEURON_SET_COLUMNS
from onegrain.settings import Settings
from onegrain.stages import ProbingTask
from onegrain.steps.neuron_sets import NeuronSets, neuron_sets
from onegrain.steps.probed import Compared, Probed

NEURONS, WORDS = 8, 600
TELLING, COPY, CONSTANT = 2, 5, 7
LAYOUT = NeuronLayout((Block("planted", 1, "", NEURONS),))
TEXT = Corpus("en", tuple((f"w{number}",) for number in range(WORDS)))


@pytest.fixture(scope="module")
def recording() -> Activations:
    """Neuron 2 tells two labels apart, neuron 5 is its copy, neuron 7 is constant."""
    values = torch.randn(WORDS, NEURONS, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(WORDS, generator=torch.Generator().manual_seed(1))
    values[:, COPY] = 0.05 * noise - values[:, TELLING]
    values[:, CONSTANT] = 4.0
    known = torch.ones(WORDS, dtype=torch.bool)
    return Activations(LAYOUT, TokenTable.of(TEXT, known), (values,))


@pytest.fixture(scope="module")
def probed(recording: Activations) -> Probed:
    values = recording.gather(torch.arange(WORDS))
    data = LabelledActivations(recording, (values[:, TELLING] > 0).long(), torch.arange(WORDS))
    task = ProbingTask("pos", ("A", "B"), LAYOUT, data, data, data, unknown_share={})
    weight = torch.zeros(1, 2, NEURONS)
    weight[0, 0, TELLING], weight[0, 1, TELLING] = -9.0, 9.0
    number, bias = torch.zeros(1), torch.zeros(1, 2)
    grid = LambdaGrid.product([1e-3], [1e-4])
    probe = Probe(grid, task.labels, weight, bias, number, number, number, 1e-3)

    def refit(allowed: Bool[Tensor, "points neurons"]) -> Probe:
        return refit_probe(data, probe, 0, allowed, accelerator="cpu")

    corpora = LabelledText(TEXT, TEXT, TEXT, RareLabels((), {}))
    scores = score(probe, data)
    assert scores.accuracy[0] == 1.0
    compared = Compared(probe, scores, scores, Choice(0, 0.0))
    return Probed(corpora, {}, task, compared, probe, scores, scores, refit)


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.analysis.minimal.enabled = False
    settings.analysis.minimal.delta = 0.05
    settings.analysis.clusters.cut = None
    return settings


def neurons_of(found: NeuronSets, kind: str) -> dict[int, list[int]]:
    chosen = found.members[found.members["kind"] == kind]
    ordered = chosen.sort_values(["set", "place"])
    assert all(
        part["place"].tolist() == [*range(1, len(part) + 1)] for _, part in ordered.groupby("set")
    )
    return {int(number): part["neuron"].tolist() for number, part in ordered.groupby("set")}


def test_nothing_is_looked_for_that_was_not_asked_for(
    settings: Settings, probed: Probed, recording: Activations
) -> None:
    found = neuron_sets(settings, probed, recording)
    assert found.metrics == {}
    pd.testing.assert_index_equal(found.minimal.columns, pd.Index(MINIMAL_COLUMNS))
    pd.testing.assert_index_equal(found.members.columns, pd.Index(NEURON_SET_COLUMNS))
    assert len(found.minimal) == len(found.members) == 0


def test_the_minimal_set_is_one_row_and_its_neurons(
    settings: Settings, probed: Probed, recording: Activations
) -> None:
    settings.analysis.minimal.enabled = True
    found = neuron_sets(settings, probed, recording)
    assert neurons_of(found, "minimal") == {1: [TELLING]}
    (row,) = found.minimal.to_dict("records")
    assert (row["set"], row["neurons"], row["fraction"]) == (1, 1, 1 / NEURONS)
    assert row["target_dev"] == pytest.approx(0.95)
    assert row["accuracy_dev"] >= row["target_dev"]
    assert found.metrics == {
        "minimal/neurons": 1,
        "minimal/fraction": 1 / NEURONS,
        "minimal/accuracy": row["accuracy_test"],
        "minimal/accuracy_dev": row["accuracy_dev"],
    }


def test_disjoint_sets_are_numbered_and_counted(
    settings: Settings, probed: Probed, recording: Activations
) -> None:
    settings.analysis.minimal.enabled = True
    settings.analysis.redundancy.sets = 4
    found = neuron_sets(settings, probed, recording)
    assert neurons_of(found, "minimal") == {1: [TELLING], 2: [COPY]}
    assert found.minimal["set"].tolist() == [1, 2]
    assert found.metrics["redundancy/sets"] == 2


def test_clusters_hold_copies_and_opposites_and_no_constant_neuron(
    settings: Settings, probed: Probed, recording: Activations
) -> None:
    settings.analysis.clusters.cut = 0.3
    found = neuron_sets(settings, probed, recording)
    clusters = neurons_of(found, "cluster")
    assert clusters[1] == [TELLING, COPY]  # in the order of the probe's ranking
    rest = sorted(neuron for number, part in clusters.items() if number > 1 for neuron in part)
    assert rest == [0, 1, 3, 4, 6]
    assert found.metrics == {"clusters/count": 6, "clusters/constant_neurons": 1}
    assert len(found.minimal) == 0


def test_a_probe_on_one_neuron_of_each_cluster_is_scored_on_test_words(
    settings: Settings, probed: Probed, recording: Activations
) -> None:
    settings.analysis.clusters.cut = 0.3
    settings.analysis.clusters.retrain = True
    found = neuron_sets(settings, probed, recording)
    kept = torch.ones(1, NEURONS, dtype=torch.bool)
    kept[0, [COPY, CONSTANT]] = False
    expected = float(score(probed.refit(kept), probed.task.test).accuracy)
    assert found.metrics["clusters/accuracy"] == expected
    assert expected > 0.95
