"""What the charts of a comparison can show, for every choice that a reader has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from onegrain.reporting.comparison.curves import over_replicates
from onegrain.reporting.comparison.differences import REPLICATES, Differences
from onegrain.reporting.formatting import is_share

ALL_CHOSEN = "all that was chosen"
RANKING = "ranking"
RANDOM = "random"
_REACH = 0.5  # of the range of the lines, how far a band is drawn beyond them

Rows = list[dict[str, Any]]


def colour_keys(differ: Differences) -> list[str]:
    """What colours can stand for: all choices together, then each setting that differs.

    The seed comes last: runs that differ in it alone are averaged unless one asks.
    """
    settings = [key for key in differ.keys if key != REPLICATES]
    both = [ALL_CHOSEN] if len(differ.groups) != 1 else []
    return [*both, *settings, *(key for key in differ.keys if key == REPLICATES)]


def grouped(table: pd.DataFrame, key: str, labels: Sequence[str]) -> pd.Series[str]:
    """The group of each row: its run's label, or its value of one setting."""
    if key == ALL_CHOSEN:
        return table["run"].map(dict(enumerate(labels)))
    return table[key]


def curve_rows(curves: pd.DataFrame, differ: Differences) -> dict[str, Rows]:
    """Averaged curves for each key that colours can stand for, the ranking among them.

    Each is of a ``group``, which has a colour, and ``within`` what is held fixed: one ranking, or
    one group of runs where colours stand for rankings. ``lower`` and ``upper`` are the interval as
    far as it is drawn: that of two seeds is often wider than the whole chart.
    """
    labels = differ.labels()
    runs = curves["run"].map(dict(enumerate(labels)))
    found = {
        key: _curve_rows(curves.assign(group=grouped(curves, key, labels), within=curves[RANKING]))
        for key in colour_keys(differ)
    }
    if curves[RANKING].nunique() > 1:
        by_ranking = curves.assign(group=_rankings(curves), within=runs)
        once = [*_POINT, "run"]
        found[RANKING] = _curve_rows(by_ranking.drop_duplicates(once))
    return found


_POINT = ["experiment", "within", "group", "order", "fraction"]


def _curve_rows(curves: pd.DataFrame) -> Rows:
    shares = curves.groupby("experiment")["metric"].first().map(is_share)
    table = over_replicates(curves, _POINT)
    value = table.groupby(["experiment", "within"])["value"]
    least, most = value.transform("min"), value.transform("max")
    reach = _REACH * (most - least).clip(lower=0.05 * most.abs())
    floor = (least - reach).where(least <= 0, (least - reach).clip(lower=least / 2))
    ceiling = (most + reach).where(~table["experiment"].map(shares), (most + reach).clip(upper=1))
    lower = table["low"].clip(lower=floor, upper=table["value"])
    upper = table["high"].clip(upper=ceiling.clip(lower=most), lower=table["value"])
    return _rows(table.assign(lower=lower, upper=upper))


def _rankings(curves: pd.DataFrame) -> pd.Series[str]:
    """The ranking of each row; random orders are the same for all."""
    return curves[RANKING].where(curves["order"] != RANDOM, RANDOM)


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
    rounded = table.round(dict.fromkeys(("value", "low", "high", "lower", "upper"), 6))
    filled = rounded.astype(object).where(rounded.notna(), None)
    records: Rows = [
        {str(name): value for name, value in row.items()} for row in filled.to_dict("records")
    ]
    return records
