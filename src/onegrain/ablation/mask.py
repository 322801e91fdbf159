"""Which neurons are ablated inside a model, where, and what they are set to."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.ablation.resampling import Resample
from onegrain.neurons import NeuronLayout
from onegrain.settings import Site


@dataclass(frozen=True, eq=False)
class Mask:
    """Neurons that are taken away from a model.

    Attributes:
        neurons: Their ids.
        layout: What the ids mean; that of the model.
        site: Where they are ablated.
        values: What they are set to: zero if not given, a constant for every neuron *by id* (such
            as its mean), or what they were at other tokens.
        may_be_empty: Set by `empty` alone.

    Raises:
        ValueError: If the ids are none, not of the layout, repeated, or not of the top layer where
            the site is `Site.context`; or if the values are not those of the layout's neurons.

    Example:
        >>> layout = NeuronLayout.bidirectional_encoder(layers=2, width=500)
        >>> Mask(torch.tensor([1902, 12]), layout, Site.context)
        Traceback (most recent call last):
        ValueError: site=context reaches the top layer only; below it is neuron 12
    """

    neurons: Int[Tensor, " neurons"]
    layout: NeuronLayout
    site: Site
    values: Float[Tensor, " all"] | Resample | None = None
    may_be_empty: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        _check_ids(self.neurons.tolist(), self.layout.size)
        if len(self.neurons) == 0 and not self.may_be_empty:
            raise ValueError("a mask without neurons; the baseline is Mask.empty(layout, site)")
        reached = set(site_neurons(self.layout, self.site).tolist())
        below = sorted(set(self.neurons.tolist()) - reached)
        if below:
            raise ValueError(
                f"site={self.site.name} reaches the top layer only; below it {_named(below)}"
            )
        _check_values(self.values, self.layout.size)

    @classmethod
    def empty(cls, layout: NeuronLayout, site: Site) -> Mask:
        """Return the mask that touches nothing: the baseline of a curve, exactly."""
        return cls(torch.empty(0, dtype=torch.long), layout, site, may_be_empty=True)


def site_neurons(layout: NeuronLayout, site: Site) -> Int[Tensor, " neurons"]:
    """Return the ids that can be ablated at a site: all, or for the context the top layer's.

    Example:
        >>> site_neurons(NeuronLayout.bidirectional_encoder(layers=2, width=2), Site.context)
        tensor([2, 3, 6, 7])
    """
    everyone = torch.arange(layout.size)
    if site is not Site.context:
        return everyone
    top = max(block.layer for block in layout.blocks)
    blocks = everyone.split([block.width for block in layout.blocks])
    pairs = zip(blocks, layout.blocks, strict=True)
    return torch.cat([ids for ids, block in pairs if block.layer == top])


def _check_ids(ids: list[int], size: int) -> None:
    outside = [neuron for neuron in ids if not 0 <= neuron < size]
    if outside:
        raise ValueError(f"neurons are 0..{size - 1}; not among them {_named(outside)}")
    if len(set(ids)) < len(ids):
        repeated = sorted({neuron for neuron in ids if ids.count(neuron) > 1})
        raise ValueError(f"in the mask more than once {_named(repeated)}")


def _check_values(values: Float[Tensor, " all"] | Resample | None, size: int) -> None:
    if values is None:
        return
    known = values.pool if isinstance(values, Resample) else values
    if known.shape[-1] != size:
        raise ValueError(f"a mask needs values for {size} neurons, not for {known.shape[-1]}")
    if isinstance(values, Tensor) and not bool(values.isfinite().all()):
        raise ValueError("a mask's values hold NaN or infinity")


def _named(ids: list[int]) -> str:
    shown = ", ".join(str(neuron) for neuron in ids[:5])
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return f"is neuron {shown}" if len(ids) == 1 else f"are neurons {shown}{more}"
