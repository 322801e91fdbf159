"""What a run measured, as flat ``stage/name: number``."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from onegrain.ablation.readings import drop_at, gap, value_at
from onegrain.models.bleu import signature
from onegrain.probing.baselines import majority_accuracy
from onegrain.probing.probe import Probe
from onegrain.reporting.findings import asked_share
from onegrain.reporting.run_files import Metric
from onegrain.run_folder import SELECTION_SCORE
from onegrain.settings import Clamp, Settings, Site, TransformerModel
from onegrain.steps.probed import Probed
from onegrain.steps.rankings import Ranked


def probe_metrics(settings: Settings, probed: Probed) -> dict[str, Metric]:
    """Return how well the chosen probe does, beside the majority baseline."""
    probe, points, task, corpora = probed.probe, probed.compared.probe, probed.task, probed.corpora
    lambda1, lambda2 = probe.grid.points()[0]
    majority = majority_accuracy(
        corpora.train, corpora.test, task.name, lowercase=settings.data.text.lowercase
    )
    return {
        "probe/accuracy": float(probed.test.accuracy[0]),
        "probe/accuracy_dev": float(probed.dev.accuracy[0]),
        "probe/accuracy_train": float(probe.train_accuracy[0]),
        "probe/majority_accuracy": majority,
        "probe/macro_f1": float(probed.test.macro_f1[0]),
        "probe/lambda1": lambda1,
        "probe/lambda2": lambda2,
        SELECTION_SCORE: probed.compared.choice.score,
        "probe/objective": float(probe.objective[0]),
        "probe/residual": float(probe.residual[0]),
        "probe/tolerance": probe.tolerance,
        "probe/nonzero": int(probe.nonzero[0]),
        "probe/labels": len(probe.labels),
        "probe/epochs": _epochs(probe),
        "probe/unconverged_points": int((points.complete & ~points.converged).sum()),
        "probe/points": len(points.grid),
        "probe/point_epochs": _epochs(points),
        "probe/unknown_share": task.unknown_share["test"],
        "probe/unknown_share_train": task.unknown_share["train"],
        "probe/unseen_label_words": int((task.test.labels < 0).sum()),
        "probe/rare_labels": len(corpora.rare.names),
        "probe/rare_words_train": corpora.rare.words["train"],
        "probe/rare_words_test": corpora.rare.words["test"],
        "probe/words_train": len(task.train),
        "probe/words_test": len(task.test),
    }


def _epochs(probe: Probe) -> Metric:
    return math.nan if probe.epochs is None else int(probe.epochs.sum())


def ranking_metrics(ranked: Ranked) -> dict[str, Metric]:
    """Return how many neurons each ranking cannot tell apart, and how far rankings agree."""
    metrics: dict[str, Metric] = {
        f"ranking/{ranking.method}/unranked": ranking.unranked for ranking in ranked.rankings
    }
    few = ranked.agreement[ranked.agreement["top"] == ranked.agreement["top"].min()]
    for row in few[few["kind"] == "rankings"].itertuples():
        metrics[f"ranking/agreement/{row.one}/{row.other}/overlap@{row.top}"] = float(row.overlap)
    between = few[few["kind"] == "instances"].groupby(["ranking", "top"])["overlap"].mean()
    for (ranking, top), overlap in between.items():
        metrics[f"ranking/instances/{ranking}/overlap@{top}"] = float(overlap)
    return metrics


def ablation_metrics(settings: Settings, curves: pd.DataFrame) -> dict[str, Metric]:
    """Return the area between top and bottom of every experiment, and its values at a few points.

    Clamping to zero, inside the model at the recurrence, has plain names; the names of other sites
    and clamps end in theirs, so that a name means the same in every run.
    """
    metrics: dict[str, Metric] = {}
    overall = curves[curves["label"] == ""]
    for (target, ranking), rows in overall.groupby(["target", "ranking"], sort=False):
        for suffix, experiment in _experiments(rows):
            where = f"ablation/{target}/{ranking}"
            if {"top", "bottom"} <= set(experiment["order"]):
                metrics[f"{where}/gap{suffix}"] = gap(experiment)
            kept = (experiment["operation"] == "keep").all()
            shown = settings.ablation.keep if kept else settings.ablation.model.shown
            for fraction in shown:
                for order in experiment["order"].unique():
                    at = asked_share(fraction)
                    value = value_at(experiment, order, fraction)
                    metrics[f"{where}/{order}@{at}{suffix}"] = value
                    if not kept and order == "top":
                        metrics[f"{where}/drop@{at}{suffix}"] = drop_at(experiment, order, fraction)
    if (curves["metric"] == "bleu").any():
        pretrained = isinstance(settings.model, TransformerModel)  # and writes both cases
        lowercase = settings.data.text.lowercase and not pretrained
        metrics["ablation/model/bleu_signature"] = signature(lowercase=lowercase)
    return metrics


def _experiments(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield what each site and clamp adds to names, and its rows."""
    plain = {"", Site.recurrent.value, Clamp.zero.value}
    for (site, clamp), experiment in rows.groupby(["site", "clamp"], sort=False):
        yield "".join(f"_{part}" for part in (site, clamp) if part not in plain), experiment
