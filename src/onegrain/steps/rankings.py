"""Every ranking that was asked for, and how far they agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from onegrain.ablation.mask import site_neurons
from onegrain.activations.activations import Activations
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.sampling import shuffled
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.ranking.agreement import agreement_table, consensus_table
from onegrain.ranking.instance_agreement import instance_agreement_table
from onegrain.ranking.methods import Instances, directions_of, rank
from onegrain.ranking.svcca import Directions
from onegrain.ranking.with_labels import Labelled, rank_with_labels
from onegrain.reporting.run_contract import LABEL_ORDER_COLUMNS, NEURON_COLUMNS
from onegrain.settings import LABELLED, Method, RankingText, Settings, Site

TOPS = (0.025, 0.05, 0.1, 0.25)  # shares of the neurons whose overlap is shown
NOT_COMPARED = LABELLED | {Method.sensitivity, Method.svcca}  # instances: no labels, no neurons


@dataclass(frozen=True, eq=False)
class Ranked:
    """The neurons of one model in every order that was asked for.

    Attributes:
        rankings: Of single neurons, in the order of ``ranking.methods``.
        directions: What `Method.svcca` found, if it was asked for.
        agreement: How far rankings of this model agree, and those of its instances; columns
            ``kind`` (``rankings``, ``consensus`` or ``instances``), ``ranking``, ``one``,
            ``other``, ``top``, ``overlap``, ``chance``, ``spearman``.
    """

    rankings: tuple[Ranking, ...]
    directions: Directions | None
    agreement: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the rows of ``neurons.csv``: every ranking, one after the other."""
        if not self.rankings:
            return pd.DataFrame(columns=list(NEURON_COLUMNS)).astype({"neuron": int})
        return pd.concat([each.to_frame() for each in self.rankings], ignore_index=True)

    def label_orders(self, share: float) -> pd.DataFrame:
        """Return the rows of ``label_orders.csv``: each label's first neurons, where it has any.

        Args:
            share: Of all neurons that are listed for each label, at least one.
        """
        parts = [
            pd.DataFrame(
                {
                    "ranking": ranking.method,
                    "label": label,
                    "place": range(1, len(first) + 1),
                    "neuron": first.tolist(),
                }
            )
            for ranking in self.rankings
            for label, order in ranking.by_label.items()
            for first in [order[: max(1, round(share * len(order)))]]
        ]
        return pd.concat([pd.DataFrame(columns=list(LABEL_ORDER_COLUMNS)), *parts])


def ranking_text(settings: Settings, data: Splits, labelled: Corpus) -> Corpus:
    """Return the sentences over which neurons are compared, without labels or translations."""
    chosen = settings.ranking
    corpus = data.train if chosen.text is RankingText.data else labelled
    if chosen.sentences is not None and chosen.sentences < len(corpus):
        corpus = shuffled(corpus, chosen.sentences, settings.data.seed, "ranking.sentences")
    return Corpus(corpus.language, corpus.sentences)


def ranked(
    settings: Settings,
    labelled: Labelled,
    recordings: Mapping[int, Activations],
    sensitivity: Ranking | None = None,
) -> Ranked:
    """Rank the neurons of the analysed instance by every method.

    Args:
        settings: Those of the run.
        labelled: For methods that need labels.
        recordings: Of the instances, by their numbers, on the same words; only of the analysed one
            where no method compares them.
        sensitivity: The ranking by `Method.sensitivity`, where it is one of the methods.
    """
    methods, seed = settings.ranking.methods, settings.seed
    instance = list(recordings).index(settings.model.instance)
    instances = Instances(list(recordings.values()), recordings[settings.model.instance].layout)
    layout = instances.layout
    given = {} if sensitivity is None else {Method.sensitivity: sensitivity}
    rankings = tuple(
        given[method]
        if method in given
        else rank_with_labels(method, labelled, settings.ranking, seed)
        if method in LABELLED
        else rank(method, instances, instance, settings.ranking, seed)
        for method in methods
        if method is not Method.svcca
    )
    directions = None
    if Method.svcca in methods:
        directions = directions_of(instances, instance, site_neurons(layout, Site.context))
    return Ranked(rankings, directions, _agreement(settings, rankings, instances))


def _agreement(
    settings: Settings, rankings: Sequence[Ranking], instances: Instances
) -> pd.DataFrame:
    """Compare all rankings of one instance, and each label-free one between instances."""
    tops = _tops(instances.layout)
    named = {ranking.method: ranking for ranking in rankings}
    parts = [agreement_table(named, tops).assign(kind="rankings", ranking="")]
    if len(named) > 1:
        parts.append(_consensus(named, tops))
    free = [method for method in settings.ranking.methods if method not in NOT_COMPARED]
    for method in free if len(instances.recordings) > 1 else []:
        each = [
            rank(method, instances, instance, settings.ranking, settings.seed)
            for instance in range(len(instances.recordings))
        ]
        table = instance_agreement_table(each, instances.moments, tops)
        parts.append(table.assign(kind="instances", ranking=each[0].method))
    columns = ["kind", "ranking", "one", "other", "top", "overlap", "chance", "spearman"]
    return pd.concat(parts, ignore_index=True)[columns].astype({"one": str, "other": str})


def _consensus(named: Mapping[str, Ranking], tops: Sequence[int]) -> pd.DataFrame:
    """Judge each ranking by all others: AvgOverlap and NeuronVote, which are Jaccard indices."""
    judged = consensus_table(named, tops).melt(
        ["ranking", "top"], ["average_overlap", "neuron_vote"], "one", "overlap"
    )
    (size,) = {ranking.layout.size for ranking in named.values()}
    shared = judged["top"] / size
    return judged.assign(
        kind="consensus", other="all others", chance=shared / (2 - shared), spearman=math.nan
    )


def _tops(layout: NeuronLayout) -> list[int]:
    return sorted({max(1, round(share * layout.size)) for share in TOPS})
