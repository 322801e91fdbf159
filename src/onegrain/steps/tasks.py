"""Several tasks probed on the same words of one model: which neurons they share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from onegrain.analysis.overlap import overlap_table
from onegrain.analysis.tasks import task_neurons, task_sets, task_table
from onegrain.data.labelled import LabelledText
from onegrain.probing.baselines import majority_accuracy
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.reporting.run_files import Metric
from onegrain.settings import Settings, TaskSettings
from onegrain.steps.probed import Probed, probe_property
from onegrain.store import Store

log = logging.getLogger(__name__)

EVERY_SHARE = 1.0  # of unknown words: the run's own task has warned of them


def probed_beside(
    settings: Settings,
    recordings: Mapping[str, Path],
    labelled: Mapping[str, LabelledText],
    store: Store,
) -> dict[str, Probed]:
    """Probe further tasks on the recordings of the run's own.

    Args:
        settings: Those of the run: the same grid, and its point chosen in the same way.
        recordings: Where the activations of each split's words lie.
        labelled: The same words with the labels of each further task.
        store: Of finished work.
    """
    found = {}
    for name, corpora in labelled.items():
        log.info("task %s, on the same words", name)
        of_task = replace(settings, task=TaskSettings(name=name, unknown_limit=EVERY_SHARE))
        found[name] = probe_property(of_task, recordings, corpora, store)
    return found


def tables_of_tasks(
    settings: Settings, own: Probed, beside: Mapping[str, Probed]
) -> dict[str, pd.DataFrame]:
    """Return ``tasks``, ``task_neurons`` and ``task_overlap``; none where there is one task only.

    A task's neurons are the first ``analysis.top`` of its probe's ranking (Algorithm 1).
    """
    if not beside:
        return {}
    all_tasks = {own.task.name: own, **beside}
    neurons = own.layout.size
    rankings = {
        name: rank_by_weights(probed.weight, probed.labels, probed.layout, settings.seed)
        for name, probed in all_tasks.items()
    }
    sets = task_sets(rankings, max(1, round(settings.analysis.top * neurons)))
    scores = {name: _scores(settings, probed) for name, probed in all_tasks.items()}
    return {
        "tasks": task_table(scores, sets, neurons),
        "task_neurons": task_neurons(sets, neurons),
        "task_overlap": overlap_table(sets, neurons),
    }


def task_metrics(tables: Mapping[str, pd.DataFrame]) -> dict[str, Metric]:
    """Return the accuracy of each task, and how many of its top neurons are its alone."""
    metrics: dict[str, Metric] = {}
    for row in tables["tasks"].to_dict("records") if "tasks" in tables else ():
        name = f"tasks/{row['task']}"
        metrics[f"{name}/accuracy"] = float(row["accuracy"])
        metrics[f"{name}/majority_accuracy"] = float(row["majority_accuracy"])
        metrics[f"{name}/exclusive_share"] = row["exclusive"] / max(row["neurons"], 1)
    return metrics


def _scores(settings: Settings, probed: Probed) -> tuple[int, float, float]:
    corpora, lowercase = probed.corpora, settings.data.text.lowercase
    majority = majority_accuracy(corpora.train, corpora.test, probed.task.name, lowercase=lowercase)
    return len(probed.labels), float(probed.test.accuracy[0]), float(majority)
