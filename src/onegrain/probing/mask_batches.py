"""Which masks of neurons are fitted together."""

from __future__ import annotations

from jaxtyping import Bool
from torch import Tensor

OPENING_COST = 1e8  # of a batch, in multiplications of a pass: to copy its neurons
MEMORY_BYTES = 2**30  # of a batch: what is remembered of steps, and factors of correlations
REMEMBERED = 24  # numbers for each weight of a batch


def mask_batches(
    allowed: Bool[Tensor, "masks neurons"], words: int, labels: int
) -> list[list[int]]:
    """Part masks into batches that cost little together; whole and empty ones are left out.

    A batch multiplies the union of its neurons for each of its masks, so masks of similar neurons
    belong together, the more so the larger the data; every batch has a cost of its own, so on
    small data all may. Greedy, from the largest mask to the smallest.

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
            float((union | mask).sum()) * (len(batch) + 1) - float(union.sum()) * len(batch)
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
