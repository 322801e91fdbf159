"""The charts: each a function from a table to one Vega-Lite specification.

One specification serves the page, the figures for paper and W&B. Text from corpora stays in the
data, which Vega never evaluates.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from onegrain.reporting.findings import METRIC_TITLES, ORDERS, Curve, random_note, unconverged
from onegrain.reporting.formatting import Number, is_share, measure, percent, strength

WIDTH = 640
DASHES = ((1, 0), (2, 3), (8, 4))  # top, random, bottom: told apart in black and white too
_CHOSEN = "#e69f00"
GREY = "#8a8f98"
COLOURS = (  # told apart on white and on black; the first eight also by the colour-blind
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b3a100", "#8c6bb1"),
    *("#a6761d", "#e7298a", "#66a61e", "#7f7fff", "#c44e52", "#1b9e9e"),
)
_TARGETS = {
    "probe_mask": "on the probe",
    "probe_retrain": "with the probe retrained",
    "model": "in the model",
    "prune": "for good, out of the weights",
}


Chart = alt.LayerChart | alt.FacetChart


def specification(chart: Chart) -> dict[str, Any]:
    """A chart as plain Vega-Lite, however long its table; themes are the viewer's business."""
    with alt.data_transformers.enable("default", max_rows=None):
        spec: dict[str, Any] = chart.to_dict()
    spec.pop("config", None)
    return spec


def ablation_chart(curve: Curve, majority: Number | None = None) -> alt.LayerChart:
    """What is left when the top, the bottom or random neurons are kept (or ablated).

    Args:
        curve: The points to draw, with their intervals as bands.
        majority: The majority baseline, drawn as a rule when the metric is accuracy.
    """
    done = "kept" if curve.operation == "keep" else "ablated"
    value_format = ".0%" if is_share(curve.metric) else ",.4~g"
    scale = alt.Scale(domain=list(ORDERS))
    legend = alt.Legend(
        title=None, orient="top", symbolType="stroke", symbolSize=900, symbolOpacity=1
    )
    color = alt.Color("order:N", scale=scale, legend=legend)
    dash = alt.StrokeDash(
        "order:N",
        scale=alt.Scale(domain=list(ORDERS), range=[list(dash) for dash in DASHES]),
        legend=legend,
    )
    base = alt.Chart(curve.points).encode(
        x=alt.X(
            "fraction:Q",
            title=f"Share of neurons {done}",
            axis=alt.Axis(format="%", tickCount=10, grid=False),
        )
    )
    measured = _measured(curve, value_format)
    fill = alt.Fill("order:N", scale=scale, legend=legend)
    bands = base.mark_area(opacity=0.16).encode(y="low:Q", y2="high:Q", fill=fill)
    lines = base.mark_line(strokeWidth=2.25).encode(y=measured, color=color, strokeDash=dash)
    layers = [bands, lines, _reading_rule(curve)]
    if majority is not None and curve.metric == "accuracy":
        layers.extend(_majority_rule(majority))
    return alt.LayerChart(
        layer=layers,
        width=WIDTH,
        height=340,
        title=alt.TitleParams(_curve_title(curve), subtitle=_curve_notes(curve)),
        description=(
            f"Line chart: {curve.metric} against the share of neurons {done}, taken from the top, "
            f"at random and from the bottom of the ranking {curve.ranking}."
        ),
    )


