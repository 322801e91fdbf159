"""The tables of a comparison, as text and the numbers they are sorted by."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from onegrain.reporting.comparison.collecting import FailedJob
from onegrain.reporting.comparison.differences import Differences, short_name
from onegrain.reporting.formatting import measure, percent
from onegrain.reporting.page_tables import Cell, DataTable
from onegrain.reporting.run_files import Metric, RunResults
from onegrain.run_folder import REPORT_FILE

# What stands beside each run, where any has it; comparison/runs.csv has all metrics.
_SHOWN = {
    "train/bleu": "BLEU (dev)",
    "train/test_bleu": "BLEU (test)",
    "train/perplexity": "perplexity (dev)",
    "train/test_perplexity": "perplexity (test)",
    "probe/accuracy": "accuracy",
    "probe/majority_accuracy": "MAJ",
    "probe/selectivity": "selectivity",
    "minimal/neurons": "minimal set",
    "probe/unknown_share": "unknown words",
    "run/seconds": "seconds",
}
_TARGETS = {
    "majority": "MAJ",
    "probe": "probe, all neurons",
    "probe_mask": "masked",
    "probe_retrain": "retrained",
}


def run_table(runs: Sequence[RunResults], differ: Differences, folder: Path) -> DataTable:
    """A row for each run: what sets it apart, its main metrics, its own page."""
    metrics = [name for name in _SHOWN if any(name in run.metrics for run in runs)]
    gaps = sorted({name for run in runs for name in run.metrics if name.endswith("/gap")})[:4]
    keys = list(differ.keys)
    rows = []
    for number, run in enumerate(runs):
        settings = differ.of(number)
        page = os.path.relpath(run.folder / REPORT_FILE, folder)
        rows.append(
            [
                Cell(str(number + 1), number + 1),
                *(_setting(settings[key]) for key in keys),
                *(_metric(name, run.metrics.get(name)) for name in (*metrics, *gaps)),
                Cell(run.name, link=Path(page).as_posix()),
            ]
        )
    short = [name.removeprefix("ablation/") for name in gaps]
    titles = [short_name(key, keys) for key in keys]
    return DataTable(
        id="runs",
        caption="Every run; its own page is the link at its end",
        columns=["run", *titles, *(_SHOWN[name] for name in metrics), *short, "page"],
        numeric=[True, *([False] * len(keys)), *([True] * (len(metrics) + len(gaps))), False],
        rows=rows,
        tall=True,
        filterable=True,
    )


def failed_table(failed: Sequence[FailedJob]) -> DataTable:
    """The jobs that left no results, and the commands that run them again."""
    return DataTable(
        id="failed",
        caption="Jobs that left no results",
        columns=["folder", "what happened", "run it again"],
        numeric=[False] * 3,
        rows=[[Cell(str(job.folder)), Cell(job.reason), Cell(job.command)] for job in failed],
    )


def kept_table(kept: pd.DataFrame, differ: Differences) -> DataTable:
    """What a few neurons of each model keep, averaged over tasks and seeds."""
    keys = [key for key in differ.groups if key != "task.name"]
    by = [*keys, "target", "clamp", "ranking", "fraction"]
    means = (
        kept.groupby(by, sort=False)
        .agg(
            tasks=("task", "nunique"),
            whole=("all", "mean"),
            top=("top", "mean"),
            bottom=("bottom", "mean"),
            difference=("difference", "mean"),
        )
        .reset_index()
    )
    shares = ("fraction", "whole", "top", "bottom", "difference")
    rows = [
        [
            *(_setting(row[key]) for key in keys),
            *(Cell(str(row[name])) for name in ("target", "clamp", "ranking")),
            Cell(percent(row["fraction"]), row["fraction"]),
            Cell(str(row["tasks"]), row["tasks"]),
            *(Cell(percent(row[name]), row[name]) for name in shares[1:]),
        ]
        for row in means.to_dict("records")
    ]
    titles = [short_name(key, keys) for key in keys]
    return DataTable(
        id="kept",
        caption="What the top and the bottom neurons keep, averaged over tasks: their difference "
        "says how far few neurons carry a property",
        columns=[
            *(*titles, "target", "clamp", "ranking", "kept"),
            *("tasks", "all neurons", "top", "bottom", "top − bottom"),
        ],
        numeric=[False] * (len(keys) + 3) + [True] * 6,
        rows=rows,
        tall=True,
        filterable=True,
    )


def overlap_table(shared: pd.DataFrame) -> DataTable:
    """How many of the top neurons two runs share."""
    rows = [
        [
            *(Cell(str(row[name])) for name in ("ranking", "one", "other")),
            Cell(str(row["top"]), row["top"]),
            Cell(str(row["shared"]), row["shared"]),
            Cell(percent(row["overlap"]), row["overlap"]),
            Cell(percent(row["chance"]), row["chance"]),
            Cell(row["neurons"]),
        ]
        for row in shared.to_dict("records")
    ]
    return DataTable(
        id="overlap",
        caption="Top neurons that two runs share, where their neurons are laid out alike. They are "
        "the same neurons only where the model is the same; two models share no more than numbers",
        columns=["ranking", "one", "other", "top", "shared", "overlap", "chance", "neurons"],
        numeric=[False] * 3 + [True] * 4 + [False],
        rows=rows,
        tall=True,
        filterable=True,
    )


def published_table(beside: pd.DataFrame) -> DataTable:
    """Our numbers and the paper's, a row for each."""
    rows = [
        [
            Cell(str(row["table"]), row["table"]),
            Cell(row["model"].upper() or "–"),
            Cell(f"{row['language'].upper()} {row['task']}"),
            Cell(_TARGETS[row["target"]]),
            Cell(f"{row['order']} {percent(row['fraction'])}" if row["order"] else ""),
            Cell(percent(row["ours"]), row["ours"]),
            Cell(percent(row["paper"]), row["paper"]),
            Cell(str(row["runs"]), row["runs"]),
        ]
        for row in beside.to_dict("records")
    ]
    return DataTable(
        id="published",
        caption="Beside Dalvi et al. (AAAI 2019), whose models learned from 2M sentences and whose "
        "labels are others: for orientation",
        columns=["table", "model", "property", "probe", "kept", "ours", "paper", "runs"],
        numeric=[True, False, False, False, False, True, True, True],
        rows=rows,
        tall=True,
        filterable=True,
    )


def _setting(value: object) -> Cell:
    """A setting is sorted as a number where it is one."""
    text = str(value)
    try:
        found = float(text)
    except ValueError:
        return Cell(text)
    return Cell(text, found) if math.isfinite(found) else Cell(text)


def _metric(name: str, value: Metric | None) -> Cell:
    if value is None or isinstance(value, str) or not math.isfinite(value):
        return Cell("–" if value is None or not isinstance(value, str) else value)
    return Cell(measure(name, value), value)
