"""Which products points need that may use some of the neurons only.

Neurons are columns, those of the most points first. Points whose neurons are nested, such as those
of a curve, then need the first columns only, each fewer than the one before it; some points at a
time share a product over the columns of the largest, since narrow products are slow.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

LEAST_ROWS = 64  # points x labels of a product


@dataclass(frozen=True)
class Part:
    """Points that share a product.

    Attributes:
        rows: Of weights flattened to points x labels.
        columns: How many, from the first; beyond them its points have no weights.
    """

    rows: slice
    columns: int


def most_used_first(allowed: Bool[Tensor, "points neurons"]) -> Int[Tensor, " used"]:
    """Return the neurons that any point may use, those of the most points first.

    Example:
        >>> most_used_first(torch.tensor([[True, False, True], [False, False, True]])).tolist()
        [2, 0]
    """
    users = allowed.sum(dim=0)
    return users.argsort(descending=True, stable=True)[: int((users > 0).sum())]


def parts_of(
    allowed: Bool[Tensor, "points neurons"] | None, points: int, labels: int, neurons: int
) -> list[Part]:
    """Return the products that all points need, in their order.

    Example:
        >>> nested = torch.ones(4, 300).tril(-1).bool().flip(0)  # the first 3, 2, 1 and 0
        >>> parts_of(nested, points=4, labels=32, neurons=300)
        [Part(rows=slice(0, 64, None), columns=3), Part(rows=slice(64, 128, None), columns=1)]
    """
    if allowed is None:
        return [Part(slice(0, points * labels), neurons)]
    last = torch.arange(1, neurons + 1, device=allowed.device)
    reach = (allowed * last).amax(dim=1).tolist()
    size = -(-LEAST_ROWS // labels)
    starts = range(0, points, size)
    return [
        Part(
            slice(start * labels, min(start + size, points) * labels),
            max(reach[start : start + size]),
        )
        for start in starts
    ]
