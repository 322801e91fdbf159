"""What a run says of its neurons, for neurons whose meaning was planted."""

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
from onegrain.data.labels import LabelSet
from onegrain.data.rare import RareLabels
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import score
from onegrain.probing.selection import Choice
from onegrain.reporting.meaning_files import MEANING_COLUMNS, Meaning
from onegrain.settings import Penalty, Settings
from onegrain.stages import ProbingTask
from onegrain.steps.findings import finding_metrics, findings, neuron_columns
from onegrain.steps.probed import Compared, Probed
from onegrain.steps.rankings import Ranked

LAYOUT = NeuronLayout.bidirectional_encoder(layers=1, width=4)
SENTENCES = [("The", "<b>", "sees", "a", "dog"), ("a", "dog", "sees", "the", "<b>"), ("sees",)]
TAGS = [("DET", "NOUN", "VERB", "DET", "NOUN")] * 2 + [("VERB",)]
TENSES = [tuple("-" if tag != "VERB" else "past" for tag in row) for row in TAGS]
CORPUS = Corpus(
    "en", tuple(SENTENCES * 20), labels={"tense": tuple(TENSES * 20), "pos": tuple(TAGS * 20)}
)
WORD, VERB, PLACE, CONSTANT = 0, 1, 2, 3  # what the first neurons know; the others are noise


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.analysis.top = 0.25
    settings.analysis.words = 2
    settings.analysis.min_count = 21  # "sees" 60, "<b>" and "dog" 40, "a" 40, "the" 40
    return settings


@pytest.fixture
def recording() -> Activations:
    table = TokenTable.of(CORPUS, torch.zeros(CORPUS.word_count, dtype=torch.bool))
    known = {"<b>": 3.0, "dog": 1.0, "sees": 0.0, "a": -1.0, "the": -2.0}
    values = torch.randn(len(table), 8, generator=torch.Generator().manual_seed(0))
    values[:, WORD] = torch.tensor([known[word.lower()] for word in table.words])
    values[:, VERB] = torch.tensor([float(word == "sees") for word in table.words])
    values[:, PLACE] = table.position.float()
    values[:, CONSTANT] = 0.3
    return Activations(LAYOUT, table, (values,))


def probed(task: ProbingTask, probe: Probe, point: int) -> Probed:
    def refit(allowed: Bool[Tensor, "points neurons"]) -> Probe:
        raise AssertionError("findings fit nothing")

    corpora = LabelledText(CORPUS, CORPUS, CORPUS, RareLabels((), {}))
    scores, chosen = score(probe, task.test), probe.select(torch.tensor([point]))
    compared = Compared(probe, scores, scores, Choice(point, 0.0))
    alone = score(chosen, task.test)
    return Probed(corpora, {}, task, compared, chosen, alone, alone, refit)


@pytest.fixture
def meaning(settings: Settings, recording: Activations) -> Meaning:
    names = LabelSet.of(CORPUS.labels["pos"])
    ids = names.encode(CORPUS.labels["pos"])
    part = LabelledActivations(recording, ids, recording.tokens.sentence)
    unseen = LabelledActivations(recording, torch.where(ids == 0, -1, ids), part.sentences)
    task = ProbingTask("pos", names.names, LAYOUT, part, part, unseen, {})
    weight = torch.zeros(2, 3, 8)
    weight[1, names.names.index("VERB"), VERB] = 5.0
    weight[1, names.names.index("DET"), WORD] = -5.0
    weight[1, names.names.index("NOUN"), [WORD, PLACE]] = torch.tensor([4.0, 1.0])
    numbers = {name: torch.zeros(2) for name in ("objective", "residual", "train_accuracy")}
    grid = LambdaGrid.product([0.0, 1.0], [0.0], Penalty.squared)
    probe = Probe(grid, names.names, weight, torch.zeros(2, 3), tolerance=1.0, **numbers)
    rankings = tuple(
        Ranking(name, torch.tensor(order), torch.zeros(8), LAYOUT)
        for name, order in {
            "cross_model": [PLACE, CONSTANT, 4, 5, 6, 7, WORD, VERB],
            "variance": [WORD, VERB, PLACE, CONSTANT, 4, 5, 6, 7],
        }.items()
    )
    ranked = Ranked(rankings, None, pd.DataFrame())
    return findings(settings, ranked, probed(task, probe, 1), recording)


def test_every_table_has_its_columns_and_rows(meaning: Meaning) -> None:
    for name, table in meaning.tables().items():
        assert set(table.columns) == set(MEANING_COLUMNS[name]), name
        assert (len(table) > 0) is not name.startswith("task"), name  # there is one task only


