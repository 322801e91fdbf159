"""The charts of labels: the neurons that serve them, share them, and the weights they are in."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from onegrain.reporting.axes import by, label_axis, places
from onegrain.reporting.charts import COLOURS, DASHES, GREY, WIDTH
from onegrain.reporting.findings import ORDERS

_CLASSES = {"open": COLOURS[0], "closed": COLOURS[1], "other": GREY}


def label_neurons_chart(labels: pd.DataFrame, share: float, total: int) -> alt.LayerChart:
    """How many neurons hold a share of each label's weight mass (AAAI 2019, Figure 6).

    Args:
        labels: Rows of ``labels.csv``, in the order to be drawn.
        share: Of the mass.
        total: How many labels there are.
    """
    colour = _class_colour(labels, "square")
    placed = labels.assign(place=range(len(labels)))
    base = alt.Chart(placed).encode(
        y=alt.Y("label:N", sort=by("place"), title=None, axis=label_axis()),
        tooltip=[
            *("label:N", alt.Tooltip("word_class:N", title="word class")),
            alt.Tooltip("neurons:Q", format=","),
            alt.Tooltip("exclusive:Q", format=",", title="for no other label"),
            alt.Tooltip("words_train:Q", format=",", title="training words"),
            alt.Tooltip("accuracy:Q", format=".1%", title="test accuracy"),
        ],
    )
    whole = alt.Axis(format=",d", tickMinStep=1)
    neurons = alt.X("neurons:Q", title="Neurons", axis=whole)
    bars = base.mark_bar(opacity=0.45).encode(x=neurons, color=colour)
    alone = base.mark_bar().encode(x="exclusive:Q", color=colour)
    return alt.LayerChart(
        layer=[bars, alone],
        width=WIDTH,
        height=20 * len(labels),
        title=alt.TitleParams(
            f"Neurons that hold {100 * share:g}% of each label's weights",
            subtitle="Dark: neurons that serve no other label." + _note(labels, total),
        ),
        description=(
            f"Bar chart: for each label the number of neurons that together hold {100 * share:g}% "
            "of its absolute weights, coloured by open and closed word classes."
        ),
    )


def label_overlap_chart(overlap: pd.DataFrame, labels: Sequence[str]) -> alt.LayerChart:
    """How many of the neurons of each label every other label shares.

    Args:
        overlap: ``label_overlap.csv``.
        labels: Those to be drawn, in this order.
    """
    title = alt.TitleParams(
        "Neurons that labels share",
        subtitle="Of the neurons of a row's label, the share that serves the column's too.",
    )
    return _overlap_chart(overlap, labels, title, "label", step=20)


def task_overlap_chart(overlap: pd.DataFrame) -> alt.LayerChart:
    """How many of the top neurons of each task every other task shares.

    Args:
        overlap: ``task_overlap.csv``.
    """
    title = alt.TitleParams(
        "Neurons that tasks share",
        subtitle="Of the top neurons of a row's task, the share at the top of the column's too.",
    )
    return _overlap_chart(overlap, list(overlap["one"].unique()), title, "task", step=32)


def weights_chart(
    weights: pd.DataFrame, labels: pd.DataFrame, share: float, total: int
) -> alt.LayerChart:
    """How much of a label's weight mass its largest weights hold.

    Args:
        weights: ``weights.csv``.
        labels: Rows of ``labels.csv``: the labels to be drawn.
        share: Of the mass, at which a label's neurons are counted.
        total: How many labels there are.
    """
    classes = labels[["label", "word_class"]]
    table = weights.round({"mass": 4, "weight": 6}).merge(classes, on="label")
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=1.5, opacity=0.8)
        .encode(
            x=alt.X(
                "rank:Q",
                title="How many of its largest weights",
                scale=alt.Scale(type="log", nice=False),
            ),
            y=alt.Y("mass:Q", title="Share of the label's weights", axis=alt.Axis(format="%")),
            color=_class_colour(labels, "stroke"),
            detail="label:N",
            tooltip=[
                *("label:N", alt.Tooltip("rank:Q", format=",", title="weights")),
                alt.Tooltip("mass:Q", format=".1%", title="hold"),
                alt.Tooltip("weight:Q", format=".3~g", title="the last one's size"),
            ],
        )
    )
    rule = alt.Chart(pd.DataFrame({"share": [share]})).mark_rule(strokeDash=[4, 2])
    return alt.LayerChart(
        layer=[lines, rule.encode(y="share:Q")],
        width=WIDTH,
        height=300,
        title=alt.TitleParams(
            "How a label's weights are spread over neurons",
            subtitle=f"One line for each label; the rule is at {100 * share:g}%."
            + _note(labels, total),
        ),
        description=(
            "Line chart: for each label the share of its absolute weights that its largest ones "
            "hold, by their number."
        ),
    )


def label_curves_chart(curves: pd.DataFrame, labels: pd.DataFrame, total: int) -> alt.FacetChart:
    """Accuracy on each label with few neurons kept, in small multiples, for the first ranking.

    Args:
        curves: Rows of ``curves.csv`` with a label.
        labels: Rows of ``labels.csv``: the labels to be drawn, in this order.
        total: How many labels there are.
    """
    first = curves.iloc[0]
    rows = curves[(curves["ranking"] == first["ranking"]) & (curves["clamp"] == first["clamp"])]
    columns = ["label", "order", "neurons", "fraction", "value"]
    placed = labels[["label", "word_class"]].assign(place=range(len(labels)))
    table = rows[columns].round(4).merge(placed, on="label")
    ends = [order for order in ORDERS if order in set(table["order"])]
    dashes = [list(DASHES[ORDERS.index(order)]) for order in ends]
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("fraction:Q", title=None, axis=alt.Axis(format="%", tickCount=3, grid=False)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(format="%", tickCount=3)),
            color=_class_colour(labels, "stroke"),
            strokeDash=alt.StrokeDash(
                "order:N",
                scale=alt.Scale(domain=ends, range=dashes),
                legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=900),
            ),
            tooltip=[
                *("label:N", "order:N"),
                alt.Tooltip("fraction:Q", format=".0%", title="kept"),
                alt.Tooltip("value:Q", format=".1%", title="accuracy"),
            ],
        )
        .properties(width=128, height=90)
    )
    chart: alt.FacetChart = lines.facet(
        facet=alt.Facet("label:N", sort=by("place"), title=None),
        columns=4,
        title=alt.TitleParams(
            f"Accuracy on each label by share of neurons kept, ranked by {first['ranking']}",
            subtitle=f"All other neurons are clamped to {first['clamp']}." + _note(labels, total),
        ),
    ).properties(
        description=(
            "Small line charts, one for each label: accuracy on its words against the share of "
            "neurons kept, from the top and from the bottom of the ranking."
        )
    )
    return chart


def _overlap_chart(
    overlap: pd.DataFrame, names: Sequence[str], title: alt.TitleParams, kind: str, step: int
) -> alt.LayerChart:
    """A heat map of the shares of neurons that rows have in common with columns."""
    shown = overlap[overlap["one"].isin(names) & overlap["other"].isin(names)]
    cells = shown[["one", "other", "shared", "share", "chance"]].round(4)
    cells = cells.assign(row=places(cells["one"], names), column=places(cells["other"], names))
    scale = alt.Scale(paddingInner=0.05)
    across, down = label_axis(angle=-90), label_axis()
    heat = (
        alt.Chart(cells)
        .mark_rect()
        .encode(
            x=alt.X("other:N", title="also serve", sort=by("column"), axis=across, scale=scale),
            y=alt.Y("one:N", title="Neurons of", sort=by("row"), axis=down, scale=scale),
            color=alt.Color(
                "share:Q",
                title="Share",
                scale=alt.Scale(domain=[0, 1]),
                legend=alt.Legend(format="%", orient="top", gradientLength=200, tickCount=3),
            ),
            tooltip=[
                alt.Tooltip("one:N", title="of the neurons of"),
                alt.Tooltip("other:N", title="also serve"),
                alt.Tooltip("shared:Q", format=",", title="neurons"),
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("chance:Q", format=".1%", title="at random"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[heat],
        width=WIDTH,
        height=step * len(names),
        title=title,
        description=f"Heat map: the share of each {kind}'s neurons that every other {kind} shares.",
    )


def _note(labels: pd.DataFrame, total: int) -> str:
    """What a subtitle says where labels are left out."""
    return (
        f" The {len(labels)} of {total} labels with the most words." if len(labels) < total else ""
    )


def _class_colour(labels: pd.DataFrame, symbol: str) -> alt.Color:
    """Colour by word class; one colour and no legend where labels have none."""
    present = [name for name in _CLASSES if (labels["word_class"] == name).any()]
    if not present:
        return alt.Color("word_class:N", scale=alt.Scale(range=[COLOURS[0]]), legend=None)
    scale = alt.Scale(domain=present, range=[_CLASSES[name] for name in present])
    size = 500 if symbol == "stroke" else 140
    legend = alt.Legend(title=None, orient="top", symbolType=symbol, symbolSize=size)
    return alt.Color("word_class:N", scale=scale, legend=legend)
