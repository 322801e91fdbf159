"""Neurons that tasks share, and those of one alone."""

import pandas as pd
import torch

from onegrain.analysis.tasks import task_neurons, task_sets, task_table
from onegrain.neurons import NeuronLayout, Ranking

LAYOUT = NeuronLayout.bidirectional_encoder(layers=1, width=4)
SETS = {
    "pos": torch.tensor([5, 1, 3]),
    "sem": torch.tensor([1, 5, 0]),
    "position": torch.tensor([7, 5]),
}


def test_every_neuron_is_listed_with_all_tasks_at_whose_top_it_is():
    table = task_neurons(SETS, 8)
    by_task = table.groupby("task", sort=False)["neuron"].agg(list).to_dict()
    assert by_task == {"pos": [5, 1, 3], "sem": [1, 5, 0], "position": [7, 5]}
    assert table.groupby("neuron")["tasks"].first().to_dict() == {
        0: "sem",
        1: "pos sem",
        3: "pos",
        5: "pos sem position",
        7: "position",
    }
    assert (table["task_count"] == table["tasks"].str.split().str.len()).all()


def test_exclusive_neurons_are_counted_for_each_task():
    scores = {"pos": (3, 0.9, 0.8), "sem": (5, 0.7, 0.6), "position": (3, 0.5, 0.4)}
    table = task_table(scores, SETS, 8).set_index("task")
    assert table["exclusive"].to_dict() == {"pos": 1, "sem": 1, "position": 1}
    assert table["neurons"].to_dict() == {"pos": 3, "sem": 3, "position": 2}
    assert table.loc["sem", ["label_count", "accuracy"]].tolist() == [5, 0.7]


def test_neurons_without_a_score_are_at_no_top():
    order = torch.tensor([2, 6, 0, 1, 3, 4, 5, 7])
    ranking = Ranking("probe", order, torch.zeros(8), LAYOUT, unranked=6)
    assert task_sets({"pos": ranking}, top=5)["pos"].tolist() == [2, 6]


def test_without_tasks_there_is_nothing_to_list():
    assert task_neurons({}, 8).equals(
        pd.DataFrame([], columns=["task", "place", "neuron", "task_count", "tasks"])
    )
