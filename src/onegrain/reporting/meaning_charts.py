"""The charts of what neurons mean, each from one table of the run's folder."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt
import pandas as pd

from onegrain.reporting.axes import by, label_axis, places
from onegrain.reporting.charts import COLOURS, GREY, WIDTH, Chart, ranking_colours
from onegrain.reporting.label_charts import (
    label_curves_chart,
    label_neurons_chart,
    label_overlap_chart,
    task_overlap_chart,
    weights_chart,
)
from onegrain.reporting.run_files import RunResults

LABELS_SHOWN = 40  # in a chart, those of the most words; the files have all
CURVES_SHOWN = 16  # of labels, in small multiples
SCORES_SHOWN = 150  # of each ranking, evenly spread over its neurons
DEFAULT_SHARE = 0.25  # of a label's weight mass, where the settings do not say

_PERCENT = alt.Axis(format="%", grid=False)


def meaning_charts(results: RunResults) -> Iterator[tuple[str, Chart]]:
    """The charts that a run has tables for, with the names of their files."""
    meaning = results.meaning
    if not meaning.labels.empty:
        labels, total = _most_frequent(meaning.labels, LABELS_SHOWN), len(meaning.labels)
        share = float(results.settings.get("ranking", {}).get("share", DEFAULT_SHARE))
        yield "label_neurons", label_neurons_chart(labels, share, total)
        yield "label_overlap", label_overlap_chart(meaning.label_overlap, list(labels["label"]))
        yield "label_weights", weights_chart(meaning.weights, labels, share, total)
        of_labels = results.curves[results.curves["label"] != ""]
        if not of_labels.empty:
            few = _most_frequent(labels, CURVES_SHOWN)
            yield "label_curves", label_curves_chart(of_labels, few, total)
    if not meaning.task_overlap.empty:
        yield "task_overlap", task_overlap_chart(meaning.task_overlap)
    if not meaning.encoded.empty:
        yield "encoded", encoded_chart(meaning.encoded)
        ranked = meaning.distribution[meaning.distribution["kind"] == "ranking"]
        yield "layers", layers_chart(ranked, int(meaning.encoded["top"].iloc[0]))


def encoded_chart(encoded: pd.DataFrame) -> alt.LayerChart:
    """What the top neurons of each ranking encode, beside all neurons.

    Args:
        encoded: ``encoded.csv``.
    """
    rankings = list(encoded["ranking"].unique())
    properties = list(encoded["property"].unique())
    table = encoded.round(4).assign(
        row=places(encoded["property"], properties), column=places(encoded["ranking"], rankings)
    )
    apart = alt.Scale(paddingInner=0.3)
    base = alt.Chart(table).encode(
        y=alt.Y("property:N", sort=by("row"), title=None, axis=label_axis(), scale=apart),
        yOffset=alt.YOffset("ranking:N", sort=by("column")),
        tooltip=[
            *("property:N", "ranking:N"),
            alt.Tooltip("share:Q", format=".1%", title="its top neurons"),
            alt.Tooltip("all_neurons:Q", format=".1%", title="all neurons"),
            alt.Tooltip("chance:Q", format=".2%", title="a neuron that knows nothing"),
        ],
    )
    share = alt.X("share:Q", title="Mean share of a neuron's variance explained", axis=_PERCENT)
    stems = base.mark_rule(opacity=0.6).encode(x="all_neurons:Q", x2="share:Q")
    everyone = base.mark_tick(thickness=2, size=10, color=GREY).encode(x="all_neurons:Q")
    colour = alt.Color(
        "ranking:N",
        scale=ranking_colours(rankings),
        legend=alt.Legend(title=None, orient="top", columns=4, symbolSize=90, labelLimit=300),
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x=share, color=colour)
    return alt.LayerChart(
        layer=[stems, everyone, points],
        width=WIDTH,
        height=len(properties) * (11 * len(rankings) + 16),
        title=alt.TitleParams(
            f"What the top {int(encoded['top'].iloc[0])} neurons of each ranking encode",
            subtitle="Grey ticks: the mean over all neurons.",
        ),
        description=(
            "Dot chart: the mean share of the top neurons' variance that each property of words "
            "explains, a colour for each ranking, beside the mean over all neurons."
        ),
    )


def layers_chart(distribution: pd.DataFrame, top: int) -> alt.LayerChart:
    """Where the top neurons of each ranking sit, beside where all neurons do.

    Args:
        distribution: Rows of ``distribution.csv`` for rankings.
        top: How many neurons of each ranking.
    """
    blocks = distribution[["component", "layer", "direction"]].astype(str)
    table = distribution.assign(
        block=blocks.agg(" ".join, axis=1).str.strip(), position=distribution.index
    )
    first = table[table["name"] == table["name"].iloc[0]]
    everyone = first.assign(name="all neurons", share=first["chance"])
    names = ["all neurons", *table["name"].unique()]
    drawn = pd.concat([everyone, table], ignore_index=True).drop(columns="neurons")
    drawn = drawn.assign(row=places(drawn["name"], names))
    domain = list(first["block"])
    bars = (
        alt.Chart(drawn.round(4))
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="Share of the neurons", axis=_PERCENT),
            y=alt.Y("name:N", sort=by("row"), title=None, axis=label_axis()),
            color=alt.Color(
                "block:N",
                scale=alt.Scale(
                    domain=domain, range=[COLOURS[i % len(COLOURS)] for i in range(len(domain))]
                ),
                legend=alt.Legend(title=None, orient="top", columns=4, symbolType="square"),
            ),
            order="position:Q",
            tooltip=[
                alt.Tooltip("name:N", title="top neurons of"),
                *("block:N", alt.Tooltip("share:Q", format=".1%")),
                alt.Tooltip("chance:Q", format=".1%", title="of all neurons"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[bars],
        width=WIDTH,
        height=26 * len(names),
        title=alt.TitleParams(
            f"Where the top {top} neurons of each ranking sit",
            subtitle="By the part of the model, layer and direction.",
        ),
        description=(
            "Stacked bar chart: the share of each ranking's top neurons in every layer and "
            "direction, beside that of all neurons."
        ),
    )


def score_chart(neurons: pd.DataFrame) -> alt.LayerChart:
    """How fast scores fall from the first neuron of a ranking to its last.

    Scores are drawn between the lowest (0) and the highest (1) of their ranking.

    Args:
        neurons: ``neurons.csv``.
    """
    parts = [_scores(rows) for _, rows in neurons.groupby("ranking", sort=False)]
    lines = (
        alt.Chart(pd.concat(parts, ignore_index=True))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("rank:Q", title="Rank", axis=alt.Axis(grid=False), scale=alt.Scale(nice=False)),
            y=alt.Y("normalised:Q", title="Score, normalised"),
            color=alt.Color(
                "ranking:N",
                scale=ranking_colours(neurons["ranking"]),
                legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=300),
            ),
            tooltip=[
                *("ranking:N", alt.Tooltip("rank:Q", format=",")),
                alt.Tooltip("score:Q", format=".4~g"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[lines],
        width=WIDTH,
        height=300,
        title=alt.TitleParams(
            "The scores of each ranking", subtitle="Each from its own lowest to its own highest."
        ),
        description="Line chart: the score of every neuron by its rank, a colour for each ranking.",
    )


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Some of a ranking's scores, its first and its last among them."""
    ranked = rows.sort_values("rank")[["ranking", "rank", "score"]]
    lowest, highest = ranked["score"].min(), ranked["score"].max()
    spread = highest - lowest if highest > lowest else 1.0
    some_ranks = sorted(
        {round(i * (len(ranked) - 1) / SCORES_SHOWN) for i in range(SCORES_SHOWN + 1)}
    )
    some = ranked.iloc[some_ranks]
    return some.assign(normalised=((some["score"] - lowest) / spread).round(4))


def _most_frequent(labels: pd.DataFrame, count: int) -> pd.DataFrame:
    """The labels with the most training words, in the order in which they are given."""
    return labels.loc[labels.index.isin(labels["words_train"].nlargest(count).index)]
