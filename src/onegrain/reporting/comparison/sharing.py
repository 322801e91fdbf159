"""Which neurons of one model several tasks share, and which serve one task alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.analysis.overlap import overlap_table, owners
from onegrain.reporting.comparison.differences import REPLICATES, Differences, short_name
from onegrain.reporting.comparison.neurons import TOP, layout_of, orders_of
from onegrain.reporting.run_files import RunResults

OF_LABELS = "neurons of its labels"
_OF_A_TASK = "task."
_PLACE = ["component", "layer", "direction", "unit"]
_OVERLAP = ["model", "set", "one", "other", "neurons", "shared", "share", "jaccard", "chance"]
_NEURONS = ["model", "set", "neuron", *_PLACE, "owners", "tasks"]


@dataclass(frozen=True, eq=False)
class TaskSharing:
    """What the tasks of each model share.

    Attributes:
        overlap: The overlap matrix, one row for each ordered pair of tasks: ``model`` (what was
            chosen but for the task), ``set`` (a ranking whose top tenth is meant, or
            `OF_LABELS`), ``one``, ``other``, ``neurons`` (of ``one``), ``shared``, ``share``,
            ``jaccard`` and ``chance`` (see `overlap_table`).
        neurons: One row for each neuron in any of these sets, those of the most tasks first:
            ``model``, ``set``, ``neuron``, its place, ``owners`` (how many tasks; 1 is exclusive)
            and ``tasks``, which they are.
    """

    overlap: pd.DataFrame
    neurons: pd.DataFrame


def task_sharing(runs: Sequence[RunResults], differ: Differences) -> TaskSharing:
    """Compare the neurons of the tasks for which one model was probed.

    Runs belong to one model where they differ in ``task.*`` alone and their neurons are laid out
    alike. A tagger is trained for its task, so its neurons are no other tagger's. Rankings that
    order the neurons alike for all tasks say nothing of tasks and are left out.
    """
    overlaps, lists = [], []
    for model, members in _models(runs, differ).items():
        tasks = _task_names(members, differ)
        if len(set(tasks)) < 2:
            continue
        places = runs[members[0]].neurons[["neuron", *_PLACE]].drop_duplicates("neuron")
        for kind, sets in _sets([runs[number] for number in members], tasks):
            sizes = {task: len(ids) for task, ids in sets.items()}
            table = overlap_table(sets, len(places))
            table = table.assign(model=model, set=kind, neurons=table["one"].map(sizes))
            overlaps.append(table[_OVERLAP])
            lists.append(_listed(sets, places).assign(model=model, set=kind)[_NEURONS])
    return TaskSharing(_joined(overlaps, _OVERLAP), _joined(lists, _NEURONS))


def _models(runs: Sequence[RunResults], differ: Differences) -> dict[str, list[int]]:
    """The runs of each model, under its name."""
    keys = [key for key in differ.keys if not key.startswith(_OF_A_TASK)]
    groups: dict[Hashable, list[int]] = {}
    for number, run in enumerate(runs):
        if run.neurons.empty or run.settings.get("model", {}).get("name") == "tagger":
            continue
        settings = differ.of(number)
        alike = (*(settings[key] for key in keys), layout_of(run))
        groups.setdefault(alike, []).append(number)
    named = [key for key in keys if key in differ.chosen or key == REPLICATES] or keys
    found: dict[str, list[int]] = {}
    for members in groups.values():
        settings = differ.of(members[0])
        name = ", ".join(f"{short_name(key, named)}={settings[key]}" for key in named) or "all"
        while name in found:  # apart in what nobody chose
            name += "′"
        found[name] = members
    return found


def _task_names(members: Sequence[int], differ: Differences) -> list[str]:
    """Name each run's task by the fewest of its settings that tell the tasks apart."""
    keys = [key for key in differ.keys if key.startswith(_OF_A_TASK)]
    keys.sort(key=lambda key: (key != "task.name", key not in differ.chosen))
    settings = [differ.of(number) for number in members]
    names = ["" for _ in members]
    for key in keys:
        longer = [
            ", ".join(filter(None, (name, each[key])))
            for name, each in zip(names, settings, strict=True)
        ]
        if len(set(longer)) > len(set(names)):
            names = longer
    return names


def _sets(
    runs: Sequence[RunResults], tasks: Sequence[str]
) -> Iterator[tuple[str, dict[str, Int[Tensor, " _"]]]]:
    """The sets of every kind that all tasks have, by task."""
    orders = [dict(orders_of(run)) for run in runs]
    for ranking in orders[0]:
        if not all(ranking in each for each in orders):
            continue
        if all(each[ranking] == orders[0][ranking] for each in orders):
            continue
        yield (
            f"top {TOP:.0%} of {ranking}",
            {
                task: torch.tensor(each[ranking][: max(1, round(TOP * len(each[ranking])))])
                for task, each in zip(tasks, orders, strict=True)
            },
        )
    if all(len(run.meaning.label_neurons) for run in runs):
        yield (
            OF_LABELS,
            {
                task: torch.tensor(run.meaning.label_neurons["neuron"].unique().tolist())
                for task, run in zip(tasks, runs, strict=True)
            },
        )


def _listed(sets: dict[str, Int[Tensor, " _"]], places: pd.DataFrame) -> pd.DataFrame:
    """Every neuron of these sets, its place and the tasks that have it."""
    members = {task: set(ids.tolist()) for task, ids in sets.items()}
    count = pd.Series(owners(sets, int(places["neuron"].max()) + 1).tolist())
    known = places[places["neuron"].map(count) > 0]
    table = known.assign(
        owners=known["neuron"].map(count),
        tasks=[
            "; ".join(task for task, those in members.items() if neuron in those)
            for neuron in known["neuron"]
        ],
    )
    return table.sort_values(["owners", "tasks", "neuron"], ascending=[False, True, True])


def _joined(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
