"""Ablation curves of many runs on common points, averaged over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from onegrain.reporting.comparison.differences import Differences
from onegrain.reporting.findings import Curve, curves_of
from onegrain.reporting.run_files import RunResults

CONFIDENCE = 0.95


def comparable_curves(runs: Sequence[RunResults], differ: Differences) -> pd.DataFrame:
    """Put the curves over all labels of all runs into one tidy table.

    Models of other sizes have other shares of neurons at their points; all are read at the
    shares of the run with the most points, straight between two points of their own.

    Returns:
        Columns ``run`` (its number), the settings that differ, ``task``, ``experiment``,
        ``ranking``, ``operation``, ``metric``, ``order``, ``fraction``, ``value``, ``low``,
        ``high``; random orders of a run are averaged.
    """
    parts = []
    for number, run in enumerate(runs):
        for curve in curves_of(run.curves):
            about = {
                "task": curve.task,
                "experiment": _experiment(curve),
                "ranking": curve.ranking,
                "operation": curve.operation,
                "metric": curve.metric,
            }
            parts.append(curve.points.assign(run=number, **about, **differ.of(number)))
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    return pd.concat(
        [
            _on_common_points(rows)
            for _, rows in table.groupby(["experiment", "ranking"], sort=False)
        ],
        ignore_index=True,
    )


def over_replicates(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Average ``value`` over runs that are alike in ``by``.

    Returns:
        Columns ``by``, ``value`` (the mean), ``low``, ``high`` and ``runs``. The interval is
        Student's of the mean where there are several runs, and else the run's own.
    """
    grouped = rows.groupby(list(by), sort=False, dropna=False)
    table = grouped.agg(
        value=("value", "mean"),
        low=("low", "first"),
        high=("high", "first"),
        spread=("value", "std"),
        runs=("value", "size"),
    ).reset_index()
    several = table["runs"] > 1
    half = _quantile((table["runs"] - 1).clip(lower=1)) * (table["spread"] / np.sqrt(table["runs"]))
    table["low"] = table["low"].mask(several, table["value"] - half)
    table["high"] = table["high"].mask(several, table["value"] + half)
    return table.drop(columns="spread")


def student_quantiles(runs: int) -> list[float]:
    """How many standard errors the interval of a mean reaches, for 2 to so many runs.

    Example:
        >>> [round(quantile, 3) for quantile in student_quantiles(3)]
        [12.706, 4.303]
    """
    found: list[float] = _quantile(np.arange(1, runs)).tolist()
    return found


def _quantile(degrees: Any) -> Any:
    return student.ppf((1 + CONFIDENCE) / 2, degrees)


def _experiment(curve: Curve) -> str:
    return ", ".join((curve.target, curve.metric, *curve.variant))


def _on_common_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Read every run's curves at the shares of the run with the most of them."""
    shares = {run: part["fraction"].unique() for run, part in rows.groupby("run")}
    common = np.sort(max(shares.values(), key=len))
    if all(
        len(own) == len(common) and np.allclose(np.sort(own), common) for own in shares.values()
    ):
        return rows.drop(columns="neurons")
    numbers = ["fraction", "value", "low", "high"]
    parts = []
    for _, curve in rows.groupby(["run", "order"], sort=False):
        curve = curve.sort_values("fraction")
        read = {
            name: np.interp(common, curve["fraction"], curve[name])
            for name in ("value", "low", "high")
        }
        same = curve.drop(columns=[*numbers, "neurons"]).iloc[[0] * len(common)]
        read_there = pd.DataFrame({"fraction": common, **read})
        parts.append(pd.concat([same.reset_index(drop=True), read_there], axis="columns"))
    return pd.concat(parts, ignore_index=True)
