"""The neurons of each label: how many hold a share of its weight mass, which, and whose else.

Dalvi et al., AAAI 2019: Figure 6 (neurons per label at 25% of the mass) and the shared neurons of
their section on focused and distributed neurons.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.analysis.overlap import exclusive, owners
from onegrain.analysis.word_classes import word_classes
from onegrain.ranking.linear_correlation import MassShares, salient_neurons


def label_sets(
    weights: Float[Tensor, "labels neurons"], labels: Sequence[str], share: float
) -> dict[str, Int[Tensor, " _"]]:
    """Return each label's salient neurons, strongest first (see `salient_neurons`)."""
    return dict(zip(labels, salient_neurons(weights, share), strict=True))


def label_neurons(
    weights: Float[Tensor, "labels neurons"], labels: Sequence[str], share: float
) -> pd.DataFrame:
    """List the salient neurons of every label.

    Returns:
        One row for each label and neuron, strongest first: ``label``, ``place`` (from 1),
        ``neuron``, ``mass`` (the share of the label's weight mass that it holds) and
        ``label_count`` (how many labels it is salient for; 1 is exclusive).
    """
    own = MassShares.of(weights).own
    sets = label_sets(weights, labels, share)
    shared = owners(sets, weights.shape[1])
    parts = [
        pd.DataFrame(
            {
                "label": label,
                "place": range(1, len(ids) + 1),
                "neuron": ids.tolist(),
                "mass": row[ids].tolist(),
                "label_count": shared[ids].tolist(),
            }
        )
        for (label, ids), row in zip(sets.items(), own, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def label_table(
    weights: Float[Tensor, "labels neurons"],
    labels: Sequence[str],
    share: float,
    words_train: Int[Tensor, " labels"],
    words_test: Int[Tensor, " labels"],
    correct: Int[Tensor, " labels"],
) -> pd.DataFrame:
    """Put together what is known about each label.

    Args:
        weights: The probe's weights.
        labels: A name for each row.
        share: Of a label's weight mass that its salient neurons hold.
        words_train: Training words of each label.
        words_test: Test words of each label.
        correct: Those of them that the probe labels correctly.

    Returns:
        One row for each label, most salient neurons first: ``label``, ``word_class`` (see
        `word_classes`), ``words_train``, ``words_test``, ``accuracy`` (missing without test
        words), ``neurons`` (salient) and ``exclusive`` (those that no other label shares).
    """
    sets = label_sets(weights, labels, share)
    alone = exclusive(sets, weights.shape[1])
    table = pd.DataFrame(
        {
            "label": list(labels),
            "word_class": word_classes(labels),
            "words_train": words_train.tolist(),
            "words_test": words_test.tolist(),
            "accuracy": (correct.double() / words_test).tolist(),
            "neurons": [len(ids) for ids in sets.values()],
            "exclusive": [len(alone[label]) for label in labels],
        }
    )
    return table.sort_values("neurons", ascending=False, kind="stable", ignore_index=True)
