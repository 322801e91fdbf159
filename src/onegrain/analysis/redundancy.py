"""How often a network says the same: disjoint sets of neurons that each do as well as all.

Durrani et al. (EMNLP 2020): take the minimal set away, rank the rest by a probe fitted on the rest,
look for a minimal set there, and so on while the rest reaches the target.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from onegrain.analysis.minimal import MinimalSet
from onegrain.neurons import NeuronLayout
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.refitting import Refit
from onegrain.probing.scoring import score
from onegrain.ranking.linear_correlation import rank_by_weights


def disjoint_sets(
    refit: Refit,
    search: Callable[[Int[Tensor, " rest"]], MinimalSet],
    first: MinimalSet,
    layout: NeuronLayout,
    dev: LabelledActivations,
    most: int,
    seed: int = 0,
) -> tuple[MinimalSet, ...]:
    """Return disjoint sets of neurons that each reach the target of the first.

    Args:
        refit: Fits the probe again on some neurons only.
        search: `minimal_set` in an order of some neurons, with all else chosen.
        first: The minimal set, which all others leave out.
        layout: What the neurons are.
        dev: Where sets are compared with the target.
        most: How many to look for, the first among them.
        seed: Of the order among neurons that the probe gives no weight.

    Returns:
        The sets in the order in which they were found, the first always among them. An empty one,
        as where the labels' frequencies alone reach the target, is the last.
    """
    found = [first]
    rest = torch.ones(layout.size, dtype=torch.bool)
    while len(found) < most and len(found[-1].neurons):
        rest[found[-1].neurons] = False
        order = _order_of_rest(refit, rest, layout, dev, first.target, seed)
        if order is None:
            break
        further = search(order)
        if not further.reached:  # all of the rest do by a hair, and not in another batch
            break
        found.append(further)
    return tuple(found)


def _order_of_rest(
    refit: Refit,
    rest: Bool[Tensor, " neurons"],
    layout: NeuronLayout,
    dev: LabelledActivations,
    target: float,
    seed: int,
) -> Int[Tensor, " rest"] | None:
    """Rank what is left, or return None where all of it together misses the target."""
    if not rest.any():
        return None
    probe = refit(rest[None])
    if float(score(probe, dev).accuracy) < target:
        return None
    order = rank_by_weights(probe.weight[0], probe.labels, layout, seed).order
    return order[rest[order]]
