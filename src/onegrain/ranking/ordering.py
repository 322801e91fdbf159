"""From scores to an order: what cannot be told apart is put in a seeded random order.

An order by id would bias every bottom curve, because neighbouring ids share a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking


def rank_by_scores(
    method: str,
    scores: Float[Tensor, " neurons"],
    layout: NeuronLayout,
    seed: int = 0,
    *,
    scored: Bool[Tensor, " neurons"] | None = None,
) -> Ranking:
    """Rank neurons by one score each, largest first; ties are in a random order.

    Args:
        method: Name of the ranking.
        scores: By id.
        layout: What the ids mean.
        seed: Of the random order among neurons that cannot be told apart.
        scored: Where there is a score at all; by default where it is not 0. The others come last,
            in a random order, with score 0, and ``unranked`` counts them.

    Example:
        >>> from onegrain.neurons import Block
        >>> layout = NeuronLayout((Block("lm", 1, "", 3),))
        >>> ranking = rank_by_scores("variance", torch.tensor([0.5, 0.0, 2.0]), layout)
        >>> ranking.order.tolist(), ranking.unranked
        ([2, 0, 1], 1)
    """
    scored = scores != 0 if scored is None else scored
    return Ranking(
        method=method,
        order=ascending((~scored).to(scores.dtype), torch.where(scored, -scores, 0.0), seed),
        scores=torch.where(scored, scores, 0.0),
        layout=layout,
        unranked=int((~scored).sum()),
    )


def rank_by_label_scores(
    method: str,
    by_label: Float[Tensor, "labels neurons"],
    labels: Sequence[str],
    scores: Float[Tensor, " neurons"],
    layout: NeuronLayout,
    seed: int = 0,
) -> Ranking:
    """Rank neurons by one score each, and for each label by the score that they have for it.

    Args:
        method: Name of the ranking.
        by_label: What orders the neurons of a label, largest first; ties are in a random order.
        labels: A name for each row of ``by_label``.
        scores: What orders all neurons, as in `rank_by_scores`.
        layout: What the ids mean.
        seed: Of the random order among neurons that cannot be told apart.
    """
    ranking = rank_by_scores(method, scores, layout, seed)
    even = torch.zeros_like(scores)
    orders = {
        label: ascending(-own, even, seed) for label, own in zip(labels, by_label, strict=True)
    }
    return replace(ranking, by_label=orders)


def ascending(
    first: Float[Tensor, " neurons"], then: Float[Tensor, " neurons"], seed: int
) -> Int[Tensor, " neurons"]:
    """Order ids by ``first``, then by ``then``, then at random."""
    order = shuffled(len(first), seed)
    order = order[then[order].argsort(stable=True)]
    return order[first[order].argsort(stable=True)]


def shuffled(neurons: int, seed: int) -> Int[Tensor, " neurons"]:
    """Return all ids in a random order, the same for the same seed on every machine."""
    return torch.randperm(neurons, generator=torch.Generator().manual_seed(seed))
