"""How a probe's weights for each label are distributed: on few neurons, or on many."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

POINTS = 60  # of each label, evenly spread over the logarithm of the rank


def weight_table(
    weights: Float[Tensor, "labels neurons"], labels: Sequence[str], points: int = POINTS
) -> pd.DataFrame:
    """List the weights of each label by size, and the share of its mass that the largest hold.

    Args:
        weights: The probe's weights.
        labels: A name for each row.
        points: How many ranks are listed at most; the first and the last always are.

    Returns:
        One row for each label and rank: ``label``, ``rank`` (from 1), ``weight`` (the absolute
        value of the weight at this rank) and ``mass`` (the share of the sum of all absolute
        weights that this and all larger ones hold; 0 for a label without weights).

    Example:
        >>> weight_table(torch.tensor([[1.0, 0.0, -3.0]]), ["NOUN"])
          label  rank  weight  mass
        0  NOUN     1     3.0  0.75
        1  NOUN     2     1.0  1.00
        2  NOUN     3     0.0  1.00
    """
    size = weights.abs().double().sort(dim=1, descending=True).values
    mass = size.cumsum(dim=1)
    mass /= mass[:, -1:].clamp(min=torch.finfo(torch.float64).tiny)
    ranks = spread_ranks(weights.shape[1], points)
    return pd.DataFrame(
        {
            "label": [label for label in labels for _ in ranks],
            "rank": ranks.tolist() * len(labels),
            "weight": size[:, ranks - 1].flatten().tolist(),
            "mass": mass[:, ranks - 1].clamp(max=1).flatten().tolist(),
        }
    )


def spread_ranks(neurons: int, points: int = POINTS) -> Int[Tensor, " ranks"]:
    """Return at most ``points`` ranks from 1 to the last, dense where they are low.

    Example:
        >>> spread_ranks(1000, points=8).tolist()
        [1, 3, 7, 19, 52, 139, 373, 1000]
    """
    exponents = torch.linspace(0, 1, points, dtype=torch.float64)
    ranks: Int[Tensor, " ranks"] = torch.pow(float(neurons), exponents).round().long().unique()
    return ranks
