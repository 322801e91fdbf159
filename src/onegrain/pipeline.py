"""The story in order: text, a trained model, its activations, a probe, ranked neurons, ablation.

Every stage is a call. Weights & Biases and the run's folder are known here and nowhere below.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from onegrain.ablation.summaries import not_kept
from onegrain.activations.activations import Activations
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.datasets import labelled_part
from onegrain.data.labelled import LabelledText, load_labelled
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
    OpenRun,
    kept_summaries,
    loaded,
    model_metrics,
    model_text,
    parallel_text,
    reading,
    recorded,
    recordings_of,
    trained_models,
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
from onegrain.steps.probed import Compared, Probed, probe_property
from onegrain.steps.rankings import Ranked, ranked, ranking_text
from onegrain.steps.sensitivity import compares_labels, label_sensitivity
from onegrain.steps.tasks import probed_beside, tables_of_tasks, task_metrics
from onegrain.store import Store
from onegrain.tracking.identity import run_id
from onegrain.tracking.runs import TrackedRun, tracked_run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Texts:
    """What is read: the model's text, the labelled one, and further labels of the same words."""

    data: Splits
    labelled: LabelledText
    beside: Mapping[str, LabelledText]


@dataclass(frozen=True)
class _Found:
    """What an analysis has to show, as it goes into the run's files."""

    metrics: dict[str, Metric]
    curves: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    meaning: Meaning
    label_neurons: LabelNeurons
    explorer: ExplorerData


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
    track = _Tracking(settings, folder)

    texts = _read(settings, store)
    models = _train(settings, texts.data, store, partial(track, job_type="train"))
    with track(job_type="analyze", name=_short_name(settings, overrides)) as tracked:
        tracked.log_used("model", *_trained_here(settings, models))
        found = _analyse(settings, texts, models, store, tracked)
        found.metrics["run/seconds"] = time.perf_counter() - began
        page = _publish(folder, store, tracked, found)

    _show(settings, found.metrics, found.curves)
    log.info("done in %.0f s: %s", time.perf_counter() - began, page)
    return found.metrics


def _read(settings: Settings, store: Store) -> _Texts:
    language, splitting = settings.data.pair.split("-")[0], settings.data.text.splitting
    has_network = not isinstance(settings.model, RecordedModel)
    data = parallel_text(settings.data, store) if has_network else Splits.empty(language)
    how = (labelled_part(settings.data, data), language, settings.seed, splitting)
    labelled = load_labelled(settings.task, *how)
    beside = labelled_beside(settings.analysis.tasks, settings.task, labelled, *how)
    return _Texts(model_text(settings, data, labelled), labelled, beside)


def _train(settings: Settings, data: Splits, store: Store, open_run: OpenRun) -> dict[int, Path]:
    """Return the folders of the models, by the number of their instance; none of recorded ones."""
    if isinstance(settings.model, RecordedModel):
        return {}
    compared = not COMPARING.isdisjoint(settings.ranking.methods) or compares_labels(settings)
    instances = instance_order(settings.model, compared=compared)
    return trained_models(settings, data, instances, store, open_run)


