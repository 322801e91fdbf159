"""The story in order: text, a trained model, its activations, a probe, ranked neurons, ablation.

Every stage is a call. Weights & Biases and the run's folder are known here and nowhere below.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from rich.console import Console

from onegrain.ablation.curves import gap, probe_mask_curves, value_at
from onegrain.ablation.orders import orders_of
from onegrain.ablation.schedule import PERCENT, neuron_counts
from onegrain.data.corpus import Splits
from onegrain.data.datasets import load_parallel
from onegrain.data.labelled import load_labelled
from onegrain.models.instances import instance_order
from onegrain.neurons import Ranking
from onegrain.probing.baselines import majority_accuracy
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import Scores, score
from onegrain.probing.selection import ablation_scores, select_point
from onegrain.probing.table import lambda_grid_table
from onegrain.ranking.linear_correlation import labels_served, rank_by_weights
from onegrain.reporting.page import write_report
from onegrain.reporting.run_files import Metric, write_run_files
from onegrain.reporting.tables import summary_table
from onegrain.run_folder import shared_folder
from onegrain.settings import Clamp, Settings, plain
from onegrain.stages import (
    ProbingTask,
    fitted_probe,
    model_scores,
    probing_task,
    recorded,
    trained_model,
    training_metrics,
)
from onegrain.store import Store
from onegrain.tracking.runs import tracked_run

log = logging.getLogger(__name__)

SELECTION_SHARE = 0.2  # of neurons kept in the ablation-driven choice of lambda


def run(settings: Settings, folder: Path, overrides: Sequence[str] = ()) -> dict[str, Metric]:
    """Run everything from text to the page, and return the metrics.

    Args:
        settings: All of them.
        folder: The run's own folder, where its files and its page are written.
        overrides: What was chosen on the command line, for the log and the tracked run's name.

    Raises:
        UserError: If something the user gave cannot be right.
    """
    began = time.perf_counter()
    log.info("onegrain: %s -> %s", " ".join(overrides) or "defaults", folder)
    store = Store(Path(settings.store or Path(settings.output_root) / "store"))
    track = partial(
        tracked_run,
        settings.tracking,
        config=plain(settings),
        group=shared_folder(folder).name,
        folder=shared_folder(folder),
    )

    data = load_parallel(settings.data)
    corpora = load_labelled(settings.task, data, _source_language(settings), settings.seed)
    models = [
        trained_model(settings, data, instance, store, partial(track, job_type="train"))
        for instance in instance_order(settings.model)
    ]
    with track(job_type="analyze", name=_short_name(settings, overrides)) as tracked:
        recordings = {
            split: recorded(settings, models[0], getattr(corpora, split), store)
            for split in ("train", "dev", "test")
        }
        task = probing_task(settings.task.name, corpora, recordings)
        probe = fitted_probe(settings, task, recordings["train"], corpora.train, store)
        dev, test = score(probe, task.dev), score(probe, task.test)
        point = _select(settings, probe, task, dev)
        weight = probe.weight[point]
        ranking = rank_by_weights(weight, probe.labels, task.layout, settings.seed)
        curves = _ablate(settings, probe, point, ranking, task)

        served = labels_served(weight, probe.labels, settings.ranking.share)
        neurons = ranking.to_frame().join(served, on="neuron")
        grid = lambda_grid_table(probe, dev, test, point)
        metrics = training_metrics(models[0]) | model_scores(settings, data, models[0], store)
        metrics |= _probe_metrics(probe, point, dev, test, task)
        metrics |= _majority_metrics(settings, corpora)
        metrics |= _ablation_metrics(settings, ranking, curves)
        metrics["run/seconds"] = time.perf_counter() - began
        write_run_files(folder, metrics=metrics, curves=curves, neurons=neurons, lambda_grid=grid)
        page = write_report(folder)
        tracked.log_curves(curves)
        tracked.log_scalars(metrics)
        tracked.log_tables(neurons, grid, curves)
        tracked.log_report(page)

    shown = curves[curves["clamp"] == settings.ablation.clamps[0].value]
    Console().print(summary_table(metrics, shown, settings.ablation.keep))
    log.info("done in %.0f s: %s", time.perf_counter() - began, page)
    return metrics


def _select(settings: Settings, probe: Probe, task: ProbingTask, dev: Scores) -> int:
    chosen = settings.probe
    return select_point(
        probe,
        dev.accuracy,
        chosen.selection,
        delta=chosen.delta,
        ablation_score=lambda: _ablation_scores(settings, probe, task, dev.accuracy),
    )


def _ablation_scores(
    settings: Settings, probe: Probe, task: ProbingTask, accuracy: torch.Tensor
) -> torch.Tensor:
    """Score grid points by what their top and bottom neurons keep on dev (METHODS, section 4)."""
    counts = neuron_counts(task.layout.size, [SELECTION_SHARE])
    kept: dict[str, list[float]] = {"top": [], "bottom": []}
    for weight, bias in zip(probe.weight, probe.bias, strict=True):
        ranking = rank_by_weights(weight, probe.labels, task.layout, settings.seed)
        orders = orders_of(ranking.order, random_orders=0, seed=settings.seed)
        curves = probe_mask_curves(weight, bias, task.dev, orders, counts, bootstrap_samples=1)
        for order, values in kept.items():
            values.append(value_at(curves, order, SELECTION_SHARE))
    free = (probe.grid.lambda1 + probe.grid.lambda2).argmin()
    return ablation_scores(
        torch.tensor(kept["top"]),
        torch.tensor(kept["bottom"]),
        accuracy,
        float(accuracy[free]),
        settings.probe.alpha,
        settings.probe.beta,
    )


def _ablate(
    settings: Settings, probe: Probe, point: int, ranking: Ranking, task: ProbingTask
) -> pd.DataFrame:
    """Draw the ablation curves on the probe, for each value that neurons are clamped to."""
    chosen = settings.ablation
    fractions = PERCENT if chosen.fractions is None else chosen.fractions
    counts = neuron_counts(task.layout.size, [*fractions, *chosen.keep])
    values = {Clamp.zero: None, Clamp.mean: task.train.mean()}
    parts = [
        probe_mask_curves(
            probe.weight[point],
            probe.bias[point],
            task.test,
            orders_of(ranking.order, chosen.random_orders, settings.seed),
            counts,
            values[clamp],
            chosen.bootstrap_samples,
            settings.seed,
        ).assign(clamp=clamp.value)
        for clamp in chosen.clamps
    ]
    return pd.concat(parts, ignore_index=True).assign(
        task=task.name,
        label="",
        instance=settings.model.instance,
        ranking=ranking.method,
        site="",
    )


def _probe_metrics(
    probe: Probe, point: int, dev: Scores, test: Scores, task: ProbingTask
) -> dict[str, Metric]:
    lambda1, lambda2 = (float(f"{value:.6g}") for value in probe.grid.points()[point])
    return {
        "probe/accuracy": float(test.accuracy[point]),
        "probe/accuracy_dev": float(dev.accuracy[point]),
        "probe/accuracy_train": float(probe.train_accuracy[point]),
        "probe/macro_f1": float(test.macro_f1[point]),
        "probe/lambda1": lambda1,
        "probe/lambda2": lambda2,
        "probe/objective": float(probe.objective[point]),
        "probe/residual": float(probe.residual[point]),
        "probe/nonzero": int(probe.nonzero[point]),
        "probe/labels": len(probe.labels),
        "probe/unconverged_points": int((~probe.converged).sum()),
        "probe/unknown_share": task.unknown_share["test"],
        "probe/unknown_share_train": task.unknown_share["train"],
        "probe/unseen_label_words": int((task.test.labels < 0).sum()),
        "probe/words_train": len(task.train),
        "probe/words_test": len(task.test),
    }


def _majority_metrics(settings: Settings, corpora: Splits) -> dict[str, Metric]:
    lowercase = settings.data.text.lowercase
    name = settings.task.name
    return {
        "probe/majority_accuracy": majority_accuracy(
            corpora.train, corpora.test, name, lowercase=lowercase
        )
    }


def _ablation_metrics(
    settings: Settings, ranking: Ranking, curves: pd.DataFrame
) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {f"ranking/{ranking.method}/unranked": ranking.unranked}
    for clamp in settings.ablation.clamps:
        rows = curves[curves["clamp"] == clamp.value]
        where = f"ablation/probe_mask/{ranking.method}"
        suffix = "" if clamp is settings.ablation.clamps[0] else f"_{clamp.value}"
        metrics[f"{where}/gap{suffix}"] = gap(rows)
        for fraction in settings.ablation.keep:
            for order in ("top", "bottom", "random"):
                name = f"{where}/{order}@{fraction:.0%}{suffix}"
                metrics[name] = value_at(rows, order, fraction)
    return metrics


def _source_language(settings: Settings) -> str:
    return settings.data.pair.split("-")[0]


def _short_name(settings: Settings, overrides: Sequence[str]) -> str:
    chosen = " ".join(override.split(".")[-1] for override in overrides[:4])
    return f"{settings.task.name} {settings.data.pair} {chosen}".strip()
