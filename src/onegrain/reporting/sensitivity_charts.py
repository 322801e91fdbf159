"""The charts of which neurons each label lives by (Xin, Lin & Yu, EMNLP 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt
import pandas as pd

from onegrain.reporting.axes import by, label_axis, places
from onegrain.reporting.charts import GREY, WIDTH, Chart
from onegrain.reporting.run_files import RunResults

LABELS_SHOWN = 40  # those of the most test words; the files have all
CURVES_SHOWN = 16  # labels whose neurons are dropped, in small multiples
NEURONS_SHOWN = 60  # those that some label owes most to
DEFAULT_SHOWN = 0.2  # of neurons dropped, where the settings do not say

_SIGNED = alt.Scale(scheme="redblue", domainMid=0)
_LOST = "#d55e00"


def sensitivity_charts(results: RunResults) -> Iterator[tuple[str, Chart]]:
    """The charts that a run has tables for, with the names of their files."""
    tables = results.label_neurons
    if not tables.sensitivity.empty:
        yield "sensitivity", sensitivity_chart(tables.sensitivity)
    if not tables.label_ablation.empty:
        labels = _most_frequent(tables.label_ablation)
        ablation = results.settings.get("ablation", {})
        shown = float(ablation.get("label", {}).get("shown", DEFAULT_SHOWN))
        yield "label_ablation", label_ablation_chart(tables.label_ablation, labels, shown)
        few = labels[:CURVES_SHOWN]
        yield "label_ablation_curves", label_ablation_curves_chart(tables.label_ablation, few)
    if not tables.label_correlations.empty:
        yield "label_correlations", label_correlations_chart(tables.label_correlations)


def sensitivity_chart(sensitivity: pd.DataFrame) -> alt.LayerChart:
    """What each label's logit owes to each neuron.

    Args:
        sensitivity: ``sensitivity.csv``.
    """
    largest = sensitivity.groupby("neuron")["sensitivity"].max()
    neurons = list(largest.nlargest(NEURONS_SHOWN).index)
    labels = list(sensitivity["label"].unique())[:LABELS_SHOWN]
    shown = sensitivity[sensitivity["neuron"].isin(neurons) & sensitivity["label"].isin(labels)]
    cells = shown.round({"sensitivity": 4}).assign(
        row=places(shown["label"], labels),
        column=shown["neuron"].map({neuron: place for place, neuron in enumerate(neurons)}),
    )
    heat = (
        alt.Chart(cells)
        .mark_rect()
        .encode(
            x=alt.X("neuron:N", title="Neuron", sort=by("column"), axis=label_axis(angle=-90)),
            y=alt.Y("label:N", title=None, sort=by("row"), axis=label_axis()),
            color=alt.Color("sensitivity:Q", title="Sensitivity", scale=_SIGNED, legend=_LEGEND),
            tooltip=[
                *("label:N", "neuron:N"),
                alt.Tooltip("sensitivity:Q", format="+.3f"),
                alt.Tooltip("rank:Q", format=",", title="rank for the label"),
            ],
        )
    )
    some = f"the {len(neurons)} largest of {len(largest)}" if len(neurons) < len(largest) else "all"
    return alt.LayerChart(
        layer=[heat],
        width=WIDTH,
        height=20 * len(labels),
        title=alt.TitleParams(
            "What each label's logit owes to a neuron on its words, beyond others",
            subtitle=f"Neurons by their largest sensitivity to any label: {some}.",
        ),
        description=(
            "Heat map: the sensitivity of each label to neurons, those of the largest first."
        ),
    )


def label_ablation_chart(
    ablation: pd.DataFrame, labels: Sequence[str], fraction: float
) -> alt.LayerChart:
    """How the recall of every label changes without the neurons of each.

    Args:
        ablation: ``label_ablation.csv``.
        labels: Those to be drawn, in this order.
        fraction: Of neurons dropped, of which the nearest that was measured is drawn.
    """
    nearest = (ablation["fraction"] - fraction).abs()
    cells = ablation[(nearest == nearest.min()) & ablation["target"].isin(labels)]
    cells = cells[cells["label"].isin(labels) & cells["change"].notna()].round(4)
    cells = cells.assign(row=places(cells["target"], labels), column=places(cells["label"], labels))
    places_of = {
        "x": alt.X("label:N", title="recall of", sort=by("column"), axis=label_axis(angle=-90)),
        "y": alt.Y("target:N", title="Without the neurons of", sort=by("row"), axis=label_axis()),
    }
    heat = (
        alt.Chart(cells)
        .mark_rect()
        .encode(
            **places_of,
            color=alt.Color(
                "change:Q", title="Change of recall", scale=_SIGNED, legend=_PERCENT_LEGEND
            ),
            tooltip=[
                alt.Tooltip("target:N", title="without the neurons of"),
                alt.Tooltip("label:N", title="recall of"),
                alt.Tooltip("recall:Q", format=".1%"),
                alt.Tooltip("change:Q", format="+.1%"),
                alt.Tooltip("low:Q", format="+.1%", title="95% from"),
                alt.Tooltip("high:Q", format="+.1%", title="to"),
                alt.Tooltip("words:Q", format=","),
            ],
        )
    )
    own = alt.Chart(cells[cells["row"] == cells["column"]])
    frame = own.mark_rect(filled=False, stroke=GREY, strokeWidth=1.5).encode(**places_of)
    return alt.LayerChart(
        layer=[heat, frame],
        width=WIDTH,
        height=20 * len(labels),
        title=alt.TitleParams(
            f"Recall without the {int(cells['neurons'].max())} neurons of each label",
            subtitle="Framed: the label whose neurons are dropped.",
        ),
        description=(
            "Heat map: the change of each label's recall when the most sensitive neurons of every "
            "label are dropped."
        ),
    )


def label_ablation_curves_chart(ablation: pd.DataFrame, labels: Sequence[str]) -> alt.FacetChart:
    """The recall of every label by how many neurons of one are dropped, in small multiples.

    Args:
        ablation: ``label_ablation.csv``.
        labels: Whose neurons are dropped, in this order.
    """
    rows = ablation[ablation["target"].isin(labels) & ablation["recall"].notna()]
    rows = rows[["target", "label", "neurons", "fraction", "recall"]].round(4)
    whose = (rows["target"] == rows["label"]).map({True: "its own recall", False: "other labels"})
    table = rows.assign(place=places(rows["target"], labels), whose=whose)
    kinds = ["its own recall", "other labels"]
    lines = (
        alt.Chart(table)
        .mark_line()
        .encode(
            x=alt.X("fraction:Q", title=None, axis=alt.Axis(format="%", tickCount=3, grid=False)),
            y=alt.Y("recall:Q", title=None, axis=alt.Axis(format="%", tickCount=3)),
            color=alt.Color(
                "whose:N",
                scale=alt.Scale(domain=kinds, range=[_LOST, GREY]),
                legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=900),
            ),
            strokeWidth=alt.StrokeWidth(
                "whose:N", scale=alt.Scale(domain=kinds, range=[3, 1]), legend=None
            ),
            detail="label:N",
            tooltip=[
                alt.Tooltip("target:N", title="without the neurons of"),
                alt.Tooltip("label:N", title="recall of"),
                alt.Tooltip("neurons:Q", title="dropped"),
                alt.Tooltip("recall:Q", format=".1%"),
            ],
        )
        .properties(width=128, height=90)
    )
    chart: alt.FacetChart = lines.facet(
        facet=alt.Facet("target:N", sort=by("place"), title=None),
        columns=4,
        title=alt.TitleParams(
            "Recall by the share of a label's neurons dropped",
            subtitle="One chart for each label whose neurons are dropped, a line for each label.",
        ),
    ).properties(
        description=(
            "Small line charts, one for each label whose neurons are dropped: the recall of every "
            "label against the share of neurons dropped."
        )
    )
    return chart


def label_correlations_chart(correlations: pd.DataFrame) -> alt.FacetChart:
    """How labels correlate over the neurons of each instance.

    Args:
        correlations: ``label_correlations.csv``.
    """
    labels = list(correlations["one"].unique())[:LABELS_SHOWN]
    shown = correlations[correlations["one"].isin(labels) & correlations["other"].isin(labels)]
    cells = shown.assign(
        row=places(shown["one"], labels),
        column=places(shown["other"], labels),
        model="instance " + shown["instance"].astype(str),
    )
    size = max(20 * len(labels), 160) if len(labels) <= 12 else 240
    heat = (
        alt.Chart(cells.round({"correlation": 3}))
        .mark_rect()
        .encode(
            x=alt.X("other:N", title=None, sort=by("column"), axis=label_axis(angle=-90)),
            y=alt.Y("one:N", title=None, sort=by("row"), axis=label_axis()),
            color=alt.Color(
                "correlation:Q",
                title="Correlation",
                scale=alt.Scale(scheme="redblue", domain=[-1, 1]),
                legend=_LEGEND,
            ),
            tooltip=["model:N", "one:N", "other:N", alt.Tooltip("correlation:Q", format="+.2f")],
        )
        .properties(width=size, height=size)
    )
    chart: alt.FacetChart = heat.facet(
        facet=alt.Facet("model:N", sort=by("instance"), title=None),
        columns=3,
        title=alt.TitleParams(
            "Which labels live by the same neurons, in each instance",
            subtitle="Correlation of the sensitivities to two labels over all neurons.",
        ),
    ).properties(
        description=(
            "Heat maps, one for each instance of the model: how the sensitivities to every two "
            "labels correlate over its neurons."
        )
    )
    return chart


_LEGEND = alt.Legend(orient="top", gradientLength=200, tickCount=5)
_PERCENT_LEGEND = alt.Legend(orient="top", gradientLength=200, tickCount=5, format="+%")


def _most_frequent(ablation: pd.DataFrame) -> list[str]:
    """The labels with the most test words, in the order in which they are given."""
    words = ablation.drop_duplicates("label").set_index("label")["words"]
    chosen = words[words > 0].nlargest(LABELS_SHOWN).index
    return [label for label in words.index if label in chosen]
