"""The paper's tables as it prints them, with our numbers and its own side by side."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from onegrain.reporting.formatting import percent
from onegrain.reporting.page_tables import Cell, DataTable

_TITLES = {
    1: "Table 1: accuracy of the probe on all neurons, and of the majority baseline MAJ",
    2: "Table 2: masking, all neurons but the top or the bottom share set to zero",
    4: "Table 4: retraining on the top or the bottom share alone",
    5: "Table 5: masking, morphology",
    6: "Table 6: retraining, morphology",
}
_NOTE = (
    "ours, and in brackets what Dalvi et al. (AAAI 2019) print, whose models learned from 2M "
    "sentences and whose labels are others: for orientation"
)
_COLUMN = ["target", "order", "fraction"]


def published_tables(beside: pd.DataFrame) -> list[DataTable]:
    """One table for each of the paper's that some run has numbers for.

    Args:
        beside: Our numbers and the paper's, a row for each (`beside_published`).
    """
    if beside.empty:
        return []
    whole = beside[beside["target"] == "probe"]
    return [
        _table(number, beside[beside["table"] == number], whole)
        for number in _TITLES
        if (beside["table"] == number).any()
    ]


def _table(number: int, rows: pd.DataFrame, whole: pd.DataFrame) -> DataTable:
    if number == 1:
        about = ["language", "task"]
        rows = rows.assign(column=rows["model"].str.upper().replace("", "MAJ"))
        names = [name for name in ("MAJ", "NMT", "NLM") if (rows["column"] == name).any()]
    else:
        about = ["model", "language", "task"]
        kept = rows.assign(column=[_kept(row) for row in rows.to_dict("records")])
        mine = whole.merge(rows[about].drop_duplicates(), on=about).assign(column="ALL")
        rows = pd.concat([mine, kept])
        kept = kept.sort_values(["fraction", "order"], ascending=[True, False])
        names = ["ALL", *dict.fromkeys(kept["column"])]
    body = []
    for key, cells in rows.groupby(about, sort=False):
        found = {row["column"]: row for row in cells.to_dict("records")}
        seeds = max(row["runs"] for row in found.values())
        named = dict(zip(about, map(str, key), strict=True))
        body.append(
            [
                Cell(named.get("model", "").upper()),
                Cell(f"{named['language'].upper()} {named['task']}"),
                *(_side_by_side(found.get(name)) for name in names),
                Cell(str(seeds), seeds),
            ][number == 1 :]
        )
    return DataTable(
        id=f"published-{number}",
        caption=f"{_TITLES[number]} ({_NOTE})",
        columns=["model", "property", *names, "runs"][number == 1 :],
        numeric=[False, False, *([True] * len(names)), True][number == 1 :],
        rows=body,
    )


def _kept(row: Mapping[Hashable, Any]) -> str:
    return f"{row['order']} {row['fraction']:.0%}"


def _side_by_side(row: Mapping[Hashable, Any] | None) -> Cell:
    if row is None:
        return Cell("–")
    return Cell(f"{percent(row['ours'])} ({100 * row['paper']:.1f})", row["ours"])
