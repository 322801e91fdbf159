"""How few neurons will do, how often the network says the same, and which neurons say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.ablation.schedule import RETRAINED
from onegrain.activations.activations import Activations
from onegrain.analysis.clusters import NeuronClusters, correlation_clusters
from onegrain.analysis.minimal import MinimalSet, minimal_set
from onegrain.analysis.redundancy import disjoint_sets
from onegrain.neurons import Ranking
from onegrain.probing.scoring import score
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.ranking.moments import Moments
from onegrain.reporting.run_contract import MINIMAL_COLUMNS, NEURON_SET_COLUMNS
from onegrain.reporting.run_files import Metric
from onegrain.settings import AnalysisSettings, Settings
from onegrain.stages import ProbingTask
from onegrain.steps.probed import Probed


@dataclass(frozen=True, eq=False)
class NeuronSets:
    """What was asked for of sets of neurons.

    Attributes:
        minimal: A row for each disjoint set that does as well as all neurons: `MINIMAL_COLUMNS`.
        members: Which neurons are in which set or cluster: `NEURON_SET_COLUMNS`.
        metrics: The same in a few numbers.
    """

    minimal: pd.DataFrame
    members: pd.DataFrame
    metrics: dict[str, Metric]


def neuron_sets(settings: Settings, probed: Probed, recording: Activations) -> NeuronSets:
    """Search and cluster what the settings ask for.

    Args:
        settings: Those of the run.
        probed: The probe, and what it was fitted and is scored on.
        recording: The words over which neurons are correlated.
    """
    chosen, task = settings.analysis, probed.task
    ranking = rank_by_weights(probed.weight, probed.labels, task.layout, settings.seed)
    found: tuple[MinimalSet, ...] = ()
    members, metrics = [], dict[str, Metric]()
    if chosen.minimal.enabled:
        found = _searched(chosen, probed, ranking)
        members += [_members("minimal", place, each.neurons) for place, each in enumerate(found, 1)]
        metrics |= _minimal_metrics(found, task, chosen)
    if chosen.clusters.cut is not None:
        correlation = Moments.of([recording], [(0, 0)]).correlation(0, 0)
        clusters = correlation_clusters(correlation, ranking.order, chosen.clusters.cut)
        members += _clustered(clusters, ranking)
        metrics |= _cluster_metrics(clusters)
        if chosen.clusters.retrain:
            kept = torch.zeros(1, task.layout.size, dtype=torch.bool)
            kept[0, clusters.representatives] = True
            metrics["clusters/accuracy"] = float(score(probed.refit(kept), task.test).accuracy)
    nobody = pd.DataFrame(columns=list(NEURON_SET_COLUMNS))
    table = pd.concat(members, ignore_index=True) if members else nobody
    table = table.astype({"set": int, "place": int, "neuron": int})
    return NeuronSets(_minimal_table(found, task), table, metrics)


def _searched(chosen: AnalysisSettings, probed: Probed, ranking: Ranking) -> tuple[MinimalSet, ...]:
    """Return the minimal set and, where they were asked for, further ones beside it."""
    task, refit = probed.task, probed.refit
    everyone = torch.ones(1, task.layout.size, dtype=torch.bool)  # refitted as the sets are
    fractions = RETRAINED if chosen.minimal.fractions is None else chosen.minimal.fractions
    search = partial(
        minimal_set,
        refit,
        dev=task.dev,
        test=task.test,
        oracle=float(score(refit(everyone), task.dev).accuracy),
        delta=chosen.minimal.delta,
        fractions=fractions,
    )
    first = search(ranking.order)
    if chosen.redundancy.sets < 2:
        return (first,)
    return disjoint_sets(refit, search, first, task.layout, task.dev, chosen.redundancy.sets)


def _minimal_table(found: Sequence[MinimalSet], task: ProbingTask) -> pd.DataFrame:
    rows = [
        {
            "set": place,
            "neurons": len(each.neurons),
            "fraction": len(each.neurons) / task.layout.size,
            "accuracy_dev": each.dev,
            "accuracy_test": each.test,
            "target_dev": each.target,
            "oracle_dev": each.oracle,
        }
        for place, each in enumerate(found, 1)
    ]
    return pd.DataFrame(rows, columns=list(MINIMAL_COLUMNS))


def _minimal_metrics(
    found: Sequence[MinimalSet], task: ProbingTask, chosen: AnalysisSettings
) -> dict[str, Metric]:
    first = found[0]
    metrics: dict[str, Metric] = {
        "minimal/neurons": len(first.neurons),
        "minimal/fraction": len(first.neurons) / task.layout.size,
        "minimal/accuracy": first.test,
        "minimal/accuracy_dev": first.dev,
    }
    return metrics | ({"redundancy/sets": len(found)} if chosen.redundancy.sets else {})


def _cluster_metrics(clusters: NeuronClusters) -> dict[str, Metric]:
    return {
        "clusters/count": len(clusters.representatives),
        "clusters/constant_neurons": int((clusters.of_neuron < 0).sum()),
    }


def _clustered(clusters: NeuronClusters, ranking: Ranking) -> list[pd.DataFrame]:
    """List the neurons of every cluster in the order of the ranking, its representative first."""
    of_ranked = clusters.of_neuron[ranking.order]
    order = ranking.order[of_ranked.argsort(stable=True)][int((of_ranked < 0).sum()) :]
    sizes = torch.bincount(clusters.of_neuron[order], minlength=len(clusters.representatives))
    parts = order.split(sizes.tolist())
    return [_members("cluster", number, part) for number, part in enumerate(parts, 1)]


def _members(kind: str, number: int, neurons: Int[Tensor, " members"]) -> pd.DataFrame:
    places = range(1, len(neurons) + 1)
    about = {"kind": kind, "set": number, "place": places, "neuron": neurons.tolist()}
    return pd.DataFrame(about, columns=list(NEURON_SET_COLUMNS))
