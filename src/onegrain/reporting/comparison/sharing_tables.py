"""How a comparison shows the neurons that tasks share: a matrix to choose, and lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from onegrain.reporting.axes import label_axis
from onegrain.reporting.comparison.charts import ROWS
from onegrain.reporting.page_tables import Cell, DataTable

LISTED = 50  # neurons of a combination that the page names, at most; the CSV has all
_CELL = 46  # pixels


def sharing_table(neurons: pd.DataFrame) -> DataTable:
    """A row for each combination of tasks that neurons serve; those of one task alone come last.

    Args:
        neurons: `TaskSharing.neurons`.
    """
    by = ["model", "set", "owners", "tasks"]
    combined = neurons.groupby(by, sort=False)["neuron"].agg(list).reset_index()
    rows = [
        [
            *(Cell(str(row[name])) for name in ("model", "set")),
            Cell(str(row["owners"]), row["owners"]),
            Cell(row["tasks"] if row["owners"] > 1 else f"{row['tasks']} alone"),
            Cell(str(len(row["neuron"])), len(row["neuron"])),
            Cell(_listed(row["neuron"])),
        ]
        for row in combined.to_dict("records")
    ]
    return DataTable(
        id="sharing",
        caption="Neurons of one model that several tasks share, and those that serve one task "
        "alone; task_neurons.csv has all, each with its layer and unit",
        columns=["model", "set", "tasks", "which", "neurons", "which neurons"],
        numeric=[False, False, True, False, True, False],
        rows=rows,
        tall=True,
        filterable=True,
        hint="pos alone, a set, a neuron …",
    )


def sharing_rows(overlap: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The overlap matrix of each model, as the chart's rows."""
    columns = ["set", "one", "other", "neurons", "shared", "share", "chance"]
    return {
        str(model): [
            {str(name): value for name, value in row.items()}
            for row in rows[columns].to_dict("records")
        ]
        for model, rows in overlap.groupby("model", sort=False)
    }


def sharing_chart(data: pd.DataFrame | None = None) -> alt.LayerChart:
    """How many of one task's neurons another task has too, as a matrix.

    Args:
        data: `sharing_rows` of one model and set; without it, the page fills it in.
    """
    base = alt.Chart(alt.NamedData(name=ROWS) if data is None else data).encode(
        x=alt.X("other:N", sort=None, title="… that this task has too", axis=label_axis()),
        y=alt.Y("one:N", sort=None, title="Neurons of this task", axis=label_axis()),
        tooltip=[
            alt.Tooltip("one:N"),
            alt.Tooltip("other:N"),
            alt.Tooltip("neurons:Q"),
            alt.Tooltip("shared:Q"),
            alt.Tooltip("share:Q", format=".1%"),
            alt.Tooltip("chance:Q", format=".1%"),
        ],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(
            "share:Q",
            title="Share of its neurons",
            scale=alt.Scale(domain=[0, 1]),
            legend=alt.Legend(format=".0%", orient="top", gradientLength=200, tickCount=3),
        )
    )
    counts = base.mark_text(fontSize=12).encode(
        text="shared:Q",
        color=alt.condition("datum.share > 0.5", alt.value("#ffffff"), alt.value("#1b2530")),
    )
    return alt.LayerChart(
        layer=[cells, counts],
        width={"step": 2 * _CELL},
        height={"step": _CELL},
        description="Heat map: how many neurons every two tasks share.",
    )


def _listed(ids: Sequence[int]) -> str:
    return " ".join(map(str, ids[:LISTED])) + (" …" if len(ids) > LISTED else "")
