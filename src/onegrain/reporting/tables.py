"""The short table that the terminal shows when a run ends, in the shape of the papers' Table 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from onegrain.ablation.readings import gap
from onegrain.reporting.findings import ORDERS, Curve, asked_share, curves_of, shown_fractions
from onegrain.reporting.formatting import measure, number, percent
from onegrain.reporting.run_files import Metric

_SHARES = {
    "probe/accuracy": "probe accuracy",
    "probe/majority_accuracy": "MAJ",
    "probe/selectivity": "selectivity",
    "probe/unknown_share": "unknown words",
}


def summary_table(
    metrics: Mapping[str, Metric],
    curves: pd.DataFrame,
    settings: Mapping[str, Any],
) -> Table:
    """What is left when few neurons are kept, under a title with the probe's accuracy and MAJ.

    Args:
        metrics: The run's metrics.
        curves: The run's ``curves.csv``.
        settings: The run's, nested, which name the shares of neurons to show.
    """
    table = Table(title=Text(_title(metrics)), title_justify="left")
    for name in ("task", "ranking", "neurons"):
        table.add_column(name, overflow="fold")
    for name in (*ORDERS, "gap"):
        table.add_column(name, justify="right", no_wrap=True)
    for curve in curves_of(curves):
        area = _gap(curve)
        first = (Text(curve.task), Text(_ranking(curve)))
        for fraction in shown_fractions(settings, curve.operation):
            shown = "" if area is None else number(area)
            table.add_row(*first, *_row(curve, fraction), shown)
            first, area = (Text(), Text()), None
        table.add_section()
    return table


def _gap(curve: Curve) -> float | None:
    points = curve.points.assign(operation=curve.operation, metric=curve.metric)
    return gap(points) if {"top", "bottom"} <= set(points["order"]) else None


def _title(metrics: Mapping[str, Metric]) -> str:
    shown = {title: metrics.get(name) for name, title in _SHARES.items()}
    return ", ".join(
        f"{title} {percent(share)}"
        for title, share in shown.items()
        if share is not None and not isinstance(share, str)
    )


def _ranking(curve: Curve) -> str:
    if curve.target == "probe_mask" and curve.metric == "accuracy":
        return curve.ranking
    return f"{curve.ranking} ({curve.target}, {curve.metric})"


def _row(curve: Curve, fraction: float) -> Iterator[str]:
    yield f"{'keep' if curve.operation == 'keep' else 'ablate'} {asked_share(fraction)}"
    for order in ORDERS:
        point = curve.at(order, fraction)
        yield "–" if point is None else measure(curve.metric, point.value)
