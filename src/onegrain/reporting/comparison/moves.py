"""How far neurons moved from one run to another: of a model as it comes, and tuned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import pandas as pd

from onegrain.reporting.formatting import percent
from onegrain.reporting.page_tables import Cell, DataTable
from onegrain.reporting.run_files import RunResults

TOP = 0.10  # of a ranking
SHARES = (0.01, 0.05, 0.10, 0.25)  # at which two rankings are held against each other
COLUMNS = (
    *("kind", "name", "one", "other", "layer_one", "layer_other", "shift", "neurons_one"),
    *("neurons_other", "overlap", *(f"overlap@{100 * share:g}%" for share in SHARES)),
)


def moves(runs: Sequence[RunResults], labels: Sequence[str]) -> pd.DataFrame:
    """Compare where the neurons of rankings and labels lie in two runs, of one layout.

    Args:
        runs: Those whose neurons have the same numbers and layers are compared.
        labels: Their names.

    Returns:
        A row for each ``kind`` (``ranking``: its top tenth, or ``label``: its salient neurons) and
        ``name``, with the mean layer of its neurons in each run, ``shift`` (the second less the
        first; below 0 they moved to lower layers), how many neurons there are, their ``overlap``
        (shared ones, of the smaller set), and for rankings that of the top ``SHARES``.
    """
    places = [_layers(run) for run in runs]
    rows = []
    for (first, one), (second, other) in combinations(enumerate(labels), 2):
        layers = places[first]
        if layers.nunique() > 1 and layers.equals(places[second]):
            pair = (runs[first], runs[second])
            found = [*_of_rankings(*pair, layers), *_of_labels(*pair, layers)]
            rows += [{"one": one, "other": other, **row} for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def moves_table(moved: pd.DataFrame) -> DataTable:
    """Show where neurons went."""
    shared = [name for name in COLUMNS if name.startswith("overlap")]
    rows = [
        [
            *(Cell(str(row[name])) for name in ("kind", "name", "one", "other")),
            *(Cell(f"{row[name]:.2f}", row[name]) for name in ("layer_one", "layer_other")),
            Cell(f"{row['shift']:+.2f}", row["shift"]),
            *(Cell(str(row[name]), row[name]) for name in ("neurons_one", "neurons_other")),
            *(_share(row[name]) for name in shared),
        ]
        for row in moved.to_dict("records")
    ]
    return DataTable(
        id="moves",
        caption="Where neurons went: the mean layer of the top tenth of each ranking, and of each "
        "label's salient neurons. Below 0 they lie lower in the other run",
        columns=[
            *("kind", "name", "one", "other", "layer in one", "layer in the other", "shift"),
            *("neurons", "neurons in the other", "overlap"),
            *(f"top {percent(share)}" for share in SHARES),
        ],
        numeric=[False] * 4 + [True] * (6 + len(SHARES)),
        rows=rows,
        tall=True,
        filterable=True,
        hint="a ranking, a label …",
    )


def _layers(run: RunResults) -> pd.Series[int]:
    """The layer of every neuron, by its number."""
    known = run.neurons[["neuron", "layer"]].drop_duplicates("neuron")
    layers: pd.Series[int] = known.set_index("neuron")["layer"].sort_index()
    return layers


def _of_rankings(
    one: RunResults, other: RunResults, layers: pd.Series[int]
) -> Iterator[dict[str, object]]:
    orders = [
        {str(name): rows.sort_values("rank")["neuron"].tolist() for name, rows in groups}
        for groups in (run.neurons.groupby("ranking", sort=False) for run in (one, other))
    ]
    for name in orders[0]:
        if name in orders[1]:
            mine, theirs = orders[0][name], orders[1][name]
            tops = {share: max(1, round(share * len(mine))) for share in (*SHARES, TOP)}
            top = tops[TOP]
            yield {
                **_moved("ranking", name, mine[:top], theirs[:top], layers),
                **{
                    f"overlap@{100 * share:g}%": _overlap(
                        mine[: tops[share]], theirs[: tops[share]]
                    )
                    for share in SHARES
                },
            }


def _of_labels(
    one: RunResults, other: RunResults, layers: pd.Series[int]
) -> Iterator[dict[str, object]]:
    sets = [
        {str(name): rows["neuron"].tolist() for name, rows in groups}
        for groups in (
            run.meaning.label_neurons.groupby("label", sort=False) for run in (one, other)
        )
    ]
    for name in sets[0]:
        if name in sets[1]:
            yield _moved("label", name, sets[0][name], sets[1][name], layers)


def _moved(
    kind: str, name: str, mine: Sequence[int], theirs: Sequence[int], layers: pd.Series[int]
) -> dict[str, object]:
    before, after = (float(layers[list(ids)].mean()) for ids in (mine, theirs))
    return {
        "kind": kind,
        "name": name,
        "layer_one": before,
        "layer_other": after,
        "shift": after - before,
        "neurons_one": len(mine),
        "neurons_other": len(theirs),
        "overlap": _overlap(mine, theirs),
    }


def _overlap(mine: Sequence[int], theirs: Sequence[int]) -> float:
    return len(set(mine) & set(theirs)) / max(1, min(len(mine), len(theirs)))


def _share(value: float) -> Cell:
    return Cell("–") if value != value else Cell(percent(value), value)
