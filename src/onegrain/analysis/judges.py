"""Which ranking to trust: every ranking before the same judges.

A probe prefers the ranking that was made with its like (Antverg & Belinkov, ICLR 2022): the linear
probe that of its own weights, the Gaussian probe that of greedy selection. So each ranking's top
neurons are judged by both, fitted anew on these neurons alone, beside how far the other rankings
agree (Fan et al. 2023, arXiv 2301.12608).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch

from onegrain.neurons import Ranking
from onegrain.probing.gaussian import prefix_accuracies
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.refitting import Refit, prefix_masks
from onegrain.probing.scoring import score
from onegrain.ranking.agreement import consensus_table

COLUMNS = ["ranking", "judge", "neurons", "value"]


def probe_judgements(
    rankings: Mapping[str, Ranking],
    sizes: Sequence[int],
    refit: Refit,
    train: LabelledActivations,
    tested: LabelledActivations,
    labels: int,
) -> pd.DataFrame:
    """Measure both kinds of probe on the top neurons of every ranking.

    Args:
        rankings: Of the same neurons, by the names to be shown.
        sizes: Numbers of top neurons.
        refit: Fits the linear probe again on some neurons only.
        train: What the Gaussian probe is fitted on.
        tested: What both are scored on.
        labels: How many labels there are.

    Returns:
        One row for each judge (``linear`` and ``gaussian``), ranking and size: ``ranking``,
        ``judge``, ``neurons`` and ``value``, the accuracy.
    """
    neurons = train.neurons
    masks = [prefix_masks(each.order, sizes, neurons) for each in rankings.values()]
    linear = score(refit(torch.cat(masks)), tested).accuracy.tolist()
    gaussian = [
        accuracy
        for each in rankings.values()
        for accuracy in prefix_accuracies(train, tested, labels, each.order, sizes)
    ]
    places = [(name, size) for name in rankings for size in sizes]
    rows = [
        (name, judge, size, value)
        for judge, values in (("linear", linear), ("gaussian", gaussian))
        for (name, size), value in zip(places, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def peer_judgements(rankings: Mapping[str, Ranking], sizes: Sequence[int]) -> pd.DataFrame:
    """Measure how far the other rankings agree with the top neurons of each.

    Returns:
        Rows like those of `probe_judgements`, for the judges ``average_overlap`` and
        ``neuron_vote``; none where there are no others.
    """
    if len(rankings) < 2:
        return pd.DataFrame(columns=COLUMNS)
    judges = ["average_overlap", "neuron_vote"]
    table = consensus_table(rankings, sizes).rename(columns={"top": "neurons"})
    return table.melt(["ranking", "neurons"], judges, "judge", "value")[COLUMNS]
