"""Linguistic Correlation Analysis: the order of the neurons that a probe's weights tell.

Dalvi et al., AAAI 2019, Algorithm 1, steps through shares p of the weight mass: for each label it
takes the neurons of largest |weight| that together hold p of the label's mass, and appends the
union's new members. Here p takes every value at once. Neuron j enters label l's selection at the
share that the neurons before it hold,

    c_l(j) = (sum of |w_l| strictly before j, in descending order) / (sum of |w_l|),

so the ordering is ascending in min_l c_l(j): one sort for each label, and every chunk of the
stepped algorithm can be read off it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.ranking.ordering import ascending


def rank_by_weights(
    weights: Float[Tensor, "labels neurons"],
    labels: Sequence[str],
    layout: NeuronLayout,
    seed: int = 0,
) -> Ranking:
    """Rank all neurons by a probe's weights: Algorithm 1 with a step that goes to zero.

    Ties (every label's top neuron enters at share 0) go to the neuron that holds the larger share
    of a label's mass. A label without weights contributes nothing. Neurons without a weight for
    any label come last in a random order, because an order by id would bias every bottom curve;
    ``unranked`` counts them.

    Args:
        weights: The probe's weights.
        labels: A name for each row of ``weights``.
        layout: What the columns are.
        seed: Of the random order among neurons that cannot be told apart.

    Returns:
        A ranking whose score is ``1 - min_l c_l(j)``, and 0 for neurons without weight.

    Example:
        >>> from onegrain.neurons import Block
        >>> layout = NeuronLayout((Block("encoder", 1, "", 4),))
        >>> weights = torch.tensor([[5.0, 4.0, 1.0, 0.0], [0.0, 1.0, -9.0, 0.0]])
        >>> rank_by_weights(weights, ["NOUN", "VERB"], layout).order.tolist()
        [2, 0, 1, 3]
    """
    mass = MassShares.of(weights)
    entry = mass.before.min(dim=0).values
    order = ascending(entry, -mass.own.max(dim=0).values, seed)
    used = entry.isfinite()
    return Ranking(
        method="linear_correlation",
        order=order,
        scores=torch.where(used, 1 - entry, 0.0),
        layout=layout,
        by_label={
            label: ascending(before, -own, seed)
            for label, before, own in zip(labels, mass.before, mass.own, strict=True)
        },
        unranked=int((~used).sum()),
    )


def salient_neurons(
    weights: Float[Tensor, "labels neurons"], share: float
) -> list[Int[Tensor, " salient"]]:
    """Return, for each label, its fewest neurons that hold ``share`` of its weight mass.

    The neuron that crosses the share is included, as in the authors' code; strongest first.
    """
    mass = MassShares.of(weights)
    return [before.argsort(stable=True)[: int((before < share).sum())] for before in mass.before]


def labels_served(
    weights: Float[Tensor, "labels neurons"], labels: Sequence[str], share: float
) -> pd.DataFrame:
    """Say for every neuron, by id, which labels it matters to.

    Returns:
        ``best_label``, of whose weight mass the neuron holds most (empty without weights), and
        ``labels``, all labels it is salient for at ``share`` of the mass, separated by spaces.
    """
    own = MassShares.of(weights).own
    served: list[list[str]] = [[] for _ in range(weights.shape[1])]
    for label, neurons in zip(labels, salient_neurons(weights, share), strict=True):
        for neuron in neurons.tolist():
            served[neuron].append(label)
    best = zip(own.argmax(dim=0).tolist(), own.max(dim=0).values.tolist(), strict=True)
    return pd.DataFrame(
        {
            "best_label": [labels[label] if held > 0 else "" for label, held in best],
            "labels": [" ".join(names) for names in served],
        }
    )


def stepped_chunks(
    weights: Float[Tensor, "labels neurons"], step: float = 0.01, *, inclusive: bool = True
) -> list[Int[Tensor, " chunk"]]:
    """Return Algorithm 1 as printed: the neurons that each further ``step`` of mass adds.

    The order inside a chunk is undefined in the authors' code; here it is that of the exact
    ordering. Chunks without a new neuron are left out. Neurons that enter with the last step or
    never form the last chunk, since rounding alone tells them apart.

    Args:
        weights: The probe's weights.
        step: The paper's alpha; the code has 1%, a demo 0.1%.
        inclusive: Take the neuron that crosses the share too, as the authors' code does since
            September 2018; before, and so probably for the paper, it was left out.
    """
    mass = MassShares.of(weights)
    steps = round(1 / step)
    reached = mass.before if inclusive else mass.before + mass.own
    entry = reached.min(dim=0).values
    shares = torch.arange(1, steps, dtype=torch.float64) / steps
    chunk = torch.bucketize(entry, shares, right=True).clamp(max=steps - 1)
    order = ascending(entry, -mass.own.max(dim=0).values, seed=0)
    sizes = torch.bincount(chunk, minlength=steps)
    return [
        part for part in order[chunk[order].argsort(stable=True)].split(sizes.tolist()) if len(part)
    ]


@dataclass(frozen=True)
class MassShares:
    """How each label's weight mass lies on the neurons.

    Attributes:
        own: The share of its label's mass that a weight holds; 0 for a label without weights.
        before: The share held by larger weights of the same label, c_l(j); infinite where the
            weight is zero, so that it never enters.
    """

    own: Float[Tensor, "labels neurons"]
    before: Float[Tensor, "labels neurons"]

    @classmethod
    def of(cls, weights: Float[Tensor, "labels neurons"]) -> MassShares:
        """Measure ``weights`` in fp64, so that long sums keep small weights apart."""
        size = weights.abs().double()
        own = size / size.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
        descending, order = own.sort(dim=1, descending=True, stable=True)
        before = torch.empty_like(own).scatter_(1, order, descending.cumsum(dim=1) - descending)
        return cls(own, before.masked_fill(size == 0, torch.inf))
