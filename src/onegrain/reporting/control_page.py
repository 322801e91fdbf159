"""The page's chart and table of controlled translations."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

from onegrain.reporting.charts import Chart
from onegrain.reporting.formatting import number, percent
from onegrain.reporting.page_tables import Cell, DataTable

_PANEL = 170  # pixels


def control_chart(control: pd.DataFrame) -> Chart:
    """How often translations take the wanted value over beta: a line for each number of neurons.

    Where it is not known what the wanted translations are, how often they change at all.

    Args:
        control: `CONTROL_COLUMNS`, at least one row.
    """
    known = bool(control["success"].notna().any())
    measured = "success" if known else "changed"
    points = control[control["k"] > 0].assign(
        change=control["property"] + ": " + control["present"] + " to " + control["wanted"]
    )
    title = "Translations with the wanted value" if known else "Translations that change"
    base = alt.Chart(points).encode(x=alt.X("beta:Q", title="β"))
    legend = alt.Legend(title="Neurons set", orient="top")
    lines = base.mark_line(strokeWidth=2.25, point=True).encode(
        y=alt.Y(f"{measured}:Q", title=title, axis=alt.Axis(format=".0%"), scale=_SHARES),
        color=alt.Color("k:O", legend=legend),
    )
    bands = base.mark_area(opacity=0.16).encode(
        y=alt.Y("low:Q", scale=_SHARES), y2="high:Q", fill=alt.Fill("k:O", legend=None)
    )
    layers = [bands, lines] if known else [lines]
    panels = alt.LayerChart(layer=[layer.properties(width=_PANEL, height=110) for layer in layers])
    chart: alt.FacetChart = panels.facet(
        data=points,
        row=alt.Row("change:N", title=None, sort=None),
        column=alt.Column("ranking:N", title=None, sort=None),
    ).properties(
        title="Controlled translations",
        description=f"Line charts: {title.lower()} over beta, for each ranking and number of "
        "neurons that are set.",
    )
    return chart


def control_tables(control: pd.DataFrame) -> list[DataTable]:
    """The best beta of every ranking and number of neurons, beside no control."""
    if control.empty:
        return []
    measured = "success" if control["success"].notna().any() else "changed"
    keys = ["property", "wanted", "ranking", "k"]
    best = control.loc[control.groupby(keys, sort=False)[measured].idxmax()]
    shares = ["success", "low", "high", "exact", "unchanged_elsewhere", "changed"]
    rows = [
        [
            Cell(f"{row['property']}: {row['present']} to {row['wanted']}"),
            Cell(row["ranking"]),
            Cell(number(row["k"]), row["k"]),
            Cell(number(row["beta"]), row["beta"]),
            *(_share(row[name]) for name in shares),
            Cell(number(row["bleu"]), row["bleu"]),
            Cell(number(row["sentences"]), row["sentences"]),
        ]
        for row in best.to_dict("records")
    ]
    table = DataTable(
        id="controlled-translations",
        caption="Controlled translations: the best β on these sentences. Success: the words that "
        "translate the controlled ones have the wanted form. Exact: the whole sentence is the "
        "wanted one. Rest kept: all other words are. BLEU is against the reference of the "
        "sentence as it is, or where there is none against the model's own translation",
        columns=[
            *("change", "ranking", "neurons", "β", "success", "from", "to"),
            *("exact", "rest kept", "changed", "BLEU", "sentences"),
        ],
        numeric=[False, False] + [True] * 10,
        rows=rows,
        tall=True,
    )
    return [table]


_SHARES = alt.Scale(domain=[0, 1])


def _share(value: float) -> Cell:
    return Cell("") if math.isnan(value) else Cell(percent(value), value)