def _analyse(
    settings: Settings,
    texts: _Texts,
    models: Mapping[int, Path],
    store: Store,
    tracked: TrackedRun,
) -> _Found:
    """Record, probe, rank neurons, take them away, and say what they mean."""
    data, model = texts.data, models.get(settings.model.instance)
    read = reading(settings, model)
    corpora = texts.labelled.with_each(read)
    recordings = recordings_of(settings, model, corpora, store)
    compared = {
        number: recorded(settings, models[number], read(_ranking_text(settings, texts)), store)
        for number in sorted(models)
    } or {settings.model.instance: recordings["train"]}
    tracked.log_made("activations", *{*recordings.values(), *compared.values()})
    on_text = {number: Activations.open(place) for number, place in compared.items()}
    own = on_text[settings.model.instance]

    probed = probe_property(settings, recordings, corpora, store)
    of_labels = label_sensitivity(settings, models, probed, store)
    ranking = ranked(settings, probed.labelled, on_text, of_labels.ranking)
    studied = loaded(settings, model)
    unseen = unseen_text(settings, studied, data, texts.labelled)
    keep = not_kept if model is None else kept_summaries(settings, model, unseen, store)
    curves = ablation_curves(settings, ranking, probed, studied, unseen, own, keep)
    sets = neuron_sets(settings, probed, own)
    judges = judged(settings, ranking, probed)
    translations = controlled_translations(settings, data, corpora, models, studied, store)
    beside = {name: text.with_each(read) for name, text in texts.beside.items()}
    shared = tables_of_tasks(settings, probed, probed_beside(settings, recordings, beside, store))
    meaning = findings(settings, ranking, probed, Activations.open(recordings["train"]))
    meaning = replace(meaning, **shared)

    metrics = model_metrics(settings, data, model, store) | probe_metrics(settings, probed)
    metrics |= control_metrics(settings, probed, store)
    metrics |= code_length_metrics(settings, probed, store) | ranking_metrics(ranking)
    metrics |= ablation_metrics(settings, curves) | sets.metrics | judge_metrics(judges)
    metrics |= of_labels.metrics | finding_metrics(meaning, probed.task.name)
    metrics |= task_metrics(shared) | translation_control_metrics(translations)
    tables = {
        "neurons": _neuron_table(settings, ranking, probed, meaning),
        "lambda_grid": _grid_table(probed.compared),
        "agreement": ranking.agreement,
        "minimal": sets.minimal,
        "neuron_sets": sets.members,
        "judges": judges,
        "control": translations,
        "label_orders": ranking.label_orders(settings.analysis.top),
    }
    explorer = _explorer(settings, probed, recordings["test"], corpora.test)
    return _Found(metrics, curves, tables, meaning, of_labels.tables, explorer)


def _grid_table(grid: Compared) -> pd.DataFrame:
    return lambda_grid_table(grid.probe, grid.dev, grid.test, grid.choice.point)


def _ranking_text(settings: Settings, texts: _Texts) -> Corpus:
    return ranking_text(settings, texts.data, texts.labelled.train)


def _explorer(settings: Settings, probed: Probed, recording: Path, test: Corpus) -> ExplorerData:
    return explorer_data(settings, probed.weight, probed.labels, Activations.open(recording), test)


@dataclass(frozen=True)
class _Tracking:
    """Opens the tracked runs of this run, which share what sets it apart."""

    settings: Settings
    folder: Path

    def __call__(self, *, job_type: str, name: str) -> AbstractContextManager[TrackedRun]:
        settings, folder = self.settings, self.folder
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


def _publish(folder: Path, store: Store, tracked: TrackedRun, found: _Found) -> Path:
    """Write the run's files and its page, mirror them in the tracked run; return the page."""
    write_run_files(
        folder,
        metrics=found.metrics,
        curves=found.curves,
        meaning=found.meaning,
        label_neurons=found.label_neurons,
        explorer=found.explorer,
        **found.tables,
    )
    page = write_report(folder, store)
    tracked.log_curves(found.curves)
    tracked.log_scalars(found.metrics)
    tables = found.meaning.tables() | found.label_neurons.known()
    tracked.log_tables(curves=found.curves, **found.tables, **tables)
    tracked.log_report(page)
    return page


def _show(settings: Settings, metrics: dict[str, Metric], curves: pd.DataFrame) -> None:
    """Print, of each ranking and target, the curves of the first clamp at the first site."""
    first = curves.groupby(["target", "ranking"])[["clamp", "site"]].transform("first")
    shown = curves[(curves["clamp"] == first["clamp"]) & (curves["site"] == first["site"])]
    Console().print(summary_table(metrics, shown, plain(settings)))
    if len(shown) < len(curves):
        log.info("the table has one site and clamp of each ranking; the page has all")


def _short_name(settings: Settings, overrides: Sequence[str]) -> str:
    chosen = " ".join(override.split(".")[-1] for override in overrides[:4])
    return f"{settings.task.name} {settings.data.pair} {chosen}".strip()