def test_properties_are_those_of_every_task_the_word_and_the_position(meaning: Meaning) -> None:
    names = meaning.explained["property"].unique().tolist()
    assert names == ["pos", "tense", "word", "word_number", "relative_position", "sentence_third"]
    shares = meaning.explained.pivot(index="neuron", columns="property", values="share")
    assert shares.loc[WORD, "word"] == pytest.approx(1)  # "The" and "the" are one
    assert shares.loc[VERB, ["pos", "tense", "word"]].tolist() == pytest.approx([1, 1, 1])
    assert shares.loc[PLACE, "word_number"] == pytest.approx(1)
    assert shares.loc[CONSTANT].tolist() == [0.0] * 6


def test_what_the_top_neurons_encode_stands_beside_all_neurons(meaning: Meaning) -> None:
    rows = meaning.encoded.set_index(["ranking", "property"])
    assert rows.loc[("cross_model", "word_number"), "share"] == pytest.approx(0.5)
    assert rows.loc[("variance", "pos"), "share"] > 0.9
    assert set(meaning.encoded["top"]) == {2}
    assert rows.loc[("variance", "pos"), "probe_share"] == 1.0
    assert rows.loc[("cross_model", "pos"), "probe_share"] == 0.0


def test_labels_are_counted_where_they_are_known(meaning: Meaning) -> None:
    labels = meaning.labels.set_index("label")
    assert labels["words_train"].to_dict() == {"DET": 80, "NOUN": 80, "VERB": 60}
    assert labels["words_test"].to_dict() == {"DET": 0, "NOUN": 80, "VERB": 60}
    assert labels.loc["VERB", "accuracy"] == 1.0
    assert labels["neurons"].to_dict() == {"DET": 1, "NOUN": 1, "VERB": 1}
    assert labels["exclusive"].to_dict() == {"DET": 0, "NOUN": 0, "VERB": 1}
    assert labels["word_class"].to_dict() == {"DET": "closed", "NOUN": "open", "VERB": "open"}
    overlap = meaning.label_overlap.set_index(["one", "other"])["shared"]
    assert overlap["DET", "NOUN"] == 1
    assert overlap["DET", "VERB"] == 0


def test_layers_of_rankings_and_of_labels_are_told_apart(meaning: Meaning) -> None:
    table = meaning.distribution.set_index(["kind", "name", "direction"])["neurons"]
    assert table["ranking", "cross_model", "forward"] == 2
    assert table["label", "VERB", "forward"] == 1
    assert table["label", "VERB", "backward"] == 0


def test_each_neuron_has_its_words_and_what_explains_it(meaning: Meaning) -> None:
    columns = neuron_columns(meaning)
    assert columns.index.tolist() == list(range(8))
    assert columns.loc[WORD, "top_words"] == "<b> dog"
    assert columns.loc[VERB, "best_property"] in ("pos", "tense")
    assert columns.loc[PLACE, "best_property"] in ("word_number", "relative_position")
    assert columns.loc[PLACE, "explained_share"] == pytest.approx(1)
    assert columns.notna().all(axis=None)


def test_metrics_are_few_and_say_what_the_tables_say(meaning: Meaning) -> None:
    found = finding_metrics(meaning, "pos")
    assert found["analysis/neurons_per_label"] == 1.0
    assert found["analysis/neurons_per_label_open"] == 1.0
    assert "analysis/accuracy_closed" not in found  # no test word of a closed class
    assert found["analysis/exclusive_share"] == 0.5
    assert found["analysis/cross_model/word_number_share"] == pytest.approx(0.5)
    assert found["analysis/variance/probe_share"] == 1.0
    assert len(found) == 4 + 2 * 3
    assert all(isinstance(value, float) for value in found.values())


def test_a_run_without_frequent_words_or_rankings_says_what_it_can(
    settings: Settings, recording: Activations, meaning: Meaning
) -> None:
    settings.analysis.min_count = 1000
    ids = LabelSet.of(CORPUS.labels["pos"]).encode(CORPUS.labels["pos"])
    part = LabelledActivations(recording, ids, recording.tokens.sentence)
    task = ProbingTask("pos", ("DET", "NOUN", "VERB"), LAYOUT, part, part, part, {})
    grid = LambdaGrid.product([0.0], [0.0], Penalty.squared)
    numbers = {name: torch.zeros(1) for name in ("objective", "residual", "train_accuracy")}
    weight = torch.zeros(1, 3, 8)
    probe = Probe(grid, task.labels, weight, torch.zeros(1, 3), tolerance=1.0, **numbers)
    nothing = Ranked((), None, pd.DataFrame())
    found = findings(settings, nothing, probed(task, probe, 0), recording)
    assert found.words.empty
    assert found.encoded.empty
    assert found.label_neurons.empty
    assert set(neuron_columns(found)["top_words"]) == {""}
    metrics = finding_metrics(found, "pos")
    assert metrics["analysis/neurons_per_label"] == 0.0
    assert metrics["analysis/exclusive_share"] == 0.0
    assert set(found.distribution["kind"]) == {"label"}
