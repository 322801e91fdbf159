"""Which neurons each label lives by: sensitivity, label ablation, and whether models agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.label_ablation import label_ablation, single_drops
from onegrain.ablation.schedule import DROPPED, neuron_counts
from onegrain.analysis.consistency import consistency_table, label_correlations, relations
from onegrain.analysis.sensitivity import predicted_groups, rank_by_sensitivity, sensitivity
from onegrain.data.labelled import LabelledText
from onegrain.models.saved import load_model
from onegrain.models.text_model import TextTagger
from onegrain.neurons import Ranking
from onegrain.probing.labelled import LabelledActivations
from onegrain.reporting.run_files import Metric
from onegrain.reporting.sensitivity_files import SENSITIVITY_COLUMNS, LabelNeurons
from onegrain.settings import Groups, Method, Reader, Settings, TaggerModel, Target
from onegrain.stages import ProbingTask, probing_task, recordings_of
from onegrain.steps.probed import Probed, probe_property
from onegrain.store import Store


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What is known of the neurons that each label lives by.

    Attributes:
        ranking: By sensitivity, with an order for each label; None if nobody asked.
        tables: For the run's folder.
        metrics: The same in a few numbers.
    """

    ranking: Ranking | None
    tables: LabelNeurons
    metrics: dict[str, Metric]


@dataclass(frozen=True, eq=False)
class Readout:
    """A linear layer from the neurons of one model to labels."""

    weight: Float[Tensor, "labels neurons"]
    bias: Float[Tensor, " labels"]


def compares_labels(settings: Settings) -> bool:
    """Return whether instances are compared by what their labels are sensitive to."""
    return Method.sensitivity in settings.ranking.methods


def label_sensitivity(
    settings: Settings,
    models: Mapping[int, Path],
    probed: Probed,
    store: Store,
) -> Sensitivity:
    """Find the neurons that each label lives by, drop them, and compare instances.

    Args:
        settings: Those of the run.
        models: The folders of the instances by number, the analysed one among them.
        probed: The labels, and the probe of the analysed instance.
        store: Where recordings and probes of other instances are, or are put.
    """
    if not (compares_labels(settings) or Target.label in settings.ablation.targets):
        return Sensitivity(None, LabelNeurons.of({}), {})
    own, task = settings.model.instance, probed.task
    readout = _own_readout(settings, models.get(own)) or Readout(probed.weight, probed.bias)
    found = _sensitivity(settings, readout, task.train)
    ranking = rank_by_sensitivity(found, task.labels, task.layout, settings.seed)
    tables = {"sensitivity": _sensitivity_table(found, ranking)}
    metrics: dict[str, Metric] = {}
    if compares_labels(settings):
        by_instance = {own: found}
        for number in sorted(models.keys() - {own}):
            by_instance[number] = _of_other(settings, models[number], probed.corpora, store)
        tables |= _consistency(settings, dict(sorted(by_instance.items())), task)
        metrics |= _consistency_metrics(tables["consistency"])
        metrics |= _relation_metrics(found, task)
    if Target.label in settings.ablation.targets:
        tables |= _ablated(settings, readout, ranking, task)
        metrics |= _ablation_metrics(settings, tables["label_ablation"], tables["single_drops"])
    return Sensitivity(ranking, LabelNeurons.of(tables), metrics)


def _own_readout(settings: Settings, model: Path | None) -> Readout | None:
    """Return a tagger's output layer; None where the probe is to be looked at."""
    looks_at_probe = settings.ranking.reader is not Reader.auto
    if model is None or looks_at_probe or not isinstance(settings.model, TaggerModel):
        return None
    trained = load_model(model)
    assert isinstance(trained, TextTagger)
    return Readout(*trained.model.label_weights())


def _of_other(
    settings: Settings, model: Path, corpora: LabelledText, store: Store
) -> Float[Tensor, "labels neurons"]:
    """Return the sensitivities of an instance that is compared with the analysed one.

    Its probe, where one is needed, is that of its own best grid point.
    """
    own = _own_readout(settings, model)
    recordings = recordings_of(settings, model, corpora, store)
    if own is None:
        probed = probe_property(settings, recordings, corpora, store)
        return _sensitivity(settings, Readout(probed.weight, probed.bias), probed.task.train)
    return _sensitivity(settings, own, probing_task(settings.task, corpora, recordings).train)


