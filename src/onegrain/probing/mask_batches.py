"""Which masks of neurons are fitted together."""

from __future__ import annotations

from jaxtyping import Bool
from torch import Tensor

OPENING_COST = 1e8  # of a batch, in multiplications of a pass: to copy its neurons
MEMORY_BYTES = 2**30  # of a batch: what is remembered of steps, and factors of correlations
REMEMBERED = 36  # numbers for each weight of a batch


def mask_batches(
    allowed: Bool[Tensor, "masks neurons"], words: int, labels: int
) -> list[list[int]]:
    """Part masks into batches that cost little together; whole and empty ones are left out.

    A mask that is nested in the last of a batch costs its own neurons there
    (`onegrain.probing.parts`); else a batch multiplies the union of its neurons for each of its
    masks, so masks of similar neurons belong together, the more so the larger the data; every
    batch has a cost of its own, so on small data all may. Greedy, from the largest mask to the
    smallest.

    Example:
        >>> import torch
        >>> masks = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]]).bool()
        >>> mask_batches(masks, words=10, labels=2)
        [[1, 0]]
    """
    counts = allowed.sum(dim=1)
    opening = OPENING_COST / (words * labels)
    largest = int(counts.max())
    most = max(1, MEMORY_BYTES // (4 * max(1, largest) * (REMEMBERED * labels + largest)))
    batches: list[list[int]] = []
    unions: list[Bool[Tensor, " neurons"]] = []
    for index in counts.argsort(descending=True, stable=True).tolist():
        if int(counts[index]) in (0, allowed.shape[1]):
            continue
        mask = allowed[index]
        costs = [
            _cost(mask, allowed[batch[-1]], union, len(batch))
            for batch, union in zip(batches, unions, strict=True)
        ]
        free = [number for number, batch in enumerate(batches) if len(batch) < most]
        best = min(free, key=costs.__getitem__, default=None)
        if best is None or costs[best] > opening + float(counts[index]):
            batches.append([index])
            unions.append(mask)
        else:
            batches[best].append(index)
            unions[best] = unions[best] | mask
    return batches


def _cost(
    mask: Bool[Tensor, " neurons"],
    last: Bool[Tensor, " neurons"],
    union: Bool[Tensor, " neurons"],
    size: int,
) -> float:
    """Return the columns that a batch multiplies more if it has one more mask."""
    if not bool((mask & ~last).any()):
        return float(mask.sum())
    return float((union | mask).sum()) * (size + 1) - float(union.sum()) * size
