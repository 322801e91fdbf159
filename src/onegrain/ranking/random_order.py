"""No method at all: what any ranking must do better than."""

from __future__ import annotations

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.ranking.ordering import shuffled


def rank_at_random(layout: NeuronLayout, seed: int = 0) -> Ranking:
    """Rank neurons at random; the score is 1 for the first neuron and falls evenly to 1 / D.

    ``unranked`` is 0: a random order is what was asked for.

    Example:
        >>> from onegrain.neurons import Block
        >>> layout = NeuronLayout((Block("lm", 1, "", 4),))
        >>> sorted(rank_at_random(layout, seed=3).order.tolist())
        [0, 1, 2, 3]
    """
    order = shuffled(layout.size, seed)
    scores = 1 - order.argsort().double() / layout.size
    return Ranking(method="random", order=order, scores=scores, layout=layout)
