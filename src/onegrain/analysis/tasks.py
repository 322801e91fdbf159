"""Which top neurons several tasks share, and which belong to one alone.

Dalvi et al., AAAI 2019, compare the neurons of properties of one model; here a task's neurons are
the top of its probe's ranking.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from onegrain.analysis.overlap import Sets, exclusive, owners
from onegrain.neurons import Ranking


def task_sets(rankings: Mapping[str, Ranking], top: int) -> Sets:
    """Return the top neurons of each task's ranking, best first; those without a score are none."""
    return {
        task: ranking.order[: min(top, len(ranking.order) - ranking.unranked)]
        for task, ranking in rankings.items()
    }


def task_neurons(sets: Sets, neurons: int) -> pd.DataFrame:
    """List the top neurons of every task.

    Args:
        sets: Of each task, best first.
        neurons: How many there are in all.

    Returns:
        One row for each task and neuron, best first: ``task``, ``place`` (from 1), ``neuron``,
        ``task_count`` (1 is exclusive) and ``tasks`` (those it is among the top of).

    Example:
        >>> import torch
        >>> task_neurons({"pos": torch.tensor([4, 2]), "sem": torch.tensor([2])}, neurons=5)
          task  place  neuron  task_count    tasks
        0  pos      1       4           1      pos
        1  pos      2       2           2  pos sem
        2  sem      1       2           2  pos sem
    """
    count = owners(sets, neurons).tolist()
    members = {task: set(ids.tolist()) for task, ids in sets.items()}
    rows = [
        (task, place, neuron, count[neuron], " ".join(t for t in sets if neuron in members[t]))
        for task, ids in sets.items()
        for place, neuron in enumerate(ids.tolist(), start=1)
    ]
    return pd.DataFrame(rows, columns=["task", "place", "neuron", "task_count", "tasks"])


def task_table(
    scores: Mapping[str, tuple[int, float, float]], sets: Sets, neurons: int
) -> pd.DataFrame:
    """Put together what is known of each task.

    Args:
        scores: Of each task its labels, the probe's test accuracy and that of the majority.
        sets: The top neurons of each task.
        neurons: How many there are in all.

    Returns:
        ``task``, ``label_count``, ``accuracy``, ``majority_accuracy``, ``neurons`` (at the top) and
        ``exclusive`` (those of no other task's top).
    """
    alone = exclusive(sets, neurons)
    rows = [(task, *scores[task], len(sets[task]), len(alone[task])) for task in sets]
    columns = ["task", "label_count", "accuracy", "majority_accuracy", "neurons", "exclusive"]
    return pd.DataFrame(rows, columns=columns)
