"""The page and the tables of a comparison: written beside the runs, readable without a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from onegrain.reporting.charts import specification
from onegrain.reporting.comparison.choosers import averaged_charts, page_data
from onegrain.reporting.comparison.collecting import Collected, collect
from onegrain.reporting.comparison.curves import comparable_curves
from onegrain.reporting.comparison.differences import Differences, differences
from onegrain.reporting.comparison.figures import comparison_figures
from onegrain.reporting.comparison.moves import moves, moves_table
from onegrain.reporting.comparison.neurons import distribution, overlap
from onegrain.reporting.comparison.published import beside_published
from onegrain.reporting.comparison.published_tables import published_tables
from onegrain.reporting.comparison.readings import (
    kept_metrics,
    kept_rows,
    layer_metrics,
    metric_rows,
    runs_table,
)
from onegrain.reporting.comparison.sharing import task_sharing
from onegrain.reporting.comparison.sharing_tables import (
    sharing_chart,
    sharing_rows,
    sharing_table,
)
from onegrain.reporting.comparison.tables import (
    failed_table,
    kept_table,
    overlap_table,
    run_table,
)
from onegrain.reporting.figures import write_figures
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
        charts: The specifications and averaged rows of the figures.
        drawn: What the page draws from.
        shown: Tables of the page by section.
    """

    collected: Collected
    differ: Differences
    tables: dict[str, pd.DataFrame]
    charts: dict[str, Any]
    drawn: dict[str, Any]
    shown: dict[str, list[DataTable]]


def write_comparison(places: Sequence[Path], folder: Path) -> Path:
    """Compare all runs in some folders; write page, tables and figures; return the page's path.

    Args:
        places: Folders of runs, of sweeps, or above those.
        folder: Where ``comparison.html``, ``comparison/*.csv`` and ``figures/*.svg`` go.

    Raises:
        UserError: If there is no run, or a run's files are damaged.
    """
    comparison = compare(collect(places), folder)
    figures = list(comparison_figures(comparison.charts))
    page = _render(comparison, [figure.name for figure in figures])
    (folder / TABLES_FOLDER).mkdir(parents=True, exist_ok=True)
    for name, table in comparison.tables.items():
        write_whole(folder / TABLES_FOLDER / f"{name}.csv", table.to_csv(index=False))
    write_figures(figures, folder)
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
    labels = differ.run_labels()
    curves = comparable_curves(runs, differ)
    kept = kept_rows(runs, differ)
    places = distribution(runs, labels)
    shared = overlap(runs, labels)
    moved = moves(runs, labels)
    sharing = task_sharing(runs, differ)
    metrics = pd.concat(
        [metric_rows(runs, differ), kept_metrics(kept), layer_metrics(places, differ)],
        ignore_index=True,
    )
    beside = beside_published(runs)
    tables = {
        "runs": runs_table(runs, differ),
        "curves": curves,
        "kept": kept,
        "distribution": places,
        "overlap": shared,
        "moves": moved,
        "task_overlap": sharing.overlap,
        "task_neurons": sharing.neurons,
        "published": beside,
    }
    shown = {
        "runs": [run_table(runs, differ, folder)] if runs else [],
        "failed": [failed_table(collected.failed)] if collected.failed else [],
        "kept": [] if kept.empty else [kept_table(kept, differ)],
        "overlap": [] if shared.empty else [overlap_table(shared)],
        "moves": [] if moved.empty else [moves_table(moved)],
        "published": published_tables(beside),
        "sharing": [] if sharing.neurons.empty else [sharing_table(sharing.neurons)],
    }
    charts = averaged_charts(runs, differ, curves, metrics, places)
    if not sharing.overlap.empty:
        charts["sharing"] = {
            "spec": specification(sharing_chart()),
            "rows": sharing_rows(sharing.overlap),
        }
    filled = {name: table for name, table in tables.items() if not table.empty}
    drawn = page_data(charts, differ, curves, metrics, places)
    return Comparison(collected, differ, filled, charts, drawn, shown)


def _render(comparison: Comparison, figures: Sequence[str]) -> str:
    runs = comparison.collected.runs
    return render_template(
        "comparison.html.j2",
        ["report.js", "comparison_rows.js", "comparison.js"],
        title=_title(comparison.collected),
        collected=comparison.collected,
        varied=[_varied(comparison.differ, key) for key in comparison.differ.telling],
        following=[key for key in comparison.differ.keys if key not in comparison.differ.telling],
        figures=figures,
        several=len(runs) > 1,
        shown=comparison.shown,
        tables=sorted(comparison.tables),
        charts={"specs": {}} | _finite(comparison.drawn),
        sections=list(comparison.charts),
    )


def _title(collected: Collected) -> str:
    finished = len(collected.runs)
    count = f"{finished} run" + "s" * (finished != 1) if finished else "No run has finished"
    unfinished = sum(job.unfinished for job in collected.failed)
    left = {"failed": len(collected.failed) - unfinished, "unfinished": unfinished}
    return ", ".join([count, *(f"{number} {state}" for state, number in left.items() if number)])


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
