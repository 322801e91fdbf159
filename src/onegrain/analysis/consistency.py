"""Whether models of other seeds relate labels in the same way (Xin, Lin & Yu, EMNLP 2019).

Neurons of two models do not match by number, so their sensitivities cannot be compared one by one.
But how the labels correlate over the neurons of a model, a label x label matrix, can: here by the
correlation of the matrices' upper triangles. Its interval and its null follow the practice for
such second-order similarities: labels, not pairs of them, are drawn again (pairs of a label with
itself left out), and are permuted (Mantel's test; Nili et al., PLOS Computational Biology 2014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.data.bio import OUTSIDE, entity_type
from onegrain.data.entities import are_entities

LEAST_LABELS = 3  # two labels make one pair, and one pair correlates with nothing


def label_correlations(
    sensitivities: Float[Tensor, "labels neurons"],
) -> Float[Tensor, "labels labels"]:
    """Return the Pearson correlation of every two labels over neurons; NaN for a constant label.

    Example:
        >>> label_correlations(torch.tensor([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]])).round(decimals=3)
        tensor([[ 1., -1.],
                [-1.,  1.]], dtype=torch.float64)
    """
    centered = sensitivities.double()
    centered = centered - centered.mean(dim=1, keepdim=True)
    norm = centered.norm(dim=1)
    correlations: Tensor = centered @ centered.T / (norm[:, None] * norm)
    return correlations.clamp(-1, 1)


def consistency_table(
    matrices: Mapping[int, Float[Tensor, "labels labels"]], samples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Compare the label correlations of every two models.

    Labels whose correlations are not known in one of the two (they have no words, or no weights)
    are left out.

    Args:
        matrices: Those of each instance, over the same labels.
        samples: Resampled sets of labels behind the interval, and permutations behind the null.
        seed: Of both.

    Returns:
        One row for each two instances: ``one``, ``other``, ``label_count``,
        ``similarity``, ``low`` and ``high`` (its 95% interval over labels), ``null_low`` and
        ``null_high`` (where it lies for 95% of permuted labels) and ``p_value`` (the share of
        permutations that are as similar, the labels as they are counted as one).
    """
    rows = []
    for (one, first), (other, second) in combinations(matrices.items(), 2):
        known = _known(first) & _known(second)
        pair = first[known][:, known], second[known][:, known]
        about = {"one": str(one), "other": str(other), "label_count": int(known.sum())}
        rows.append({**about, **_compared(*pair, samples, seed)})
    columns = ["one", "other", "label_count", "similarity", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "null_low", "null_high", "p_value"])


def relations(matrix: Float[Tensor, "labels labels"], labels: Sequence[str]) -> dict[str, float]:
    """Return the mean correlation of BIO labels that are related in the ways the paper names.

    Returns:
        ``same_type``: of B-x with I-x; ``other_type``: of B-x with I-y; ``outside``: of O with I-x.
        Only those of which there are pairs; nothing where labels are not BIO.
    """
    if not are_entities(labels):
        return {}
    found: dict[str, list[float]] = {"same_type": [], "other_type": [], "outside": []}
    for row, one in enumerate(labels):
        for column, other in enumerate(labels):
            value = float(matrix[row, column])
            if not other.startswith("I-") or one.startswith("I-") or math.isnan(value):
                continue
            same = "same_type" if entity_type(one) == entity_type(other) else "other_type"
            found["outside" if one == OUTSIDE else same].append(value)
    return {name: sum(values) / len(values) for name, values in found.items() if values}


def _known(matrix: Float[Tensor, "labels labels"]) -> Bool[Tensor, " labels"]:
    return matrix.diagonal().isfinite()


def _compared(
    one: Float[Tensor, "labels labels"],
    other: Float[Tensor, "labels labels"],
    samples: int,
    seed: int,
) -> dict[str, float]:
    count = len(one)
    if count < LEAST_LABELS:
        names = ("similarity", "low", "high", "null_low", "null_high", "p_value")
        return dict.fromkeys(names, math.nan)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(count, (samples, count), generator=generator)
    shuffled = torch.rand(samples, count, generator=generator).argsort(dim=1)
    as_they_are = torch.arange(count)[None]
    similarity = float(_similarity(one, other, as_they_are, as_they_are))
    null = _similarity(one, other, as_they_are.expand_as(shuffled), shuffled)
    low, high = _middle(_similarity(one, other, drawn, drawn))
    null_low, null_high = _middle(null)
    as_similar = int((null >= similarity - 1e-12).sum())
    return {
        "similarity": similarity,
        "low": low,
        "high": high,
        "null_low": null_low,
        "null_high": null_high,
        "p_value": (1 + as_similar) / (1 + samples),
    }


def _similarity(
    one: Float[Tensor, "labels labels"],
    other: Float[Tensor, "labels labels"],
    rows: Int[Tensor, "samples labels"],
    other_rows: Int[Tensor, "samples labels"],
) -> Float[Tensor, " samples"]:
    """Correlate the upper triangles of two matrices whose labels are chosen, for each sample.

    Pairs of a label with itself, which a sample with repeated labels has, do not count; a sample of
    fewer than three different labels has no similarity (NaN).
    """
    first, second = torch.triu_indices(rows.shape[1], rows.shape[1], offset=1)
    counted = (rows[:, first] != rows[:, second]).double()
    x = one[rows[:, first], rows[:, second]]
    y = other[other_rows[:, first], other_rows[:, second]]
    pairs = counted.sum(dim=1, keepdim=True)
    x = (x - (x * counted).sum(dim=1, keepdim=True) / pairs) * counted
    y = (y - (y * counted).sum(dim=1, keepdim=True) / pairs) * counted
    similarity: Tensor = (x * y).sum(dim=1) / (x.norm(dim=1) * y.norm(dim=1))
    different = 1 + (rows.sort(dim=1).values.diff(dim=1) != 0).sum(dim=1)
    return similarity.masked_fill(different < LEAST_LABELS, math.nan)


def _middle(values: Float[Tensor, " samples"]) -> tuple[float, float]:
    """Return the ends of the 95% in the middle; samples without a value do not count."""
    ends = torch.tensor([0.025, 0.975], dtype=values.dtype)
    low, high = torch.nanquantile(values, ends).tolist()
    return low, high
