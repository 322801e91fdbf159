"""The page's tables of neuron sets: how few will do, and which say the same."""

from __future__ import annotations

import pandas as pd

from onegrain.reporting.formatting import number, percent
from onegrain.reporting.page_tables import Cell, DataTable
from onegrain.reporting.run_files import RunResults

CLUSTERS_SHOWN = 50  # the largest; neuron_sets.csv has them all


def set_tables(results: RunResults) -> list[DataTable]:
    """The sets that do as well as all neurons, and the clusters of more than one neuron."""
    members = results.neuron_sets
    tables = []
    if not results.minimal.empty:
        tables.append(_minimal_table(results.minimal, members[members["kind"] == "minimal"]))
    clusters = members[members["kind"] == "cluster"]
    sizes = clusters["set"].value_counts()
    several = clusters[clusters["set"].isin(sizes[sizes > 1].index)]
    if not several.empty:
        tables.append(_cluster_table(several, clusters["set"].nunique()))
    return tables


def _minimal_table(minimal: pd.DataFrame, members: pd.DataFrame) -> DataTable:
    rows = []
    for row in minimal.to_dict("records"):
        shares = (row[name] for name in ("fraction", "accuracy_dev", "accuracy_test"))
        rows.append(
            [
                Cell(number(row["set"]), row["set"]),
                Cell(number(row["neurons"]), row["neurons"]),
                *(Cell(percent(share), share) for share in shares),
                Cell(_listed(members[members["set"] == row["set"]])),
            ]
        )
    first = minimal.iloc[0]
    return DataTable(
        id="minimal-sets",
        caption="Few neurons that do as well as all, with the probe retrained on them: disjoint "
        f"sets that reach {percent(first['target_dev'])} on dev (all neurons: "
        f"{percent(first['oracle_dev'])})",
        columns=["set", "neurons", "share", "dev accuracy", "test accuracy", "which"],
        numeric=[True] * 5 + [False],
        rows=rows,
    )


def _cluster_table(several: pd.DataFrame, clusters: int) -> DataTable:
    parts = [part for _, part in several.groupby("set")]
    parts.sort(key=len, reverse=True)
    rows = []
    for part in parts[:CLUSTERS_SHOWN]:
        representative = int(part.sort_values("place")["neuron"].iloc[0])
        listed = Cell(_listed(part))
        rows.append(
            [Cell(str(representative), representative), Cell(number(len(part)), len(part)), listed]
        )
    return DataTable(
        id="clusters",
        caption=f"Neurons that say the same: {number(len(parts))} of {number(clusters)} clusters "
        "have more than one neuron; the best ranked stands for it",
        columns=["representative", "neurons", "which"],
        numeric=[True, True, False],
        rows=rows,
        tall=True,
    )


def _listed(members: pd.DataFrame) -> str:
    return " ".join(str(neuron) for neuron in members.sort_values("place")["neuron"])
