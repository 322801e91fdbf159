"""The neurons that tasks share: those of one model, in any number of its runs."""

from dataclasses import replace

import pandas as pd
import pytest

from onegrain.reporting.comparison.differences import differences
from onegrain.reporting.comparison.sharing import OF_LABELS, task_sharing
from onegrain.reporting.comparison.sharing_tables import sharing_rows, sharing_table
from onegrain.reporting.meaning_files import Meaning, empty_table
from onegrain.reporting.run_files import read_run

SIZE = 40
SET = "top 10% of linear_correlation"


def ranked(first, ranking="linear_correlation"):
    order = [*first, *(neuron for neuron in range(SIZE) if neuron not in first)]
    return pd.DataFrame(
        {
            "ranking": ranking,
            "rank": range(1, SIZE + 1),
            "neuron": order,
            "component": "lm",
            "layer": [1 + neuron // 20 for neuron in order],
            "direction": "",
            "unit": [neuron % 20 for neuron in order],
            "score": 1.0,
        }
    )


@pytest.fixture
def run_of(make_run):
    plain = read_run(make_run())

    def run_of(task, first, seed=1, model="nmt", labelled=()):
        table = pd.DataFrame({"label": "x", "place": 1, "neuron": labelled, "mass": 0.1})
        label_neurons = table.assign(label_count=1) if labelled else empty_table("label_neurons")
        same = ranked([7, 8, 9, 10], "cross_model")
        return replace(
            plain,
            settings={"model": {"name": model}, "task": {"name": task}, "seed": seed},
            overrides=(f"model={model}", f"task={task}", f"seed={seed}"),
            neurons=pd.concat([ranked(first), same], ignore_index=True),
            meaning=replace(Meaning.nothing(), label_neurons=label_neurons),
        )

    return run_of


def shared(*runs):
    return task_sharing(runs, differences(runs))


def test_shared_and_exclusive_neurons_are_those_of_the_tasks_tops(run_of):
    runs = run_of("pos", [0, 1, 2, 3]), run_of("sem", [2, 3, 4, 25]), run_of("ner", [3, 5, 6, 11])
    found = shared(*runs)
    by_tasks = found.neurons.groupby("tasks")["neuron"].agg(list).to_dict()
    assert by_tasks == {
        "pos; sem; ner": [3],
        "pos; sem": [2],
        "pos": [0, 1],
        "sem": [4, 25],
        "ner": [5, 6, 11],
    }
    assert found.neurons["owners"].is_monotonic_decreasing
    place = found.neurons.set_index("neuron").loc[25, ["component", "layer", "unit"]]
    assert place.tolist() == ["lm", 2, 5]


def test_the_matrix_counts_every_pair_both_ways(run_of):
    table = shared(run_of("pos", [0, 1, 2, 3]), run_of("sem", [3, 2, 4, 5])).overlap
    assert set(table["set"]) == {SET}  # the ranking that is the same for both says nothing
    counts = table.set_index(["one", "other"])["shared"].to_dict()
    assert counts == {
        ("pos", "pos"): 4,
        ("pos", "sem"): 2,
        ("sem", "pos"): 2,
        ("sem", "sem"): 4,
    }
    assert table["share"].tolist() == [1.0, 0.5, 0.5, 1.0]
    assert set(table["chance"]) == {0.1}


def test_the_neurons_of_the_labels_are_a_set_of_their_own(run_of):
    runs = (
        run_of("pos", [0, 1, 2, 3], labelled=[30, 31, 31]),
        run_of("sem", [4, 5, 6, 7], labelled=[31, 32]),
    )
    table = shared(*runs).neurons
    of_labels = table[table["set"] == OF_LABELS].set_index("neuron")["tasks"].to_dict()
    assert of_labels == {30: "pos", 31: "pos; sem", 32: "sem"}


def test_only_tasks_of_one_model_are_compared(run_of):
    tops = [0, 1, 2, 3], [3, 4, 5, 6]
    of_two_seeds = [
        run_of(task, top, seed) for seed, (task, top) in enumerate(zip("ab", tops, strict=True))
    ]
    assert shared(*of_two_seeds).overlap.empty
    taggers = [run_of(task, top, model="tagger") for task, top in zip("ab", tops, strict=True)]
    assert shared(*taggers).neurons.empty
    both = [
        run_of(task, top, seed) for seed in (1, 2) for task, top in zip("ab", tops, strict=True)
    ]
    assert list(shared(*both).overlap["model"].unique()) == ["seed=1", "seed=2"]


def test_the_page_lists_each_combination_once(run_of):
    found = shared(run_of("pos", [0, 1, 2, 3]), run_of("sem", [3, 4, 5, 6]))
    rows = [[cell.text for cell in row[1:]] for row in sharing_table(found.neurons).rows]
    assert rows == [
        [SET, "2", "pos; sem", "1", "3"],
        [SET, "1", "pos alone", "3", "0 1 2"],
        [SET, "1", "sem alone", "3", "4 5 6"],
    ]
    assert [len(each) for each in sharing_rows(found.overlap).values()] == [4]
