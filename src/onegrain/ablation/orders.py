"""The orders in which neurons are kept or ablated."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class NeuronOrder:
    """An order in which neurons are kept or ablated.

    Attributes:
        name: ``top``, ``bottom`` or ``random``.
        neurons: The first to be kept, or ablated, first.
        seed: Of a random order; of the run for the others.
    """

    name: str
    neurons: Int[Tensor, " neurons"]
    seed: int


def orders_of(order: Int[Tensor, " neurons"], random_orders: int, seed: int) -> list[NeuronOrder]:
    """Return a ranking from the top, from the bottom, and ``random_orders`` orders at random.

    Args:
        order: Neuron ids, most important first; a part of a layout's ids will do.
        random_orders: How many; each has the next seed. They do not depend on the ranking.
        seed: Of the first random order.
    """
    ids = order.sort().values
    randoms = [
        NeuronOrder("random", ids[_shuffled(len(ids), each)], each)
        for each in range(seed, seed + random_orders)
    ]
    return [NeuronOrder("top", order, seed), NeuronOrder("bottom", order.flip(0), seed), *randoms]


def _shuffled(size: int, seed: int) -> Int[Tensor, " neurons"]:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))
