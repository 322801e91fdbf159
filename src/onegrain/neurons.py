"""Which id is which neuron, and what it means to have ranked them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Block:
    """A run of neighbouring neuron ids: the units of one layer in one direction.

    Attributes:
        component: The part of the model, such as ``encoder``.
        layer: Counted from 1, as the papers do; 0 is an embedding layer.
        direction: ``forward``, ``backward``, or empty where a layer has none.
        width: Number of units.
    """

    component: str
    layer: int
    direction: str
    width: int


@dataclass(frozen=True)
class Neuron:
    """One neuron, spelled out. ``unit`` counts from 0 inside its block."""

    id: int
    component: str
    layer: int
    direction: str
    unit: int


@dataclass(frozen=True)
class NeuronLayout:
    """The blocks that make up neuron ids 0..D-1, in order.

    Example:
        The NMT encoder of Dalvi et al. (2019) with two layers of 500 units; #1902 is in their
        figures.

        >>> layout = NeuronLayout.bidirectional_encoder(layers=2, width=500)
        >>> layout.size
        2000
        >>> layout.neuron(1902)
        Neuron(id=1902, component='encoder', layer=2, direction='backward', unit=402)
    """

    blocks: tuple[Block, ...]

    @classmethod
    def bidirectional_encoder(cls, layers: int, width: int) -> NeuronLayout:
        """All forward layers, then all backward layers, as the AAAI 2019 tool numbers them."""
        return cls(
            tuple(
                Block("encoder", layer, direction, width)
                for direction in ("forward", "backward")
                for layer in range(1, layers + 1)
            )
        )

    @classmethod
    def language_model(cls, layers: int, width: int) -> NeuronLayout:
        """The layers of a unidirectional language model, the lowest first."""
        return cls(tuple(Block("lm", layer, "forward", width) for layer in range(1, layers + 1)))

    @classmethod
    def transformer(cls, widths: Sequence[int]) -> NeuronLayout:
        """The embeddings, which are layer 0, and the output of every layer.

        Example:
            >>> NeuronLayout.transformer([768] * 13).size  # BERT
            9984
        """
        return cls(
            tuple(Block("transformer", layer, "", width) for layer, width in enumerate(widths))
        )

    @classmethod
    def tagger(cls, layers: int, width: int, directions: Sequence[str]) -> NeuronLayout:
        """All layers of the first direction, the lowest first, then those of the second."""
        return cls(
            tuple(
                Block("tagger", layer, direction, width)
                for direction in directions
                for layer in range(1, layers + 1)
            )
        )

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The first id of every block, and D at the end."""
        return tuple(accumulate((block.width for block in self.blocks), initial=0))

    @property
    def size(self) -> int:
        """D, the number of neurons."""
        return self.starts[-1]

    def neuron(self, neuron_id: int) -> Neuron:
        """Spell out one id.

        Raises:
            IndexError: If there is no such neuron.
        """
        if not 0 <= neuron_id < self.size:
            raise IndexError(f"neuron {neuron_id} is not one of 0..{self.size - 1}")
        index = bisect_right(self.starts, neuron_id) - 1
        block = self.blocks[index]
        unit = neuron_id - self.starts[index]
        return Neuron(neuron_id, block.component, block.layer, block.direction, unit)

    def select(self, layers: Sequence[int]) -> NeuronLayout:
        """Return the layout of the blocks in ``layers`` only, renumbered from 0."""
        return NeuronLayout(tuple(block for block in self.blocks if block.layer in layers))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the blocks as plain data."""
        return [vars(block).copy() for block in self.blocks]

    @classmethod
    def from_json(cls, blocks: Sequence[Mapping[str, Any]]) -> NeuronLayout:
        """Read back what `to_json` wrote."""
        return cls(tuple(Block(**block) for block in blocks))


@dataclass(frozen=True, eq=False)
class Ranking:
    """All D neurons, most important first.

    Attributes:
        method: The name under which ``ranking=`` knows it.
        order: Every id exactly once.
        scores: The score of every neuron *by id*; larger is more important.
        layout: What the ids mean.
        by_label: An order of all neurons for each label, where the method defines one.
        unranked: How many neurons at the end of ``order`` the method could not tell apart.

    Raises:
        ValueError: If ``order`` is not a permutation of the layout's ids.
    """

    method: str
    order: Int[Tensor, " neurons"]
    scores: Float[Tensor, " neurons"]
    layout: NeuronLayout
    by_label: Mapping[str, Int[Tensor, " neurons"]] = field(default_factory=dict)
    unranked: int = 0

    def __post_init__(self) -> None:
        everyone = torch.arange(self.layout.size)
        for name, order in {"all": self.order, **self.by_label}.items():
            if not torch.equal(order.sort().values, everyone):
                raise ValueError(f"the order of '{name}' is not a permutation of the neuron ids")
        if len(self.scores) != self.layout.size:
            raise ValueError(f"{len(self.scores)} scores for {self.layout.size} neurons")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each neuron, best first: ``rank`` (from 1), what it is, its score."""
        neurons = [self.layout.neuron(neuron_id) for neuron_id in self.order.tolist()]
        return pd.DataFrame(
            {
                "ranking": self.method,
                "rank": range(1, len(neurons) + 1),
                "neuron": [neuron.id for neuron in neurons],
                "component": [neuron.component for neuron in neurons],
                "layer": [neuron.layer for neuron in neurons],
                "direction": [neuron.direction for neuron in neurons],
                "unit": [neuron.unit for neuron in neurons],
                "score": self.scores[self.order].tolist(),
            }
        )
