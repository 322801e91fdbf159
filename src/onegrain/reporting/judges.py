"""What the page shows of ``judges.csv``: which ranking to trust."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

from onegrain.reporting.charts import WIDTH, ranking_colours
from onegrain.reporting.formatting import number, percent
from onegrain.reporting.page_tables import Cell, DataTable
from onegrain.reporting.run_files import RunResults

PROBES = ("linear", "gaussian")
_TITLES = {
    "linear": "linear probe",
    "gaussian": "Gaussian probe",
    "average_overlap": "average overlap",
    "neuron_vote": "neuron vote",
}


def judge_table(results: RunResults) -> DataTable | None:
    """Every ranking before every judge, best first by the mean of both probes' accuracies."""
    judges = results.judges
    if judges.empty:
        return None
    table = judges.pivot(index="ranking", columns=["judge", "neurons"], values="value")
    columns = [
        (judge, size)
        for judge in _TITLES
        for size in sorted(judges["neurons"].unique().tolist())
        if (judge, size) in table.columns
    ]
    table = table[columns]
    both = table[[column for column in columns if column[0] in PROBES]].mean(axis=1)
    gaps = {name: _gap_in_model(results, str(name)) for name in table.index}
    shows_gap = any(math.isfinite(gap) for gap in gaps.values())
    by_ranking = table.to_dict("index")
    rows = []
    for name in both.sort_values(ascending=False, kind="stable").index:
        judged = [_cell(judge, by_ranking[name][judge, size]) for judge, size in columns]
        gap = [Cell(number(gaps[name]), gaps[name])] if shows_gap else []
        rows.append([Cell(str(name)), Cell(percent(both[name]), both[name]), *judged, *gap])
    titles = [f"{_TITLES[judge]}, top {number(size)}" for judge, size in columns]
    titles = ["ranking", "both probes, mean", *titles, *(["gap in the model"] if shows_gap else [])]
    return DataTable(
        id="judges",
        caption="Which ranking should I trust? Test accuracy of each kind of probe on the top "
        "neurons alone, and how far the other rankings agree (Jaccard index). A probe prefers the "
        "ranking made with its like: believe what both, and ablation in the model, put first",
        columns=titles,
        numeric=[False] + [True] * (len(titles) - 1),
        rows=rows,
        tall=True,
    )


def judge_chart(judges: pd.DataFrame) -> alt.LayerChart:
    """Accuracy on the top neurons of each ranking: the linear probe solid, the Gaussian dashed."""
    shown = judges[judges["judge"].isin(PROBES)]
    lines = (
        alt.Chart(shown.assign(judge=shown["judge"].map(_TITLES)))
        .mark_line(strokeWidth=2, point=True)
        .encode(
            x=alt.X(
                "neurons:Q",
                title="Top neurons",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(values=sorted(shown["neurons"].unique().tolist()), grid=False),
            ),
            y=alt.Y(
                "value:Q",
                title="Test accuracy",
                axis=alt.Axis(format=".0%"),
                scale=alt.Scale(zero=False),
            ),
            color=alt.Color(
                "ranking:N",
                scale=ranking_colours(shown["ranking"]),
                legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=300),
            ),
            strokeDash=alt.StrokeDash(
                "judge:N",
                scale=alt.Scale(domain=[_TITLES[name] for name in PROBES], range=[[1, 0], [8, 4]]),
                legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
            ),
            tooltip=[
                *("ranking:N", "judge:N", alt.Tooltip("neurons:Q", format=",")),
                alt.Tooltip("value:Q", format=".1%", title="accuracy"),
            ],
        )
    )
    return alt.LayerChart(
        layer=[lines],
        width=WIDTH,
        height=340,
        title=alt.TitleParams(
            "Which ranking should I trust?",
            subtitle="Each kind of probe, fitted anew on the top neurons of each ranking alone.",
        ),
        description=(
            "Line chart: test accuracy against the number of top neurons, a colour for each "
            "ranking, solid for the linear probe and dashed for the Gaussian one."
        ),
    )


def _cell(judge: str, value: float) -> Cell:
    return Cell(percent(value) if judge in PROBES else number(value), value)


def _gap_in_model(results: RunResults, ranking: str) -> float:
    gap = results.metrics.get(f"ablation/model/{ranking}/gap", math.nan)
    return math.nan if isinstance(gap, str) else float(gap)