def comparison_chart(curves: Sequence[Curve]) -> alt.LayerChart:
    """Lay the curves of several rankings over each other: from the top solid, from the bottom not.

    Args:
        curves: Of one target, site, clamp and metric; each of another ranking. Their random orders
            are the same and are drawn once.
    """
    first = curves[0]
    done = "kept" if first.operation == "keep" else "ablated"
    parts = [curve.points.assign(ranking=curve.ranking) for curve in curves]
    table = pd.concat(parts, ignore_index=True)
    is_random = table["order"] == "random"
    table.loc[is_random, "ranking"] = "random"
    table = table.drop_duplicates(["ranking", "order", "fraction"])
    names = [curve.ranking for curve in curves if curve.ranking != "random"]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", columns=4, labelLimit=300)
    base = alt.Chart(table).encode(
        x=alt.X(
            "fraction:Q", title=f"Share of neurons {done}", axis=alt.Axis(format="%", grid=False)
        ),
        y=_measured(first, ".0%" if is_share(first.metric) else ",.4~g"),
        color=alt.Color("ranking:N", legend=legend, scale=ranking_colours([*names, "random"])),
        tooltip=[
            "ranking:N",
            "order:N",
            alt.Tooltip("fraction:Q", format=".1%", title="share"),
            alt.Tooltip("neurons:Q", format=","),
            alt.Tooltip("value:Q", format=",.4~g", title=first.metric),
        ],
    )
    dash = alt.StrokeDash(
        "order:N",
        scale=alt.Scale(domain=list(ORDERS), range=[list(dash) for dash in DASHES]),
        legend=alt.Legend(
            title=None,
            orient="top",
            symbolType="stroke",
            symbolSize=900,
            symbolOpacity=1,
            symbolStrokeColor=GREY,
            symbolStrokeWidth=2,
        ),
    )
    points = base.mark_point(size=18, filled=True).encode(detail="order:N")
    where = _TARGETS.get(first.target, first.target)
    return alt.LayerChart(
        layer=[base.mark_line(strokeWidth=2).encode(strokeDash=dash), points],
        width=WIDTH,
        height=380,
        title=alt.TitleParams(
            f"Rankings compared: neurons {done} {where}",
            subtitle=", ".join((first.task, *first.variant)),
        ),
        description=(
            f"Line chart: {first.metric} against the share of neurons {done}, one colour for each "
            "ranking, solid from its top and dashed from its bottom."
        ),
    )


def _measured(curve: Curve, value_format: str) -> alt.Y:
    title = METRIC_TITLES.get(curve.metric, curve.metric.replace("_", " "))
    # Ticks of a flat curve are no closer than what their format tells apart.
    step = 0.01 if value_format == ".0%" else alt.Undefined
    return alt.Y(
        "value:Q",
        title=title[0].upper() + title[1:],
        axis=alt.Axis(format=value_format, tickMinStep=step),
        scale=_scale(curve),
    )


def ranking_colours(rankings: Iterable[str]) -> alt.Scale:
    """A colour for each ranking, in the order of the run, and grey for random orders."""
    colours = colours_of(rankings)
    return alt.Scale(domain=list(colours), range=list(colours.values()))


def colours_of(groups: Iterable[str]) -> dict[str, str]:
    """A colour for each group in its order, and grey for random orders.

    Example:
        >>> colours_of(["variance", "random"])
        {'variance': '#0072b2', 'random': '#8a8f98'}
    """
    names = list(dict.fromkeys(groups))
    coloured = (name for name in names if name != "random")
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(coloured)}
    return {name: colours.get(name, GREY) for name in names}


def _scale(curve: Curve) -> alt.Scale:
    """Perplexities grow by factors; everything else is linear."""
    return alt.Scale(type="log") if curve.metric == "perplexity" else alt.Scale()


def lambda_grid_chart(grid: pd.DataFrame) -> alt.LayerChart:
    """Dev accuracy over the λ grid; the chosen point outlined, unfinished points marked."""
    cells = _heat_map_cells(grid)
    order1, order2 = (
        [strength(value) for value in sorted(grid[name].unique())]
        for name in ("lambda1", "lambda2")
    )
    axis, scale = alt.Axis(labelAngle=0, domain=False, ticks=False), alt.Scale(paddingInner=0.05)
    base = alt.Chart(cells).encode(
        x=alt.X("strength1:O", sort=order1, title="λ1 (L1)", axis=axis, scale=scale),
        y=alt.Y("strength2:O", sort=order2[::-1], title="λ2 (L2)", axis=axis, scale=scale),
        tooltip=_heat_map_tooltip(cells),
    )
    heat = base.mark_rect(cornerRadius=3).encode(
        color=alt.Color(
            "accuracy_dev:Q",
            title="Dev accuracy",
            scale=alt.Scale(zero=False),
            legend=alt.Legend(format=".1%", orient="top", gradientLength=200, tickCount=3),
        )
    )
    text = base.mark_text(fontSize=12).encode(
        text=alt.Text("accuracy_dev:Q", format=".1%"),
        color=alt.when("datum.dark").then(alt.value("white")).otherwise(alt.value("#1b2530")),
    )
    outline = base.mark_rect(cornerRadius=3, fill="transparent", stroke=_CHOSEN, strokeWidth=3.5)
    mark = base.mark_text(text="▲", fontSize=13, dy=-13, color=_CHOSEN, stroke="#1b2530")
    mark = mark.encode(strokeWidth=alt.value(0.5))
    return alt.LayerChart(
        layer=[
            heat,
            outline.transform_filter("datum.selected"),
            text,
            mark.transform_filter("datum.unconverged"),
        ],
        width=WIDTH,
        height=46 * len(order2),
        title=alt.TitleParams("Dev accuracy over the λ grid", subtitle=_heat_map_note(cells)),
        description="Heat map: dev accuracy of the probe by L1 strength and L2 strength.",
    )


