"""Where the best neurons of several runs lie, and which of them they share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import pandas as pd

from onegrain.reporting.run_files import RunResults

TOP = 0.10  # of the neurons
OVERLAP_COLUMNS = (
    *("ranking", "one", "other", "top", "shared", "overlap", "chance"),
    *("neurons", "only_one", "only_other"),
)
_PLACE = ["component", "layer", "direction"]


def distribution(runs: Sequence[RunResults], labels: Sequence[str]) -> pd.DataFrame:
    """Count the top tenth of each ranking by layer and direction.

    Returns:
        Columns ``run``, ``label``, ``ranking``, ``block`` (component, layer and direction),
        ``neurons`` and ``share`` (of the top tenth).
    """
    parts = []
    for number, (run, label) in enumerate(zip(runs, labels, strict=True)):
        for ranking, rows in run.neurons.groupby("ranking", sort=False):
            top = rows[rows["rank"] <= max(1, round(TOP * len(rows)))]
            blocks = rows.sort_values("neuron")[_PLACE].drop_duplicates()
            counted = top.groupby(_PLACE, dropna=False).size().rename("neurons").reset_index()
            table = blocks.merge(counted, how="left", on=_PLACE).fillna({"neurons": 0})
            names = [_block(row) for row in table[_PLACE].to_dict("records")]
            parts.append(
                pd.DataFrame(
                    {
                        "run": number,
                        "label": label,
                        "ranking": ranking,
                        "block": names,
                        "neurons": table["neurons"].astype(int),
                        "share": table["neurons"] / len(top),
                    }
                )
            )
    columns = ["run", "label", "ranking", "block", "neurons", "share"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def overlap(runs: Sequence[RunResults], labels: Sequence[str]) -> pd.DataFrame:
    """Count the top neurons that two runs share, for each ranking that both have.

    Only runs whose neurons are the same ones by number, layer, direction and unit are compared: the
    same model probed for two tasks, or two models of one layout.

    Returns:
        Columns ``ranking``, ``one``, ``other``, ``top``, ``shared``, ``overlap`` (of the top),
        ``chance``, and ``neurons`` (the shared ones), ``only_one`` and ``only_other`` (those of
        one run alone), each best first.
    """
    orders = [dict(orders_of(run)) for run in runs]
    layouts = [layout_of(run) for run in runs]
    rows = []
    for (first, one), (second, other) in combinations(enumerate(labels), 2):
        if layouts[first] != layouts[second]:
            continue
        for ranking in orders[first]:
            if ranking in orders[second]:
                mine, theirs = orders[first][ranking], orders[second][ranking]
                count = len(mine)
                top = max(1, round(TOP * count))
                mine, theirs = mine[:top], theirs[:top]
                shared = [neuron for neuron in mine if neuron in set(theirs)]
                rows.append(
                    {
                        "ranking": ranking,
                        "one": one,
                        "other": other,
                        "top": top,
                        "shared": len(shared),
                        "overlap": len(shared) / top,
                        "chance": top / count,
                        "neurons": _listed(shared),
                        "only_one": _listed(each for each in mine if each not in shared),
                        "only_other": _listed(each for each in theirs if each not in shared),
                    }
                )
    return pd.DataFrame(rows, columns=list(OVERLAP_COLUMNS))


def _listed(neurons: Iterable[int]) -> str:
    return " ".join(map(str, neurons))


def orders_of(run: RunResults) -> Iterator[tuple[str, list[int]]]:
    """The neurons of each ranking of a run, best first."""
    for ranking, rows in run.neurons.groupby("ranking", sort=False):
        yield str(ranking), rows.sort_values("rank")["neuron"].tolist()


def layout_of(run: RunResults) -> frozenset[tuple[object, ...]]:
    """What every neuron of a run is: equal where two runs number the same places alike."""
    columns = run.neurons[["neuron", *_PLACE, "unit"]].drop_duplicates()
    return frozenset(columns.itertuples(index=False, name=None))


def _block(row: Mapping[Hashable, object]) -> str:
    direction = row["direction"] if isinstance(row["direction"], str) else ""
    return " ".join(filter(None, (direction, f"layer {row['layer']}")))
