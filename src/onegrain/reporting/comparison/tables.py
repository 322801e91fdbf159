"""The tables of a comparison, as text and the numbers they are sorted by."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from onegrain.reporting.comparison.collecting import FailedJob
from onegrain.reporting.comparison.differences import Differences, short_name
from onegrain.reporting.findings import asked_share
from onegrain.reporting.formatting import measure, percent
from onegrain.reporting.page_tables import Cell, DataTable
from onegrain.reporting.run_files import Metric, RunResults
from onegrain.run_folder import REPORT_FILE

# What stands beside each run, where any has it; comparison/runs.csv has all metrics.
_SHOWN = {
    "train/bleu": "BLEU (dev)",
    "train/test_bleu": "BLEU (test)",
    "train/tagging_accuracy": "words labelled",
    "train/sentence_accuracy": "sentences labelled",
    "train/entity_f1": "entity F1",
    "train/perplexity": "perplexity (dev)",
    "train/test_perplexity": "perplexity (test)",
    "probe/accuracy": "accuracy",
    "probe/majority_accuracy": "MAJ",
    "probe/selectivity": "selectivity",
    "minimal/neurons": "minimal set",
    "probe/unknown_share": "unknown words",
    "run/seconds": "seconds",
}
_TARGETS = {"probe_mask": "masked", "probe_retrain": "retrained", "prune": "pruned"}
SHARED_SHOWN = 30  # neurons of a list; comparison/overlap.csv has all


def run_table(runs: Sequence[RunResults], differ: Differences, folder: Path) -> DataTable:
    """A row for each run: what sets it apart, its main metrics, its own page."""
    metrics = [name for name in _SHOWN if any(name in run.metrics for run in runs)]
    gaps = sorted({name for run in runs for name in run.metrics if name.endswith("/gap")})[:4]
    keys = list(differ.telling)
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
        tall=True,  # its filter, which the charts follow, stands above them
        hint="model=nmt, a task, a folder …",
    )


def failed_table(failed: Sequence[FailedJob]) -> DataTable:
    """The jobs that left no results, and the commands that run them again."""
    return DataTable(
        id="failed",
        caption="Jobs that left no results",
        columns=["folder", "state", "what its log says last", "run it again"],
        numeric=[False] * 4,
        rows=[
            [
                Cell(str(job.folder)),
                Cell("unfinished" if job.unfinished else "failed"),
                *(Cell(job.reason), Cell(job.command)),
            ]
            for job in failed
        ],
    )


def kept_table(kept: pd.DataFrame, differ: Differences) -> DataTable:
    """What a few neurons of each model keep, averaged over seeds and then over tasks."""
    keys = [key for key in differ.groups if not key.startswith("task.")]
    by = [*keys, "target", "clamp", "ranking", "fraction"]
    numbers = ["all", "top", "bottom", "difference"]
    of_tasks = kept.groupby([*by, "task"], sort=False)[numbers].mean().reset_index()
    grouped = of_tasks.groupby(by, sort=False)
    means = grouped[numbers].mean().assign(tasks=grouped["task"].nunique()).reset_index()
    retrained_first = means["target"].ne("probe_retrain")
    means = means.iloc[retrained_first.argsort(kind="stable")]
    rows = [
        [
            *(_setting(row[key]) for key in keys),
            Cell(row["ranking"]),
            Cell(
                ", ".join(filter(None, (_TARGETS.get(row["target"], row["target"]), row["clamp"])))
            ),
            *(
                Cell(str(row["tasks"]), row["tasks"]),
                Cell(asked_share(row["fraction"]), row["fraction"]),
            ),
            *(
                Cell(percent(row[name]), row[name])
                for name in ("difference", "top", "bottom", "all")
            ),
        ]
        for row in means.to_dict("records")
    ]
    titles = [short_name(key, keys) for key in keys]
    return DataTable(
        id="kept",
        caption="What the top and the bottom neurons keep, averaged over tasks: their difference "
        "says how far few neurons carry a property",
        columns=[
            *(*titles, "ranking", "probe", "tasks", "kept"),
            *("top − bottom", "top", "bottom", "all neurons"),
        ],
        numeric=[False] * (len(keys) + 2) + [True] * 6,
        rows=rows,
        tall=True,
        filterable=True,
        hint="retrained 10% …",
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
            *(_list(row[name]) for name in ("neurons", "only_one", "only_other")),
        ]
        for row in shared.to_dict("records")
    ]
    return DataTable(
        id="overlap",
        caption="Top neurons that two runs share, where their neurons are laid out alike. They are "
        "the same neurons only where the model is the same; two models share no more than numbers",
        columns=[
            *("ranking", "one", "other", "top", "shared", "overlap", "chance"),
            *("shared neurons", "only in one", "only in the other"),
        ],
        numeric=[False] * 3 + [True] * 4 + [False] * 3,
        rows=rows,
        tall=True,
        filterable=True,
        hint="a ranking, task=pos, a neuron …",
    )


def _list(neurons: str) -> Cell:
    ids = neurons.split()
    more = f" … ({len(ids)} in all)" if len(ids) > SHARED_SHOWN else ""
    return Cell(" ".join(ids[:SHARED_SHOWN]) + more)


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
