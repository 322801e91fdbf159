"""The charts of a comparison as SVG files for a paper: what the page shows before one chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import altair as alt
import pandas as pd

from onegrain.reporting.charts import Chart, specification
from onegrain.reporting.comparison.charts import curves_chart, distribution_chart, trend_chart
from onegrain.reporting.comparison.filling import RANKING
from onegrain.reporting.comparison.sharing_tables import sharing_chart
from onegrain.reporting.figures import Figure, file_name

_LONGEST = 120
_NUMBERS = ("value", "low", "high", "lower", "upper")


def comparison_figures(charts: Mapping[str, Any]) -> Iterator[Figure]:
    """The curves of each ranking and of all together, gaps, layers, tasks, λ grids.

    Args:
        charts: What the page draws from: of each kind the specification, its rows and colours.
    """
    if "curves" in charts:
        yield from _curves(charts["curves"])
    if "trends" in charts:
        yield from _trends(charts["trends"])
    if "distribution" in charts:
        yield from _distributions(charts["distribution"])
    if "sharing" in charts:
        yield from _sharing(charts["sharing"])
    if "grids" in charts:
        yield Figure("lambda_grids", "grids", charts["grids"]["spec"])


def _curves(chooser: Mapping[str, Any]) -> Iterator[Figure]:
    first = next(iter(chooser["rows"]))
    for key in dict.fromkeys((first, *([RANKING] if RANKING in chooser["rows"] else []))):
        for (experiment, within), rows in _tables(chooser, key, "experiment", "within"):
            metric = experiment.split(", ")[1]
            chart = curves_chart(rows, _present(chooser["colours"][key], rows), metric)
            held = f"runs: {within}" if key == RANKING else f"ranked by {within}"
            name = _name("rankings" if key == RANKING else "curves", experiment, within)
            yield _figure(name, "curves", chart, experiment, held)


def _trends(chooser: Mapping[str, Any]) -> Iterator[Figure]:
    for setting, by_key in chooser["rows"].items():
        for (metric,), rows in _tables({"rows": by_key}, "", "metric"):
            if metric.endswith("/gap"):
                colours = _present(chooser["colours"][setting][""], rows)
                chart = trend_chart(rows, colours, setting)
                name = _name("trend", metric, setting)
                yield _figure(name, "trends", chart, metric, f"against {setting}")


def _distributions(chooser: Mapping[str, Any]) -> Iterator[Figure]:
    first = next(iter(chooser["rows"]))
    for (ranking,), rows in _tables(chooser, first, "ranking"):
        chart = distribution_chart(rows, _present(chooser["colours"][first], rows))
        title = "Where the top tenth lies"
        name = _name("layers", ranking)
        yield _figure(name, "distribution", chart, title, f"ranked by {ranking}")


def _sharing(chooser: Mapping[str, Any]) -> Iterator[Figure]:
    for model, rows in chooser["rows"].items():
        for kind, table in pd.DataFrame(rows).groupby("set", sort=False):
            name = _name("tasks", model, str(kind))
            chart = sharing_chart(table)
            yield _figure(name, "sharing", chart, "Neurons that tasks share", f"{model}: {kind}")


def _tables(
    chooser: Mapping[str, Any], key: str, *by: str
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    table = pd.DataFrame(chooser["rows"][key])
    numbers = [name for name in _NUMBERS if name in table]
    table = table.astype(dict.fromkeys(numbers, float))
    for names, rows in table.groupby(list(by), sort=False):
        yield tuple(map(str, names)), rows


def _present(colours: Mapping[str, str], rows: pd.DataFrame) -> dict[str, str]:
    groups = set(rows["group"])
    return {name: colour for name, colour in colours.items() if name in groups}


def _name(*parts: str) -> str:
    """A file's name that no two figures share and every file system takes."""
    name = file_name(*parts)
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_LONGEST]}-{sha256('/'.join(parts).encode()).hexdigest()[:8]}"


def _figure(name: str, section: str, chart: Chart, title: str, subtitle: str) -> Figure:
    titled = chart.properties(title=alt.TitleParams(title, subtitle=subtitle))
    return Figure(name, section, specification(titled))
