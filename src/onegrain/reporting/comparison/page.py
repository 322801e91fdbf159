"""The page and the tables of a comparison: written beside the runs, readable without a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from onegrain.reporting.charts import specification
from onegrain.reporting.comparison.charts import (
    curves_chart,
    distribution_chart,
    heat_maps,
    trend_chart,
)
from onegrain.reporting.comparison.collecting import Collected, collect
from onegrain.reporting.comparison.curves import comparable_curves
from onegrain.reporting.comparison.differences import Differences, differences
from onegrain.reporting.comparison.filling import (
    curve_rows,
    distribution_rows,
    trend_rows,
)
from onegrain.reporting.comparison.neurons import distribution, overlap
from onegrain.reporting.comparison.published import beside_published
from onegrain.reporting.comparison.readings import (
    kept_rows,
    metric_rows,
    numeric_keys,
    runs_table,
)
from onegrain.reporting.comparison.tables import (
    failed_table,
    kept_table,
    overlap_table,
    published_table,
    run_table,
)
from onegrain.reporting.page import render_template
from onegrain.reporting.page_tables import DataTable
from onegrain.reporting.run_files import write_whole

COMPARISON_FILE = "comparison.html"
TABLES_FOLDER = "comparison"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that a comparison shows.

    Attributes:
        collected: The runs and the failed jobs.
        differ: What sets the runs apart.
        tables: Tidy tables by the name of their CSV file.
        charts: The specifications and rows that the page draws from.
        shown: Tables of the page by section.
    """

    collected: Collected
    differ: Differences
    tables: dict[str, pd.DataFrame]
    charts: dict[str, Any]
    shown: dict[str, list[DataTable]]


def write_comparison(places: Sequence[Path], folder: Path) -> Path:
    """Compare all runs in some folders; write the page and its tables; return the page's path.

    Args:
        places: Folders of runs, of sweeps, or above those.
        folder: Where ``comparison.html`` and ``comparison/*.csv`` go.

    Raises:
        UserError: If there is no run, or a run's files are damaged.
    """
    comparison = compare(collect(places), folder)
    page = _render(comparison)
    (folder / TABLES_FOLDER).mkdir(parents=True, exist_ok=True)
    for name, table in comparison.tables.items():
        write_whole(folder / TABLES_FOLDER / f"{name}.csv", table.to_csv(index=False))
    write_whole(folder / COMPARISON_FILE, page)
    return folder / COMPARISON_FILE


def compare(collected: Collected, folder: Path) -> Comparison:
    """Lay runs over each other.

    Args:
        collected: The runs.
        folder: Where links to the runs' own pages start from.
    """
    runs = collected.runs
    differ = differences(runs)
    labels = [f"{number + 1}: {label}" for number, label in enumerate(differ.labels())]
    curves = comparable_curves(runs, differ)
    metrics = metric_rows(runs, differ)
    kept = kept_rows(runs, differ)
    places = distribution(runs, labels)
    shared = overlap(runs, labels)
    beside = beside_published(runs)
    tables = {
        "runs": runs_table(runs, differ),
        "curves": curves,
        "kept": kept,
        "distribution": places,
        "overlap": shared,
        "published": beside,
    }
    shown = {
        "runs": [run_table(runs, differ, folder)] if runs else [],
        "failed": [failed_table(collected.failed)] if collected.failed else [],
        "kept": [] if kept.empty else [kept_table(kept, differ)],
        "overlap": [] if shared.empty else [overlap_table(shared)],
        "published": [] if beside.empty else [published_table(beside)],
    }
    charts = _charts(runs, differ, labels, curves, metrics, places)
    filled = {name: table for name, table in tables.items() if not table.empty}
    return Comparison(collected, differ, filled, charts, shown)


def _charts(
    runs: Sequence[Any],
    differ: Differences,
    labels: Sequence[str],
    curves: pd.DataFrame,
    metrics: pd.DataFrame,
    places: pd.DataFrame,
) -> dict[str, Any]:
    charts: dict[str, Any] = {}
    if not curves.empty:
        charts["curves"] = {
            "spec": specification(curves_chart()),
            "rows": curve_rows(curves, differ),
        }
    numeric = numeric_keys(differ)
    if numeric and not metrics.empty:
        rows = trend_rows(metrics, differ, numeric)
        charts["trends"] = {"spec": specification(trend_chart()), "rows": rows}
    if not places.empty:
        charts["distribution"] = {
            "spec": specification(distribution_chart()),
            "rows": distribution_rows(places, differ),
        }
    grids = [
        run.lambda_grid.assign(run=label)
        for run, label in zip(runs, labels, strict=True)
        if len(run.lambda_grid) > 1
    ]
    if grids:
        charts["grids"] = {"spec": specification(heat_maps(pd.concat(grids, ignore_index=True)))}
    return charts


def _render(comparison: Comparison) -> str:
    runs, failed = comparison.collected.runs, comparison.collected.failed
    count = f"{len(runs)} run" + "s" * (len(runs) != 1)
    return render_template(
        "comparison.html.j2",
        ["report.js", "comparison.js"],
        title=count if not failed else f"{count}, {len(failed)} failed",
        varied=[_varied(comparison.differ, key) for key in comparison.differ.keys],
        shown=comparison.shown,
        tables=sorted(comparison.tables),
        charts={"specs": {}} | {"choosers": _finite(comparison.charts)},
        sections=list(comparison.charts),
    )


def _varied(differ: Differences, key: str) -> str:
    values = list(dict.fromkeys(differ.values[key]))
    listed = ", ".join(values[:6]) + (", …" if len(values) > 6 else "")
    return f"{key}: {listed}"


def _finite(value: Any) -> Any:
    """NaN is no JSON."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
