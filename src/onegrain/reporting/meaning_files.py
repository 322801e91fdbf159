"""The tables that say what neurons mean: each a file of the run's folder, named after its field."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import pandas as pd

MEANING_COLUMNS: dict[str, tuple[str, ...]] = {
    "labels": (
        *("label", "word_class", "words_train", "words_test", "accuracy", "neurons", "exclusive"),
    ),
    "label_neurons": ("label", "place", "neuron", "mass", "label_count"),
    "label_overlap": ("one", "other", "shared", "share", "jaccard", "chance"),
    "explained": ("neuron", "property", "share", "chance"),
    "encoded": ("ranking", "top", "property", "share", "all_neurons", "chance", "probe_share"),
    "words": ("neuron", "end", "place", "word", "mean", "count"),
    "distribution": (
        *("kind", "name", "component", "layer", "direction", "neurons", "share", "chance"),
    ),
    "weights": ("label", "rank", "weight", "mass"),
    "tasks": ("task", "label_count", "accuracy", "majority_accuracy", "neurons", "exclusive"),
    "task_neurons": ("task", "place", "neuron", "task_count", "tasks"),
    "task_overlap": ("one", "other", "shared", "share", "jaccard", "chance"),
}


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the neurons of a run mean. A table without rows says that nothing is known.

    Attributes:
        labels: Each label, its word class and words, the probe's accuracy on it, and how many
            neurons hold the share of its weight mass, how many of them for no other label.
        label_neurons: Which these are, and for how many labels.
        label_overlap: How many of them every two labels share.
        explained: The share of every neuron's variance that each property explains.
        encoded: Its mean over the top neurons of each ranking, beside that over all.
        words: Of highest and lowest mean activation, for every neuron.
        distribution: Of the top neurons of rankings and of the labels' neurons over the layers.
        weights: Each label's weights by size, and the mass they hold.
        tasks: Each task that was probed on the same words, where there are several: how well, and
            how many of its top neurons no other task has at its top.
        task_neurons: Which these are, and of how many tasks.
        task_overlap: How many of them every two tasks share.
    """

    labels: pd.DataFrame
    label_neurons: pd.DataFrame
    label_overlap: pd.DataFrame
    explained: pd.DataFrame
    encoded: pd.DataFrame
    words: pd.DataFrame
    distribution: pd.DataFrame
    weights: pd.DataFrame
    tasks: pd.DataFrame = field(default_factory=lambda: empty_table("tasks"))
    task_neurons: pd.DataFrame = field(default_factory=lambda: empty_table("task_neurons"))
    task_overlap: pd.DataFrame = field(default_factory=lambda: empty_table("task_overlap"))

    @classmethod
    def nothing(cls) -> Meaning:
        """Return the tables of a run that says nothing about its neurons."""
        return cls(**{name: empty_table(name) for name in MEANING_COLUMNS})

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def empty_table(name: str) -> pd.DataFrame:
    """Return a table of `Meaning` that has its columns and no rows."""
    return pd.DataFrame(columns=list(MEANING_COLUMNS[name]))
