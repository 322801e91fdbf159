"""The page's tables of what neurons mean."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from onegrain.reporting.formatting import number
from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.page_tables import DataTable, frame_table
from onegrain.reporting.run_files import RunResults

NEURONS_EACH = 20  # of a ranking; the files have all
SHARED_SHOWN = 50
WORDS_EACH = 10

_LABEL_TITLES = {
    "word_class": "class",
    "words_train": "training words",
    "words_test": "test words",
    "neurons": "neurons",
    "exclusive": "for no other label",
}


def meaning_tables(results: RunResults) -> list[DataTable]:
    """The tables that the run's files can fill."""
    meaning = results.meaning
    tables = []
    if not meaning.labels.empty:
        tables.append(_labels(meaning.labels))
    if not (shared := _shared(meaning.label_neurons)).empty:
        caption = "Neurons that serve several labels, those of the most first"
        tables.append(frame_table("shared-neurons", caption, shared))
    if not meaning.tasks.empty:
        tables.extend(_of_tasks(meaning))
    if not meaning.encoded.empty:
        tables.append(_encoded(meaning.encoded))
        tables.append(_top_neurons(results))
    return tables


def _labels(labels: pd.DataFrame) -> DataTable:
    shown = labels.loc[:, (labels != "").any()].rename(columns=_LABEL_TITLES)
    caption = (
        "Each label: how many neurons hold its share of the weights, and how well it is read; "
        "closed word classes hardly take in new words"
    )
    return frame_table("labels", caption, shown)


def _shared(label_neurons: pd.DataFrame) -> pd.DataFrame:
    several = label_neurons[label_neurons["label_count"] > 1]
    if several.empty:
        return pd.DataFrame()
    by_neuron = several.groupby("neuron", sort=False)
    table = by_neuron.agg(serves=("label_count", "first"), labels=("label", " ".join))
    ordered = table.sort_values("serves", ascending=False, kind="stable").reset_index()
    return ordered.head(SHARED_SHOWN)


def _of_tasks(meaning: Meaning) -> Iterator[DataTable]:
    """The tasks that were probed on the same words, and whose top each neuron is at."""
    caption = "Each task, probed on the same words: how many of its top neurons are its alone"
    titles = {
        "label_count": "labels",
        "exclusive": "of no other task",
        "majority_accuracy": "majority",
    }
    yield frame_table("tasks", caption, meaning.tasks.rename(columns=titles), ["majority"])
    at_top = meaning.task_neurons
    table = at_top.groupby("neuron", sort=False).agg(
        tasks=("tasks", "first"), of=("task_count", "first"), best_place=("place", "min")
    )
    ordered = table.sort_values(["of", "best_place"], ascending=[False, True], kind="stable")
    caption = "Neurons at the top of several tasks, and then those of one alone"
    yield frame_table("task-neurons", caption, ordered.reset_index())


def _encoded(encoded: pd.DataFrame) -> DataTable:
    """A row for each ranking, and one for all neurons and one for chance to compare with."""
    properties = list(encoded["property"].unique())
    shares = encoded.pivot(index="ranking", columns="property", values="share")
    also = encoded.groupby("ranking", sort=False)[["probe_share"]].first()
    table = shares.join(also).loc[also.index, [*properties, "probe_share"]].reset_index()
    first = encoded.drop_duplicates("property").set_index("property")
    compared = [
        {"ranking": "all neurons", **first["all_neurons"].to_dict()},
        {"ranking": "chance", **first["chance"].to_dict()},
    ]
    table = pd.concat([table, pd.DataFrame(compared)], ignore_index=True)
    caption = (
        f"What the top {number(int(encoded['top'].iloc[0]))} neurons of each ranking encode: the "
        "mean share of their variance that each property explains, and how many of them are "
        "among the probe's top too"
    )
    table = table.rename(columns={"probe_share": "also the probe's"})
    return frame_table("encoded", caption, table, [*properties, "also the probe's"])


def _top_neurons(results: RunResults) -> DataTable:
    """The best neurons of every ranking, what explains them, and their words."""
    meaning = results.meaning
    shown = min(int(meaning.encoded["top"].iloc[0]), NEURONS_EACH)
    place = ["ranking", "rank", "neuron", "layer", "direction"]
    best = results.neurons[results.neurons["rank"] <= shown]
    served = [name for name in ("labels",) if name in best.columns]
    shares = meaning.explained.pivot(index="neuron", columns="property", values="share")
    properties = list(meaning.explained["property"].unique())
    words = meaning.words[meaning.words["place"] <= WORDS_EACH]
    lists = words.groupby(["neuron", "end"])["word"].agg(" ".join).unstack()
    lists = lists.reindex(columns=["top", "bottom"]).add_suffix(" words")
    table = best[[*place, *served]].join(lists, on="neuron").join(shares[properties], on="neuron")
    table = table.fillna(dict.fromkeys(lists.columns, ""))
    caption = (
        f"The first {number(shown)} neurons of each ranking: the words of highest and of lowest "
        "mean activation, and the share of variance that each property explains"
    )
    return frame_table("top-neurons", caption, table, properties)