def _reading_rule(curve: Curve) -> alt.Chart:
    """A rule that follows the pointer and reads all orders at once."""
    texts = [_reading(curve, point) for point in curve.points.to_dict("records")]
    wide = (
        curve.points.assign(text=texts)
        .pivot(index=["fraction", "neurons"], columns="order", values="text")
        .reset_index()
    )
    hover = alt.selection_point(
        name="hover", fields=["fraction"], nearest=True, on="pointerover", empty=False
    )
    rule = alt.Chart(wide).mark_rule(strokeWidth=1)
    shown: alt.Chart = rule.encode(
        x="fraction:Q",
        opacity=alt.when(hover).then(alt.value(0.7)).otherwise(alt.value(0)),
        tooltip=[
            alt.Tooltip("fraction:Q", format=".1%", title="share"),
            alt.Tooltip("neurons:Q", format=",", title="neurons"),
            *(alt.Tooltip(f"{order}:N") for order in ORDERS if order in wide.columns),
        ],
    ).add_params(hover)
    return shown


def _reading(curve: Curve, point: Mapping[Hashable, Any]) -> str:
    value, low, high = (measure(curve.metric, point[name]) for name in ("value", "low", "high"))
    return value if pd.isna(point["low"]) else f"{value} ({low} – {high})"


def _majority_rule(majority: Number) -> list[alt.Chart]:
    here = alt.Chart(
        pd.DataFrame({"value": [majority], "text": [f"majority baseline {percent(majority)}"]})
    )
    rule = here.mark_rule(strokeDash=[4, 2]).encode(y="value:Q")
    text = here.mark_text(align="left", baseline="bottom", dx=6, dy=-4, fontSize=12)
    return [rule, text.encode(y="value:Q", x=alt.value(0), text="text:N")]


def _curve_title(curve: Curve) -> str:
    done = "Keeping" if curve.operation == "keep" else "Ablating"
    where = _TARGETS.get(curve.target, curve.target)
    return f"{done} neurons {where}: {curve.task}, ranked by {curve.ranking}"


def _curve_notes(curve: Curve) -> list[str]:
    """What else sets it apart, below the title, which wide fonts would cut off; what bands are."""
    variant = ", ".join(curve.variant)
    return [*([variant[0].upper() + variant[1:]] if variant else []), random_note(curve)]


def _heat_map_cells(grid: pd.DataFrame) -> pd.DataFrame:
    low, high = grid["accuracy_dev"].min(), grid["accuracy_dev"].max()
    return grid.assign(
        strength1=grid["lambda1"].map(strength),
        strength2=grid["lambda2"].map(strength),
        unconverged=unconverged(grid),
        dark=grid["accuracy_dev"] > (low + high) / 2,
    )


def _heat_map_tooltip(cells: pd.DataFrame) -> list[alt.Tooltip]:
    shown = {
        "strength1": alt.Tooltip("strength1:N", title="λ1"),
        "strength2": alt.Tooltip("strength2:N", title="λ2"),
        "accuracy_dev": alt.Tooltip("accuracy_dev:Q", title="dev accuracy", format=".2%"),
        "accuracy_test": alt.Tooltip("accuracy_test:Q", title="test accuracy", format=".2%"),
        "nonzero": alt.Tooltip("nonzero:Q", title="non-zero weights", format=","),
        "objective": alt.Tooltip("objective:Q", format=".5"),
        "residual": alt.Tooltip("residual:Q", format=".2~e"),
        "selected": alt.Tooltip("selected:N", title="chosen"),
        "unconverged": alt.Tooltip("unconverged:N", title="above tolerance"),
    }
    return [tooltip for column, tooltip in shown.items() if column in cells.columns]


def _heat_map_note(cells: pd.DataFrame) -> str:
    chosen = "Outlined: the chosen point."
    if cells["unconverged"].any():
        return f"{chosen} ▲: had not reached the tolerance."
    return chosen
