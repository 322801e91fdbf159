"""What the charts of a comparison can show, for every choice that a reader has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from onegrain.reporting.comparison.curves import over_replicates
from onegrain.reporting.comparison.differences import REPLICATES, Differences

GROUPED_KEYS = 8  # settings that colours can stand for, at most
ALL_CHOSEN = "all that was chosen"

Rows = list[dict[str, Any]]


def colour_keys(differ: Differences) -> list[str]:
    """What colours can stand for: all choices together, then each setting that differs."""
    chosen = [key for key in differ.keys if key != REPLICATES]
    both = [ALL_CHOSEN] if len(differ.groups) != 1 else []
    return [*both, *chosen][:GROUPED_KEYS]


def grouped(table: pd.DataFrame, key: str, labels: Sequence[str]) -> pd.Series[str]:
    """The group of each row: its run's label, or its value of one setting."""
    if key == ALL_CHOSEN:
        return table["run"].map(dict(enumerate(labels)))
    return table[key]


def curve_rows(curves: pd.DataFrame, differ: Differences) -> dict[str, Rows]:
    """Averaged curves for each key that colours can stand for."""
    labels = differ.labels()
    by = ["experiment", "ranking", "group", "order", "fraction"]
    return {
        key: _rows(over_replicates(curves.assign(group=grouped(curves, key, labels)), by))
        for key in colour_keys(differ)
    }


def trend_rows(
    metrics: pd.DataFrame, differ: Differences, numeric: Sequence[str]
) -> dict[str, dict[str, Rows]]:
    """Averaged metrics for each setting that is a number, and each key for colours.

    Where a metric has rankings, they are the groups; other keys add to their names.
    """
    labels = differ.labels()
    found: dict[str, dict[str, Rows]] = {}
    plain = metrics.assign(low=float("nan"), high=float("nan"))
    for x in numeric:
        found[x] = {}
        at = plain.assign(x=pd.to_numeric(plain[x]))
        for key in ("", *(each for each in colour_keys(differ) if each not in (x, ALL_CHOSEN))):
            group = at["ranking"]
            if key:
                values = grouped(at, key, labels)
                group = group.where(group == "", group + " · ") + values
            rows = at.assign(group=group.where(group != "", "all"))
            found[x][key] = _rows(over_replicates(rows, ["metric", "group", "x"]))
    return found


def distribution_rows(table: pd.DataFrame, differ: Differences) -> dict[str, Rows]:
    """Averaged shares of the top neurons by layer, for each key that colours can stand for."""
    labels = differ.labels()
    settings = differ.values.loc[table["run"]].reset_index(drop=True)
    plain = pd.concat([table.reset_index(drop=True), settings], axis="columns")
    plain = plain.assign(value=plain["share"], low=float("nan"), high=float("nan"))
    by = ["ranking", "block", "group"]
    return {
        key: _rows(over_replicates(plain.assign(group=grouped(plain, key, labels)), by))
        for key in colour_keys(differ)
    }


def _rows(table: pd.DataFrame) -> Rows:
    """Turn a table into JSON's rows; groups that are numbers come in their order."""
    order = pd.to_numeric(table["group"], errors="coerce").fillna(math.inf)
    table = table.iloc[order.argsort(kind="stable")]
    rounded = table.round({"value": 6, "low": 6, "high": 6})
    filled = rounded.astype(object).where(rounded.notna(), None)
    records: Rows = [
        {str(name): value for name, value in row.items()} for row in filled.to_dict("records")
    ]
    return records
