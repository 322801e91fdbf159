"""The story in order: text, a trained model, its activations, a probe, ranked neurons, ablation.

Every stage is a call. Weights & Biases and the run's folder are known here and nowhere below.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from onegrain.activations.activations import Activations
from onegrain.data.corpus import Splits
from onegrain.data.datasets import load_parallel
from onegrain.data.labelled import load_labelled
from onegrain.data.labelled_beside import labelled_beside
from onegrain.models.instances import instance_order
from onegrain.probing.table import lambda_grid_table
from onegrain.ranking.linear_correlation import labels_served
from onegrain.reporting.explorer_data import ExplorerData
from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.page import write_report
from onegrain.reporting.run_files import Metric, write_run_files
from onegrain.reporting.sensitivity_files import LabelNeurons
from onegrain.reporting.tables import summary_table
from onegrain.run_folder import shared_folder
from onegrain.settings import (
    COMPARING,
    LstmModel,
    RecordedModel,
    Settings,
    TransformerModel,
    plain,
)
from onegrain.stages import (
    loaded,
    model_metrics,
    model_text,
    reading,
    recorded,
    recordings_of,
    trained_model,
    unseen_text,
)
from onegrain.steps.ablations import ablation_curves
from onegrain.steps.code_length import code_length_metrics
from onegrain.steps.control import control_metrics
from onegrain.steps.control_translation import (
    controlled_translations,
    translation_control_metrics,
)
from onegrain.steps.explorer import explorer_data
from onegrain.steps.findings import finding_metrics, findings, neuron_columns
from onegrain.steps.judging import judge_metrics, judged
from onegrain.steps.metrics import ablation_metrics, probe_metrics, ranking_metrics
from onegrain.steps.neuron_sets import neuron_sets
from onegrain.steps.probed import Probed, probe_property
from onegrain.steps.rankings import Ranked, ranked, ranking_text
from onegrain.steps.sensitivity import compares_labels, label_sensitivity
from onegrain.steps.tasks import probed_beside, tables_of_tasks, task_metrics
from onegrain.store import Store
from onegrain.tracking.identity import run_id
from onegrain.tracking.runs import TrackedRun, tracked_run

log = logging.getLogger(__name__)


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
    track = _tracking(settings, folder)

    language, splitting = _source_language(settings), settings.data.text.splitting
    has_network = not isinstance(settings.model, RecordedModel)
    data = load_parallel(settings.data) if has_network else Splits.empty(language)
    labelled = load_labelled(settings.task, data, language, settings.seed, splitting)
    further = labelled_beside(
        settings.analysis.tasks,
        *(settings.task, labelled, data, language, settings.seed, splitting),
    )
    data = model_text(settings, data, labelled)
    compared = not COMPARING.isdisjoint(settings.ranking.methods) or compares_labels(settings)
    models = {
        instance: trained_model(settings, data, instance, store, partial(track, job_type="train"))
        for instance in instance_order(settings.model, compared=compared)
        if has_network
    }
    model = models.get(settings.model.instance)
    read = reading(settings, model)
    corpora = labelled.with_each(read)
    with track(job_type="analyze", name=_short_name(settings, overrides)) as tracked:
        tracked.log_used("model", *_trained_here(settings, models))
        recordings = recordings_of(settings, model, corpora, store)
        probed = probe_property(settings, recordings, corpora, store)
        beside = control_metrics(settings, probed, store)
        beside |= code_length_metrics(settings, probed, store)

        text = read(ranking_text(settings, data, labelled.train))
        texts = {n: recorded(settings, models[n], text, store) for n in sorted(models)}
        on_text = {number: Activations.open(place) for number, place in texts.items()} or {
            settings.model.instance: Activations.open(recordings["train"])
        }
        tracked.log_made("activations", *{*recordings.values(), *texts.values()})
        own = on_text[settings.model.instance]
        of_labels = label_sensitivity(settings, models, probed, store)
        ranking = ranked(settings, probed.labelled, on_text, of_labels.ranking)
        studied = loaded(settings, model)
        unseen = unseen_text(settings, studied, data, labelled)
        curves = ablation_curves(settings, ranking, probed, studied, unseen, own)
        sets = neuron_sets(settings, probed, own)
        judges = judged(settings, ranking, probed)
        translations = controlled_translations(settings, data, corpora, models, studied, store)
        of_tasks = {name: text.with_each(read) for name, text in further.items()}
        others = probed_beside(settings, recordings, of_tasks, store)
        shared = tables_of_tasks(settings, probed, others)
        meaning = findings(settings, ranking, probed, Activations.open(probed.recordings["train"]))
        meaning = replace(meaning, **shared)
        explorer = explorer_data(
            settings,
            probed.weight,
            probed.labels,
            Activations.open(probed.recordings["test"]),
            corpora.test,
        )
        metrics = model_metrics(settings, data, model, store)
        metrics |= probe_metrics(settings, probed) | beside | ranking_metrics(ranking)
        metrics |= ablation_metrics(settings, curves) | sets.metrics | judge_metrics(judges)
        metrics |= of_labels.metrics
        metrics |= finding_metrics(meaning, probed.task.name) | task_metrics(shared)
        metrics |= translation_control_metrics(translations)
        metrics["run/seconds"] = time.perf_counter() - began
        tables = {
            "neurons": _neuron_table(settings, ranking, probed, meaning),
            "lambda_grid": lambda_grid_table(probed.probe, probed.dev, probed.test, probed.point),
            "agreement": ranking.agreement,
            "minimal": sets.minimal,
            "neuron_sets": sets.members,
            "judges": judges,
            "control": translations,
            "label_orders": ranking.label_orders(settings.analysis.top),
        }
        known = (meaning, of_labels.tables, explorer)
        page = _publish(folder, tracked, metrics, curves, tables, *known)

    _show(settings, metrics, curves)
    log.info("done in %.0f s: %s", time.perf_counter() - began, page)
    return metrics


def _tracking(
    settings: Settings, folder: Path
) -> Callable[..., AbstractContextManager[TrackedRun]]:
    """Return what opens the tracked runs of this run, which share what sets it apart."""

    def open_run(*, job_type: str, name: str) -> AbstractContextManager[TrackedRun]:
        return tracked_run(
            settings.tracking,
            config=plain(settings),
            job_type=job_type,
            group=shared_folder(folder).name,
            name=name,
            folder=shared_folder(folder),
            tags=(settings.model.name, settings.task.name),
            identity=run_id(folder, job_type, name),
        )

    return open_run


def _trained_here(settings: Settings, models: Mapping[int, Path]) -> Sequence[Path]:
    """Return the models that are entries of the store."""
    if isinstance(settings.model, TransformerModel) and not settings.tuning.is_on:
        return ()
    epoch = settings.model.epoch if isinstance(settings.model, LstmModel) else None
    return [path if epoch is None else path.parents[1] for path in models.values()]


def _neuron_table(
    settings: Settings, ranking: Ranked, probed: Probed, meaning: Meaning
) -> pd.DataFrame:
    """Return every neuron in every ranking, with all that is known of it."""
    served = labels_served(probed.weight, probed.labels, settings.ranking.share)
    return ranking.to_frame().join(served.join(neuron_columns(meaning)), on="neuron")


def _publish(
    folder: Path,
    tracked: TrackedRun,
    metrics: dict[str, Metric],
    curves: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    meaning: Meaning,
    label_neurons: LabelNeurons,
    explorer: ExplorerData,
) -> Path:
    """Write the run's files and its page, mirror them in the tracked run; return the page."""
    write_run_files(
        folder,
        metrics=metrics,
        curves=curves,
        meaning=meaning,
        label_neurons=label_neurons,
        explorer=explorer,
        **tables,
    )
    page = write_report(folder)
    tracked.log_curves(curves)
    tracked.log_scalars(metrics)
    tracked.log_tables(curves=curves, **tables, **meaning.tables(), **label_neurons.known())
    tracked.log_report(page)
    return page


def _show(settings: Settings, metrics: dict[str, Metric], curves: pd.DataFrame) -> None:
    """Print, of each ranking and target, the curves of the first clamp at the first site."""
    first = curves.groupby(["target", "ranking"])[["clamp", "site"]].transform("first")
    shown = curves[(curves["clamp"] == first["clamp"]) & (curves["site"] == first["site"])]
    Console().print(summary_table(metrics, shown, plain(settings)))
    if len(shown) < len(curves):
        log.info("the table has one site and clamp of each ranking; the page has all")


def _source_language(settings: Settings) -> str:
    return settings.data.pair.split("-")[0]


def _short_name(settings: Settings, overrides: Sequence[str]) -> str:
    chosen = " ".join(override.split(".")[-1] for override in overrides[:4])
    return f"{settings.task.name} {settings.data.pair} {chosen}".strip()
