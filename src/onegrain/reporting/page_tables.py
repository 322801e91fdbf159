"""The tables of a run's page, as text and the numbers they are sorted by."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from onegrain.reporting.findings import (
    METRIC_TITLES,
    ORDERS,
    Curve,
    Point,
    asked_share,
    counted,
    curves_of,
    shown_fractions,
    unconverged,
)
from onegrain.reporting.formatting import Number, is_share, measure, number, percent, strength
from onegrain.reporting.run_files import Metric, RunResults

_HINTED = 3  # columns that a filter names
NEURONS_SHOWN = 100  # of each ranking; neurons.csv has them all

_GRID_TITLES = {
    "lambda1": "λ1",
    "lambda2": "λ2",
    "accuracy_dev": "dev accuracy",
    "accuracy_test": "test accuracy",
    "accuracy_train": "train accuracy",
    "macro_f1_dev": "dev macro F1",
    "macro_f1_test": "test macro F1",
    "nonzero": "non-zero",
}

_AGREEMENT_SHARES = ("overlap", "chance")
_AGREEMENT_TITLES = {
    "rankings": "How many of the top neurons two rankings share; chance is that of random orders",
    "consensus": "How far each ranking agrees with all others (Jaccard index of the top neurons): "
    "average_overlap with each of them, neuron_vote with those they vote for",
    "instances": "How many of an instance's top neurons have their best-correlated partner in the "
    "other instance's top",
}


@dataclass(frozen=True)
class Cell:
    """What a table shows, the number it is sorted by where it is one, and what it leads to."""

    text: str
    value: Number | None = None
    link: str | None = None


@dataclass(frozen=True)
class DataTable:
    """A table of the page; ``numeric`` columns are set flush right."""

    id: str
    caption: str
    columns: list[str]
    numeric: list[bool]
    rows: list[list[Cell]]
    tall: bool = False  # scrolls in a window of its own
    filterable: bool = False
    hint: str = "layer, direction, label, word …"  # what one may filter by


def kept_tables(results: RunResults) -> list[DataTable]:
    """For each curve, what few neurons leave."""
    return [
        _kept_table(f"kept-{index}", curve, shown_fractions(results.settings, curve.operation))
        for index, curve in enumerate(curves_of(results.curves), start=1)
    ]


def _kept_table(name: str, curve: Curve, fractions: Iterable[float]) -> DataTable:
    orders = [order for order in ORDERS if (curve.points["order"] == order).any()]
    rows = []
    for fraction in fractions:
        points = [point for order in orders if (point := curve.at(order, fraction)) is not None]
        rows.append(
            [
                Cell(asked_share(fraction), fraction),
                Cell(counted(curve, points[0]), points[0].neurons),
                *(_interval(curve.metric, point) for point in points),
            ]
        )
    done = "kept" if curve.operation == "keep" else "ablated"
    columns = ["asked", f"neurons {done}", *(f"{order} {done}" for order in orders)]
    title = METRIC_TITLES.get(curve.metric, curve.metric)
    caption = f"{title[0].upper()}{title[1:]} with few neurons {done}: {_experiment(curve)}"
    if curve.seeds > 1:
        caption += f" (in brackets 95% intervals; for random the range of {curve.seeds} orders)"
    return DataTable(name, caption, columns, [True] * len(columns), rows)


def _experiment(curve: Curve) -> str:
    return ", ".join((curve.task, curve.target, f"ranked by {curve.ranking}", *curve.variant))


def _interval(metric: str, point: Point) -> Cell:
    text = measure(metric, point.value)
    if not math.isnan(point.low):
        text = f"{text} ({measure(metric, point.low)} – {measure(metric, point.high)})"
    return Cell(text, point.value)


def grid_table(grid: pd.DataFrame) -> DataTable:
    """The λ grid, a row for each point; the chosen and the unfinished are marked."""
    hidden = {"selected", "converged"}
    names = [name for name in grid.columns if name not in hidden]
    rows = []
    for row, short in zip(grid.to_dict("records"), unconverged(grid), strict=True):
        marks = [*(["chosen"] if row["selected"] else []), *(["▲ unfinished"] if short else [])]
        rows.append([Cell(", ".join(marks)), *(_cell(str(name), row[name]) for name in names)])
    then = "; all else here is of the chosen one, fitted alone to probe.tolerance"
    return DataTable(
        id="lambda-grid",
        caption="The points of the λ grid as they were compared" + then * (len(grid) > 1),
        columns=["mark", *(_GRID_TITLES.get(name, name.replace("_", " ")) for name in names)],
        numeric=[False] + [True] * len(names),
        rows=rows,
        tall=True,
    )


def linked(tables: Iterable[DataTable]) -> list[DataTable]:
    """Make every id in a column ``neuron`` a link to the explorer."""
    return [_linked(table) for table in tables]


def _linked(table: DataTable) -> DataTable:
    if "neuron" not in table.columns:
        return table
    column = table.columns.index("neuron")
    rows = [
        [
            replace(cell, link=f"#neuron={cell.value}")
            if place == column and cell.value is not None
            else cell
            for place, cell in enumerate(row)
        ]
        for row in table.rows
    ]
    return replace(table, rows=rows)


def neuron_tables(neurons: pd.DataFrame) -> list[DataTable]:
    """For each ranking, its best neurons and what is known about them.

    Args:
        neurons: The run's ``neurons.csv``.
    """
    tables = []
    for index, (ranking, rows) in enumerate(neurons.groupby("ranking", sort=False), start=1):
        best = rows.sort_values("rank").head(NEURONS_SHOWN).drop(columns="ranking")
        shown = f"Top {number(len(best))} of {number(len(rows))} neurons, ranked by {ranking}"
        names = list(best.columns)
        cells = [[_cell(name, row[name]) for name in names] for row in best.to_dict("records")]
        tables.append(
            DataTable(
                id=f"neurons-{index}",
                caption=shown,
                columns=[name.replace("_", " ") for name in names],
                numeric=[pd.api.types.is_numeric_dtype(best[name]) for name in names],
                rows=cells,
                tall=True,
                filterable=True,
            )
        )
    return tables


def agreement_tables(agreement: pd.DataFrame) -> list[DataTable]:
    """How far rankings of this model agree, and those of its instances."""
    tables = []
    for kind, caption in _AGREEMENT_TITLES.items():
        rows = agreement[agreement["kind"] == kind]
        if rows.empty:
            continue
        shown = rows.drop(columns=["kind"]).dropna(axis="columns", how="all")
        shown = shown.loc[:, (shown != "").any()]
        tables.append(frame_table(f"agreement-{kind}", caption, shown, _AGREEMENT_SHARES))
    return tables


def frame_table(
    name: str, caption: str, frame: pd.DataFrame, shares: Collection[str] = ()
) -> DataTable:
    """A table as it stands, that scrolls and can be filtered.

    Args:
        name: Its id on the page.
        caption: What it shows.
        frame: Its rows.
        shares: Columns to be read in percent, beyond those whose names say so.
    """
    names = [str(name) for name in frame.columns]
    titles = [name.replace("_", " ") for name in names]
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in names]
    texts = [title for title, is_number in zip(titles, numeric, strict=True) if not is_number]
    return DataTable(
        id=name,
        caption=caption,
        columns=titles,
        numeric=numeric,
        hint=f"{', '.join(texts[:_HINTED] or titles[:_HINTED])} …",
        rows=[
            [
                Cell(percent(row[name]), row[name]) if name in shares else _cell(name, row[name])
                for name in names
            ]
            for row in frame.to_dict("records")
        ],
        tall=True,
        filterable=True,
    )


def metrics_table(metrics: Mapping[str, Metric]) -> DataTable:
    """All of ``metrics.json``."""
    rows = [
        [Cell(name), Cell(value) if isinstance(value, str) else Cell(f"{value:.6g}", value)]
        for name, value in sorted(metrics.items())
    ]
    return DataTable("metrics", "Every metric of the run", ["metric", "value"], [False, True], rows)


def _cell(name: str, value: Any) -> Cell:
    if isinstance(value, str):
        return Cell(value)
    if pd.isna(value):
        return Cell("–")
    if name.startswith("lambda"):
        return Cell(strength(value), value)
    if is_share(name):
        return Cell(percent(value), value)
    if name == "residual":
        return Cell(f"{value:.1e}", value)
    if name in ("neuron", "unit"):
        return Cell(str(value), value)
    return Cell(number(value), value)
