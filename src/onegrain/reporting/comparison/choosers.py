"""The charts of a comparison, and the rows of every run from which its page draws them.

The figures for a paper show all runs and are averaged here. The page averages itself, over the
runs that its reader's filter leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from onegrain.reporting.charts import colours_of, specification
from onegrain.reporting.comparison.charts import (
    curves_chart,
    distribution_chart,
    heat_maps,
    trend_chart,
)
from onegrain.reporting.comparison.curves import student_quantiles
from onegrain.reporting.comparison.differences import Differences
from onegrain.reporting.comparison.filling import (
    RANDOM,
    Rows,
    colour_keys,
    curve_rows,
    distribution_rows,
    grouped,
    trend_rows,
)
from onegrain.reporting.comparison.readings import numeric_keys
from onegrain.reporting.formatting import is_share
from onegrain.reporting.run_files import RunResults

_DIGITS = 6


def averaged_charts(
    runs: Sequence[RunResults],
    differ: Differences,
    curves: pd.DataFrame,
    metrics: pd.DataFrame,
    places: pd.DataFrame,
) -> dict[str, Any]:
    """Of each kind of chart its specification, its rows over all runs, and the groups' colours."""
    charts: dict[str, Any] = {}
    rankings = _rankings(runs)
    if not curves.empty:
        rows = curve_rows(curves, differ)
        coloured = {key: _colours(each, rankings) for key, each in rows.items()}
        charts["curves"] = {"spec": specification(curves_chart()), "rows": rows}
        charts["curves"]["colours"] = coloured
    numeric = numeric_keys(differ)
    if numeric and not metrics.empty:
        trends = trend_rows(metrics, differ, numeric)
        charts["trends"] = {"spec": specification(trend_chart()), "rows": trends}
        charts["trends"]["colours"] = {
            x: {key: _colours(rows, rankings) for key, rows in by_key.items()}
            for x, by_key in trends.items()
        }
    if not places.empty:
        rows = distribution_rows(places, differ)
        coloured = {key: _colours(each, rankings) for key, each in rows.items()}
        charts["distribution"] = {"spec": specification(distribution_chart()), "rows": rows}
        charts["distribution"]["colours"] = coloured
    grids = [
        run.lambda_grid.assign(run=label)
        for run, label in zip(runs, differ.run_labels(), strict=True)
        if len(run.lambda_grid) > 1
    ]
    if grids:
        charts["grids"] = {"spec": specification(heat_maps(pd.concat(grids, ignore_index=True)))}
    return charts


def page_data(
    charts: Mapping[str, Any],
    differ: Differences,
    curves: pd.DataFrame,
    metrics: pd.DataFrame,
    places: pd.DataFrame,
) -> dict[str, Any]:
    """What the page draws from, as JSON's values.

    Args:
        charts: From `averaged_charts`, and those that are not averaged.
        differ: What sets the runs apart.
        curves: From `comparable_curves`.
        metrics: One number of a run a row.
        places: From `distribution`.

    Returns:
        ``choosers``: the charts, with the rows of single runs in place of averaged ones; ``runs``:
        each run's name, the label it shares with its replicates, and its group for each key that
        colours can stand for; ``student``: the quantile for 1, 2, … degrees of freedom.
    """
    choosers = {name: dict(chart) for name, chart in charts.items()}
    most = len(differ.values)
    if "curves" in charts:
        choosers["curves"]["rows"] = _lines(curves)
        most = max(most, _most(curves, ["experiment", "order", "fraction"]))
    if "trends" in charts:
        choosers["trends"]["rows"] = _series(metrics, ["metric", "ranking"], "value")
        most = max(most, _most(metrics, ["metric"]))
    if "distribution" in charts:
        choosers["distribution"]["rows"] = _series(places, ["ranking", "block"], "share")
        most = max(most, _most(places, ["ranking", "block"]))
    for chooser in choosers.values():
        if "colours" in chooser:
            chooser["colours"] = _in_order(chooser["colours"])
    return {"choosers": choosers, "runs": _runs(differ), "student": student_quantiles(most)}


def _runs(differ: Differences) -> list[dict[str, Any]]:
    labels, keys = differ.labels(), colour_keys(differ)
    table = differ.values.assign(run=range(len(labels)))
    groups = pd.DataFrame({key: grouped(table, key, labels) for key in keys}, index=table.index)
    return [
        {"name": name, "label": label, "groups": of_run}
        for name, label, of_run in zip(
            differ.run_labels(), labels, groups.to_dict("records"), strict=True
        )
    ]


def _lines(curves: pd.DataFrame) -> dict[str, Any]:
    """Every curve of every run; the shares of neurons, which many have alike, are kept once."""
    shares: dict[tuple[float, ...], int] = {}
    lines = []
    by = ["run", "task", "experiment", "metric", "ranking", "order"]
    for key, rows in curves.groupby(by, sort=False):
        about = dict(zip(by, key, strict=True))
        fractions = tuple(map(float, rows["fraction"]))
        numbers = {name: _numbers(rows[name]) for name in ("value", "low", "high")}
        lines.append(
            {name: about[name] for name in ("run", "experiment", "ranking", "order")}
            | {"share": is_share(str(about["metric"]))}
            | {"at": shares.setdefault(fractions, len(shares)), **numbers}
        )
    return {"shares": [list(fractions) for fractions in shares], "lines": lines}


def _series(table: pd.DataFrame, by: list[str], value: str) -> Rows:
    """The numbers that go by one name, of all runs."""
    return [
        {
            **dict(zip(by, map(str, key), strict=True)),
            "run": rows["run"].tolist(),
            "value": _numbers(rows[value]),
        }
        for key, rows in table.groupby(by, sort=False)
    ]


def _numbers(values: pd.Series[float]) -> list[float | None]:
    return [None if pd.isna(value) else round(float(value), _DIGITS) for value in values]


def _most(table: pd.DataFrame, by: list[str]) -> int:
    """How many rows may be averaged at once."""
    return int(table.groupby(by).size().max())


def _in_order(colours: Mapping[str, Any]) -> dict[str, Any] | list[tuple[str, Any]]:
    """Groups and colours in pairs: JavaScript would put names that are whole numbers first."""
    if any(isinstance(each, Mapping) for each in colours.values()):
        return {name: _in_order(each) for name, each in colours.items()}
    return list(colours.items())


def _rankings(runs: Sequence[RunResults]) -> list[str]:
    names = (
        name for run in runs for table in (run.neurons, run.curves) for name in table["ranking"]
    )
    return [name for name in dict.fromkeys(names) if name != RANDOM]


def _colours(rows: Rows, rankings: Sequence[str]) -> dict[str, str]:
    """A colour for each group that may be drawn; a ranking has the same one in every chart."""
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    named = [*rankings, RANDOM]
    others = [name for name in groups if name not in named]  # of metrics without a ranking
    if len(others) == len(groups):
        return colours_of(groups)
    ranked = colours_of([*named, *others])
    return {name: ranked[name] for name in groups}