def _sensitivity(
    settings: Settings, readout: Readout, words: LabelledActivations
) -> Float[Tensor, "labels neurons"]:
    groups = (
        words.labels
        if settings.ranking.groups is Groups.gold
        else predicted_groups(readout.weight, readout.bias, words.activations)
    )
    return sensitivity(readout.weight, words.activations, groups)


def _sensitivity_table(found: Float[Tensor, "labels neurons"], ranking: Ranking) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "label": label,
                "rank": range(1, len(order) + 1),
                "neuron": order.tolist(),
                "sensitivity": row[order].tolist(),
            }
        )
        for (label, order), row in zip(ranking.by_label.items(), found, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _consistency(
    settings: Settings, found: Mapping[int, Float[Tensor, "labels neurons"]], task: ProbingTask
) -> dict[str, pd.DataFrame]:
    matrices = {number: label_correlations(each) for number, each in found.items()}
    columns = list(SENSITIVITY_COLUMNS["label_correlations"])
    cells = [
        (number, one, other, value)
        for number, matrix in matrices.items()
        for one, row in zip(task.labels, matrix.tolist(), strict=True)
        for other, value in zip(task.labels, row, strict=True)
    ]
    samples = settings.ablation.bootstrap_samples
    return {
        "label_correlations": pd.DataFrame(cells, columns=columns),
        "consistency": consistency_table(matrices, samples, settings.seed),
    }


def _consistency_metrics(consistency: pd.DataFrame) -> dict[str, Metric]:
    if consistency.empty:
        return {}
    return {
        "sensitivity/consistency": float(consistency["similarity"].mean()),
        "sensitivity/consistency_permuted": float(consistency["null_high"].mean()),
        "sensitivity/consistency_p": float(consistency["p_value"].max()),
    }


def _relation_metrics(
    found: Float[Tensor, "labels neurons"], task: ProbingTask
) -> dict[str, Metric]:
    related = relations(label_correlations(found), task.labels)
    return {f"sensitivity/{name}": value for name, value in related.items()}


def _ablated(
    settings: Settings, readout: Readout, ranking: Ranking, task: ProbingTask
) -> dict[str, pd.DataFrame]:
    chosen = settings.ablation.label
    fractions = DROPPED if chosen.fractions is None else chosen.fractions
    table = label_ablation(
        readout.weight,
        readout.bias,
        task.test,
        torch.stack([ranking.by_label[label] for label in task.labels]),
        task.labels,
        neuron_counts(task.layout.size, [*fractions, chosen.shown]),
        settings.ablation.bootstrap_samples,
        settings.seed,
    )
    alone = single_drops(readout.weight, readout.bias, task.test, task.labels)
    return {"label_ablation": table, "single_drops": alone}


def _ablation_metrics(
    settings: Settings, table: pd.DataFrame, alone: pd.DataFrame
) -> dict[str, Metric]:
    """Compare what labels lose without their own neurons and without those of others.

    A label that has no test words, or none of them right, can lose nothing and does not count.
    """
    shown = settings.ablation.label.shown
    nearest = (table["fraction"] - shown).abs()
    rows = table[(nearest == nearest.min()) & (table["recall"] - table["change"] > 0)]
    own = rows[rows["target"] == rows["label"]]
    others = rows[rows["target"] != rows["label"]]
    least = rows.groupby("target")["change"].min()
    falls_most = own.set_index("target")["change"] <= least[own["target"]]
    at = f"@{100 * shown:g}%"
    return {
        f"label_ablation/own_change{at}": float(own["change"].mean()),
        f"label_ablation/other_change{at}": float(others["change"].mean()),
        f"label_ablation/falls_most{at}": float(falls_most.mean()),
        "label_ablation/single_change": float(alone["mean_change"].mean()),
        "label_ablation/largest_single_change": float(alone["change"].abs().max()),
    }
