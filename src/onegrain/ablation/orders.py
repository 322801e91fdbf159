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


def ends_of(order: Int[Tensor, " neurons"], seed: int) -> list[NeuronOrder]:
    """Return a ranking from the top and from the bottom.

    Args:
        order: Neuron ids, most important first; a part of a layout's ids will do.
        seed: Of the run.
    """
    return [NeuronOrder("top", order, seed), NeuronOrder("bottom", order.flip(0), seed)]


def shuffles_of(order: Int[Tensor, " neurons"], count: int, seed: int) -> list[NeuronOrder]:
    """Return a ranking's neurons in ``count`` orders at random, which do not depend on its own.

    Args:
        order: Neuron ids; a part of a layout's ids will do.
        count: How many orders.
        seed: Of the first.
    """
    ids = order.sort().values
    shuffled = random_orders(len(ids), count, seed)
    return [NeuronOrder(each.name, ids[each.neurons], each.seed) for each in shuffled]


def random_orders(neurons: int, count: int, seed: int) -> list[NeuronOrder]:
    """Return ``count`` orders of the ids 0..neurons-1 at random, each with the next seed."""
    seeds = range(seed, seed + count)
    return [NeuronOrder("random", _shuffled(neurons, each), each) for each in seeds]


def _shuffled(size: int, seed: int) -> Int[Tensor, " neurons"]:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))
