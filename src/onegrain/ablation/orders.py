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


def orders_of(order: Int[Tensor, " neurons"], count: int, seed: int) -> list[NeuronOrder]:
    """Return a ranking from the top, from the bottom, and ``count`` orders at random.

    Args:
        order: Neuron ids, most important first; a part of a layout's ids will do.
        count: How many random orders; they do not depend on the ranking.
        seed: Of the first random order.
    """
    ids = order.sort().values
    shuffled = [
        NeuronOrder(each.name, ids[each.neurons], each.seed)
        for each in random_orders(len(ids), count, seed)
    ]
    return [*ends_of(order, seed), *shuffled]


def ends_of(order: Int[Tensor, " neurons"], seed: int) -> list[NeuronOrder]:
    """Return a ranking from the top and from the bottom."""
    return [NeuronOrder("top", order, seed), NeuronOrder("bottom", order.flip(0), seed)]


def random_orders(neurons: int, count: int, seed: int) -> list[NeuronOrder]:
    """Return ``count`` orders of the ids 0..neurons-1 at random, each with the next seed."""
    seeds = range(seed, seed + count)
    return [NeuronOrder("random", _shuffled(neurons, each), each) for each in seeds]


def _shuffled(size: int, seed: int) -> Int[Tensor, " neurons"]:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))
