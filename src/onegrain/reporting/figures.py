"""Which charts a run has, and each as an SVG file for a paper."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vl_convert

from onegrain.reporting.charts import (
    ablation_chart,
    comparison_chart,
    lambda_grid_chart,
    specification,
)
from onegrain.reporting.control_page import control_chart
from onegrain.reporting.findings import Curve, curves_of
from onegrain.reporting.judges import judge_chart
from onegrain.reporting.meaning_charts import meaning_charts, score_chart
from onegrain.reporting.run_contract import FIGURES_FOLDER
from onegrain.reporting.run_files import RunResults, write_whole
from onegrain.reporting.sensitivity_charts import sensitivity_charts
from onegrain.reporting.theme import THEMES


@dataclass(frozen=True)
class Figure:
    """A chart of a run.

    Attributes:
        name: That of its file.
        section: Where the page shows it.
        spec: Its Vega-Lite specification.
        folded: Whether the page shows it only when asked, because another one says the same.
    """

    name: str
    section: str
    spec: dict[str, Any]
    folded: bool = False


def figures_of(results: RunResults) -> Iterator[Figure]:
    """The ablation curves, the λ grid of several points, scores, judges, and what neurons mean."""
    majority = results.metrics.get("probe/majority_accuracy", math.nan)
    rule = None if isinstance(majority, str) or math.isnan(majority) else majority
    curves = list(curves_of(results.curves))
    several = list(_compared(curves))
    together = {id(curve) for compared in several for curve in compared}
    for compared in several:
        first = compared[0]
        name = file_name("rankings", first.target, first.task, first.metric, *first.variant)
        yield Figure(name, "ablation", specification(comparison_chart(compared)))
    for curve in curves:
        parts = (curve.target, curve.operation, curve.task, curve.ranking, curve.metric)
        name = file_name("ablation", *parts, *curve.variant)
        spec = specification(ablation_chart(curve, rule))
        yield Figure(name, "ablation", spec, folded=id(curve) in together)
    if len(results.lambda_grid) > 1:
        spec = specification(lambda_grid_chart(results.lambda_grid))
        yield Figure("lambda_grid", "lambda_grid", spec)
    if not results.neurons.empty:
        yield Figure("scores", "neurons", specification(score_chart(results.neurons)))
    if not results.judges.empty:
        yield Figure("judges", "agreement", specification(judge_chart(results.judges)))
    if not results.control.empty:
        yield Figure("control", "control", specification(control_chart(results.control)))
    for name, chart in meaning_charts(results):
        yield Figure(name, "meaning", specification(chart))
    for name, chart in sensitivity_charts(results):
        yield Figure(name, "sensitivity", specification(chart))


def _compared(curves: Sequence[Curve]) -> Iterator[list[Curve]]:
    """Group curves that differ in their ranking alone."""
    groups: dict[tuple[str, ...], list[Curve]] = {}
    for curve in curves:
        key = (curve.task, curve.target, curve.operation, curve.metric, *curve.variant)
        groups.setdefault(key, []).append(curve)
    yield from (group for group in groups.values() if len(group) > 1)


def write_figures(figures: list[Figure], folder: Path) -> None:
    """Write every figure to ``folder/figures/<name>.svg``, without a network."""
    target = folder / FIGURES_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        on_paper = {**figure.spec, "config": {**THEMES["light"], "background": "white"}}
        write_whole(target / f"{figure.name}.svg", vl_convert.vegalite_to_svg(on_paper))


def file_name(*parts: str) -> str:
    """The name of a figure's file: what sets it apart, and nothing that a shell would mind.

    Example:
        >>> file_name("curves", "model, at recurrent")
        'curves-model_at_recurrent'
    """
    return "-".join(re.sub(r"[^A-Za-z0-9_]+", "_", part) for part in parts)
