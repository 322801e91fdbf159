"""The charts of a comparison: specifications whose data a page fills in as its reader asks."""

from __future__ import annotations

import altair as alt
import pandas as pd

from onegrain.reporting.charts import COLOURS, WIDTH
from onegrain.reporting.findings import ORDERS, unconverged
from onegrain.reporting.formatting import strength

ROWS = "rows"  # the name of the data set that the page or a figure fills in
_SCALE = alt.Scale(range=list(COLOURS))
_DASHES = ([1, 0], [2, 3], [8, 4])  # top, random, bottom


def curves_chart(data: pd.DataFrame | None = None) -> alt.LayerChart:
    """Curves over each other: a colour for each group of runs, a dash for each order.

    Args:
        data: Columns ``group``, ``order``, ``fraction``, ``value``, ``low``, ``high``, ``runs``;
            without it, the page fills it in.
    """
    base = alt.Chart(_data(data)).encode(
        x=alt.X("fraction:Q", title="Share of neurons", axis=alt.Axis(format="%", grid=False)),
        color=_colour("stroke"),
        detail="order:N",
    )
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    dash = alt.StrokeDash(
        "order:N",
        scale=alt.Scale(domain=list(ORDERS), range=list(_DASHES)),
        legend=alt.Legend(
            title=None,
            orient="top",
            symbolType="stroke",
            symbolSize=900,
            symbolOpacity=1,
            symbolStrokeColor="#8a8f98",
        ),
    )
    low = alt.Y("low:Q", title=None)
    bands = base.mark_area(opacity=0.12).encode(y=low, y2="high:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=value, strokeDash=dash)
    points = base.mark_point(size=22, filled=True).encode(
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


def trend_chart(data: pd.DataFrame | None = None) -> alt.LayerChart:
    """A metric against a setting that is a number.

    Args:
        data: Columns ``x``, ``group``, ``value``, ``low``, ``high``, ``runs``.
    """
    base = alt.Chart(_data(data)).encode(
        x=alt.X("x:Q", title=None, scale=alt.Scale(zero=False, nice=True)),
        color=_colour("stroke"),
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
    points = base.mark_point(size=45, filled=True).encode(y=value, tooltip=tooltip)
    return alt.LayerChart(
        layer=[bars, lines, points],
        width=WIDTH,
        height=340,
        description="Line chart: a metric against a setting, a colour a group of runs.",
    )


def distribution_chart(data: pd.DataFrame | None = None) -> alt.LayerChart:
    """Where the best neurons of each group of runs lie, layer by layer, side by side.

    Args:
        data: Columns ``block``, ``group`` and ``value`` (share of the top neurons).
    """
    bars = (
        alt.Chart(_data(data))
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y("block:N", title=None, sort=None, scale=alt.Scale(paddingInner=0.25)),
            yOffset=alt.YOffset("group:N"),
            x=alt.X("value:Q", title="Share of the top 10%", axis=alt.Axis(format="%")),
            color=_colour("square"),
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
    """Dev accuracy over the λ grid of every run, as small multiples on one scale.

    Args:
        grids: Rows of ``lambda_grid.csv`` with the ``run`` they belong to.
    """
    cells = grids.assign(
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
            "strength1:N",
            "strength2:N",
            alt.Tooltip("accuracy_dev:Q", format=".2%"),
        ],
    )
    heat = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "accuracy_dev:Q",
            title="Dev accuracy",
            scale=alt.Scale(zero=False),
            legend=alt.Legend(format=".1%", orient="top", gradientLength=200, tickCount=3),
        )
    )
    outline = base.mark_rect(fill="transparent", stroke="#e69f00", strokeWidth=2.5, cornerRadius=2)
    mark = base.mark_text(text="▲", fontSize=9, color="#e69f00")
    layers = alt.layer(
        heat,
        outline.transform_filter("datum.selected"),
        mark.transform_filter("datum.unfinished"),
        data=cells,
    ).properties(width=170, height=24 * len(order2))
    return layers.facet(
        facet=alt.Facet("run:N", title=None, header=alt.Header(labelLimit=220)), columns=3
    ).properties(description="Small multiples: dev accuracy of every run over its λ grid.")


def _colour(symbol: str) -> alt.Color:
    legend = alt.Legend(title=None, orient="top", columns=3, labelLimit=320, symbolType=symbol)
    return alt.Color("group:N", sort=None, legend=legend, scale=_SCALE)


def _data(rows: pd.DataFrame | None) -> pd.DataFrame | alt.NamedData:
    return alt.NamedData(name=ROWS) if rows is None else rows
