"""The page of a run: one file that opens from disk, in any theme, without a network.

All that comes from corpora or settings reaches the page as escaped text or as JSON in which no
markup can end, and the page's content security policy lets no script run but its own two.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import vl_convert

from onegrain.reporting.figures import Figure, figures_of, write_figures
from onegrain.reporting.findings import (
    ORDERS,
    Curve,
    Point,
    curves_of,
    finding,
    gaps,
    notes,
    selected_point,
    shown_fractions,
    unconverged,
)
from onegrain.reporting.formatting import Number, is_share, measure, number, percent, strength
from onegrain.reporting.run_files import REPORT_FILE, Metric, RunResults, read_run, write_whole
from onegrain.reporting.theme import THEMES

TEMPLATES = Path(__file__).parent / "templates"
NEURONS_SHOWN = 100  # of each ranking; neurons.csv has them all

# metrics.json name -> what the tile says; in this order, those that the run has.
_TILES = {
    "probe/accuracy": "Probe accuracy",
    "probe/majority_accuracy": "Majority baseline",
    "probe/unknown_share": "Unknown words",
    "train/bleu": "Model BLEU",
    "train/perplexity": "Model perplexity",
}
_NEURON_TITLES = {"best_label": "best label", "top_words": "top words"}
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


@dataclass(frozen=True)
class Cell:
    """What a table shows, and the number it is sorted by where it is one."""

    text: str
    value: Number | None = None


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


@dataclass(frozen=True)
class Tile:
    """A key number."""

    title: str
    text: str
    detail: str = ""


def write_report(folder: Path) -> Path:
    """Make ``report.html`` and ``figures/*.svg`` of a run from its files; return the page's path.

    Raises:
        UserError: If the folder is not a run's, or its files are not what they must be.
    """
    results = read_run(folder)
    figures = list(figures_of(results))
    page = render(results, figures)
    write_figures(figures, folder)
    write_whole(folder / REPORT_FILE, page)
    return folder / REPORT_FILE


def render(results: RunResults, figures: list[Figure]) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    library, script = _vega_library(), (TEMPLATES / "report.js").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        results=results,
        finding=finding(results),
        facts=_facts(results.settings),
        tiles=_tiles(results),
        notes=notes(results),
        figures=figures,
        kept_tables=_kept_tables(results),
        grid_table=None if results.lambda_grid.empty else _grid_table(results.lambda_grid),
        neuron_tables=_neuron_tables(results.neurons),
        metrics_table=_metrics_table(results.metrics),
        charts={"themes": THEMES, "specs": {figure.name: figure.spec for figure in figures}},
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        scripts=[library, script],
        hashes=[_content_hash(library), _content_hash(script)],
    )


@cache
def _vega_library() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script that cannot end its own element."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _content_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _facts(settings: Mapping[str, Any]) -> list[str]:
    """The few choices that tell runs apart at a glance."""
    model = settings.get("model", {})
    rooms = (room for room in ("data", "task", "model") if "name" in settings.get(room, {}))
    sizes = (("layers", "layers"), ("hidden", "units"))
    return [
        *(f"{room} {settings[room]['name']}" for room in rooms),
        *(f"{model[name]} {title}" for name, title in sizes if name in model),
        *([f"seed {settings['seed']}"] if "seed" in settings else []),
    ]


def _tiles(results: RunResults) -> list[Tile]:
    tiles = [
        Tile(title, measure(name, value))
        for name, title in _TILES.items()
        if not isinstance(value := results.metrics.get(name, math.nan), str)
        and math.isfinite(value)
    ]
    chosen = selected_point(results.lambda_grid)
    if chosen is not None:
        where = f"weights at λ1 {strength(chosen['lambda1'])}, λ2 {strength(chosen['lambda2'])}"
        tiles.append(Tile("Non-zero", number(chosen["nonzero"]), where))
    for name, gap in gaps(results.metrics).items():
        tiles.append(Tile("Top–bottom gap", number(gap), name))
    return tiles


def _kept_tables(results: RunResults) -> list[DataTable]:
    fractions = shown_fractions(results.settings)
    return [
        _kept_table(f"kept-{index}", curve, fractions)
        for index, curve in enumerate(curves_of(results.curves), start=1)
    ]


def _kept_table(name: str, curve: Curve, fractions: Iterable[float]) -> DataTable:
    orders = [order for order in ORDERS if (curve.points["order"] == order).any()]
    rows = []
    for fraction in fractions:
        points = [point for order in orders if (point := curve.at(order, fraction)) is not None]
        rows.append(
            [
                Cell(percent(points[0].fraction), points[0].fraction),
                Cell(number(points[0].neurons), points[0].neurons),
                *(_interval(curve.metric, point) for point in points),
            ]
        )
    done = "kept" if curve.operation == "keep" else "ablated"
    columns = [done, "neurons", *(f"{order} {done}" for order in orders)]
    caption = f"{curve.metric.capitalize()} with few neurons {done}: {_experiment(curve)}"
    return DataTable(name, caption, columns, [True] * len(columns), rows)


def _experiment(curve: Curve) -> str:
    return ", ".join((curve.task, curve.target, f"ranked by {curve.ranking}", *curve.variant))


def _interval(metric: str, point: Point) -> Cell:
    text = measure(metric, point.value)
    if not math.isnan(point.low):
        text = f"{text} ({measure(metric, point.low)} – {measure(metric, point.high)})"
    return Cell(text, point.value)


def _grid_table(grid: pd.DataFrame) -> DataTable:
    hidden = {"selected", "converged"}
    names = [name for name in grid.columns if name not in hidden]
    rows = []
    for row, short in zip(grid.to_dict("records"), unconverged(grid), strict=True):
        marks = [*(["chosen"] if row["selected"] else []), *(["▲ unfinished"] if short else [])]
        rows.append([Cell(", ".join(marks)), *(_cell(str(name), row[name]) for name in names)])
    return DataTable(
        id="lambda-grid",
        caption="The probe at every point of the λ grid",
        columns=["mark", *(_GRID_TITLES.get(name, name.replace("_", " ")) for name in names)],
        numeric=[False] + [True] * len(names),
        rows=rows,
        tall=True,
    )


def _neuron_tables(neurons: pd.DataFrame) -> list[DataTable]:
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
                columns=[_NEURON_TITLES.get(name, name.replace("_", " ")) for name in names],
                numeric=[pd.api.types.is_numeric_dtype(best[name]) for name in names],
                rows=cells,
                tall=True,
                filterable=True,
            )
        )
    return tables


def _metrics_table(metrics: Mapping[str, Metric]) -> DataTable:
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
