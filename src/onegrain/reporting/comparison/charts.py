"""The charts of a comparison: specifications whose data a page fills in as its reader asks."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from onegrain.reporting.charts import COLOURS, DASHES, GREY, WIDTH
from onegrain.reporting.findings import ORDERS, unconverged
from onegrain.reporting.formatting import is_share, percent, strength

ROWS = "rows"  # the name of the data set that the page fills in
_BREAK = " · "  # of a heading into lines
_MULTIPLES = 4  # heat maps side by side, at most


def curves_chart(
    data: pd.DataFrame | None = None, colours: Mapping[str, str] | None = None, metric: str = ""
) -> alt.LayerChart:
    """Curves over each other: a colour for each group of runs, a dash for each order.

    Args:
        data: Columns ``group``, ``order``, ``fraction``, ``value``, ``low``, ``high``, ``lower``,
            ``upper`` and ``runs``; without it, the page fills it in.
        colours: Of the groups.
        metric: What is measured; perplexities grow by factors.
    """
    base = alt.Chart(_data(data)).encode(
        x=alt.X("fraction:Q", title="Share of neurons", axis=alt.Axis(format="%", grid=False)),
        color=_colour("stroke", colours),
        detail="order:N",
    )
    axis = alt.Axis(format=".0%") if is_share(metric) else alt.Axis()
    scale = alt.Scale(type="log") if metric == "perplexity" else alt.Scale(zero=False)
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
        ),
    )
    value, low = (
        alt.Y(f"{name}:Q", title=None, scale=scale, axis=axis) for name in ("value", "lower")
    )
    bands = base.mark_area(opacity=0.12).encode(y=low, y2="upper:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=value, strokeDash=dash)
    points = base.mark_point(size=22, filled=True, opacity=1).encode(
        y=value,
        tooltip=[
            alt.Tooltip("group:N"),
            alt.Tooltip("order:N"),
            alt.Tooltip("fraction:Q", format=".1%"),
            alt.Tooltip("value:Q", format=",.4~g"),
            alt.Tooltip("low:Q", format=",.4~g"),
            alt.Tooltip("high:Q", format=",.4~g"),
            alt.Tooltip("runs:Q"),
        ],
    )
    return alt.LayerChart(
        layer=[bands, lines, points],
        width=WIDTH,
        height=380,
        description="Line chart: what is measured against the share of neurons, a colour a group.",
    )


def trend_chart(
    data: pd.DataFrame | None = None,
    colours: Mapping[str, str] | None = None,
    setting: str | None = None,
) -> alt.LayerChart:
    """A metric against a setting that is a number.

    Args:
        data: Columns ``x``, ``group``, ``value``, ``low``, ``high``, ``runs``.
        colours: Of the groups.
        setting: What ``x`` is.
    """
    ticks = [] if data is None else sorted(set(data["x"]))
    axis = alt.Axis(grid=False, values=ticks) if 0 < len(ticks) <= 12 else alt.Axis(grid=False)
    base = alt.Chart(_data(data)).encode(
        x=alt.X("x:Q", title=setting, scale=alt.Scale(zero=False, padding=12), axis=axis),
        color=_colour("stroke", colours),
    )
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6).encode(
        y=alt.Y("low:Q", title=None), y2="high:Q"
    )
    tooltip = [
        alt.Tooltip("group:N"),
        alt.Tooltip("x:Q"),
        alt.Tooltip("value:Q", format=",.4~g"),
        alt.Tooltip("low:Q", format=",.4~g"),
        alt.Tooltip("high:Q", format=",.4~g"),
        alt.Tooltip("runs:Q"),
    ]
    lines = base.mark_line(strokeWidth=2).encode(y=value)
    points = base.mark_point(size=45, filled=True, opacity=1).encode(y=value, tooltip=tooltip)
    return alt.LayerChart(
        layer=[bars, lines, points],
        width=WIDTH,
        height=340,
        description="Line chart: a metric against a setting, a colour a group of runs.",
    )


def distribution_chart(
    data: pd.DataFrame | None = None, colours: Mapping[str, str] | None = None
) -> alt.LayerChart:
    """Where the best neurons of each group of runs lie, layer by layer, side by side.

    Args:
        data: Columns ``block``, ``group`` and ``value`` (share of the top neurons).
        colours: Of the groups.
    """
    bars = (
        alt.Chart(_data(data))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("block:N", title=None, sort=None, scale=alt.Scale(paddingInner=0.25)),
            yOffset=alt.YOffset("group:N", sort=None),
            x=alt.X(
                "value:Q",
                title="Share of the top 10%",
                axis=alt.Axis(format="%", tickCount=8),
                scale=alt.Scale(domainMin=0),
            ),
            color=_colour("square", colours),
            tooltip=[
                alt.Tooltip("group:N"),
                alt.Tooltip("block:N"),
                alt.Tooltip("value:Q", format=".1%"),
                alt.Tooltip("runs:Q"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[bars],
        width=WIDTH,
        height={"step": 18},
        description="Bar chart: the share of the top neurons that lies in each layer.",
    )


def heat_maps(grids: pd.DataFrame) -> alt.FacetChart:
    """How dev accuracy falls off over the λ grid of every run, as small multiples on one scale.

    Colours say how far a point is below the best of its run, because tasks differ more than λ.

    Args:
        grids: Rows of ``lambda_grid.csv`` with the ``run`` they belong to.
    """
    best = grids.groupby("run")["accuracy_dev"].transform("max")
    cells = grids.assign(
        title=grids["run"] + _BREAK + "best " + best.map(percent),
        below=grids["accuracy_dev"] - best,
        strength1=grids["lambda1"].map(strength),
        strength2=grids["lambda2"].map(strength),
        unfinished=unconverged(grids),
    )
    order1, order2 = (
        [strength(value) for value in sorted(grids[name].unique())]
        for name in ("lambda1", "lambda2")
    )
    base = alt.Chart().encode(
        x=alt.X("strength1:O", sort=order1, title="λ1", axis=alt.Axis(labelAngle=0, ticks=False)),
        y=alt.Y("strength2:O", sort=order2[::-1], title="λ2", axis=alt.Axis(ticks=False)),
        tooltip=[
            "run:N",
            alt.Tooltip("strength1:N", title="λ1"),
            alt.Tooltip("strength2:N", title="λ2"),
            alt.Tooltip("accuracy_dev:Q", format=".2%", title="dev accuracy"),
        ],
    )
    heat = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "below:Q",
            title="Dev accuracy below the best of its run",
            scale=alt.Scale(domainMax=0),
            legend=alt.Legend(
                format=".1%", orient="top", gradientLength=240, tickCount=3, titleLimit=400
            ),
        )
    )
    outline = base.mark_rect(fill="transparent", stroke="#e69f00", strokeWidth=2.5, cornerRadius=2)
    mark = base.mark_text(text="▲", fontSize=9, color="#e69f00")
    layers = alt.layer(
        heat,
        outline.transform_filter("datum.selected"),
        mark.transform_filter("datum.unfinished"),
        data=cells,
    ).properties(width=180, height=24 * len(order2))
    header = alt.Header(
        labelLimit=210,
        labelFontSize=11,
        labelAnchor="start",
        labelExpr=f"split(datum.label, '{_BREAK}')",
    )
    titles = list(dict.fromkeys(cells["title"]))
    return layers.facet(
        facet=alt.Facet("title:N", title=None, sort=titles, header=header),
        columns=_columns(len(titles)),
    ).properties(
        title=alt.TitleParams("Dev accuracy over the λ grid", subtitle=_grid_note(cells)),
        description="Small multiples: dev accuracy of every run over its λ grid.",
    )


def _columns(multiples: int) -> int:
    """Side by side, with as few empty places in the last row as can be."""
    return min(range(_MULTIPLES, 1, -1), key=lambda columns: -multiples % columns)


def _grid_note(cells: pd.DataFrame) -> str:
    unfinished = " ▲: had not reached the tolerance." if cells["unfinished"].any() else ""
    return f"Outlined: the chosen point.{unfinished}"


def _colour(symbol: str, colours: Mapping[str, str] | None) -> alt.Color:
    scale = (
        alt.Scale(domain=list(colours), range=list(colours.values()))
        if colours
        else alt.Scale(range=list(COLOURS))
    )
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=3,
        labelLimit=320,
        symbolType=symbol,
        symbolSize=500 if symbol == "stroke" else 120,
        symbolOpacity=1,
    )
    return alt.Color("group:N", sort=None, legend=legend, scale=scale)


def _data(rows: pd.DataFrame | None) -> pd.DataFrame | alt.NamedData:
    return alt.NamedData(name=ROWS) if rows is None else rows
