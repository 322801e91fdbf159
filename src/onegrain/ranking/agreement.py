"""How far rankings of the same neurons agree.

AvgOverlap and NeuronVote judge a ranking by others (Fan et al. 2023, arXiv 2301.12608).
Rankings of *different* instances share no ids: those are compared in `instance_agreement`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.neurons import Ranking
from onegrain.ranking.ordering import ascending


def agreement_table(rankings: Mapping[str, Ranking], tops: Iterable[int]) -> pd.DataFrame:
    """Compare every two rankings at several numbers of top neurons.

    Args:
        rankings: Of the same neurons, by the names to be shown.
        tops: Each is a number of top neurons; many of them make an overlap curve.

    Returns:
        One row for each two rankings and top: ``one``, ``other``, ``top``, ``overlap`` (see
        `overlap`), ``jaccard``, ``chance`` (the overlap of random rankings) and ``spearman``
        (over all neurons, so the same for every top).

    Raises:
        ValueError: If there are not so many neurons, or rankings differ in their number of them.
    """
    tops = list(tops)
    rows = []
    for (one, ranking), (other, another) in combinations(rankings.items(), 2):
        correlation = spearman(ranking, another)
        for top in tops:
            shared = overlap(ranking, another, top)
            jaccard = shared / (2 - shared)
            chance = top / ranking.layout.size
            rows.append((one, other, top, shared, jaccard, chance, correlation))
    columns = ["one", "other", "top", "overlap", "jaccard", "chance", "spearman"]
    return pd.DataFrame(rows, columns=columns)


def consensus_table(
    rankings: Mapping[str, Ranking], tops: Iterable[int], voted: int = 100
) -> pd.DataFrame:
    """Judge every ranking by all others.

    Args:
        rankings: Two or more of the same neurons, by the names to be shown.
        tops: Numbers of top neurons; the paper has 10 to 100.
        voted: How many top neurons of a ranking have a say in NeuronVote.

    Returns:
        One row for each ranking and top: ``ranking``, ``top``, ``average_overlap`` (see
        `average_overlap`) and ``neuron_vote`` (see `neuron_vote`).

    Raises:
        ValueError: If there are not so many neurons, or rankings differ in their number of them.
    """
    tops = list(tops)
    rows = []
    for name, ranking in rankings.items():
        others = [another for other, another in rankings.items() if other != name]
        for top in tops:
            average = average_overlap(ranking, others, top)
            rows.append((name, top, average, neuron_vote(ranking, others, top, voted)))
    return pd.DataFrame(rows, columns=["ranking", "top", "average_overlap", "neuron_vote"])


def overlap(one: Ranking, other: Ranking, top: int) -> float:
    """Return the share of the ``top`` neurons of one ranking that are in the other's top too.

    Example:
        >>> from onegrain.neurons import Block, NeuronLayout
        >>> layout = NeuronLayout((Block("lm", 1, "", 4),))
        >>> one, other = (
        ...     Ranking("one", torch.tensor(order), torch.zeros(4), layout)
        ...     for order in ([0, 1, 2, 3], [3, 1, 2, 0])
        ... )
        >>> overlap(one, other, top=2)
        0.5
    """
    return len(_top(one, top) & _top(other, top)) / top


def average_overlap(ranking: Ranking, others: Sequence[Ranking], top: int) -> float:
    """Return AvgOverlap: the mean Jaccard index of the top neurons with each other ranking's."""
    own = _top(ranking, top)
    return float(np.mean([_jaccard(own, _top(other, top)) for other in others]))


def neuron_vote(ranking: Ranking, others: Sequence[Ranking], top: int, voted: int = 100) -> float:
    """Return NeuronVote: the Jaccard index of the top neurons with those the others vote for.

    A Borda vote: each other ranking gives its first neuron ``voted`` points, its second one less,
    and none to those after ``voted``. Where fewer than ``top`` neurons have points, only these are
    compared with; equal points are decided at random (with a fixed seed).
    """
    voted = min(voted, ranking.layout.size)
    points = torch.zeros(ranking.layout.size, dtype=torch.float64)
    for other in others:
        points[_first(other, voted)] += torch.arange(voted, 0, -1, dtype=torch.float64)
    elected = ascending(-points, torch.zeros_like(points), seed=0)[:top]
    return _jaccard(_top(ranking, top), set(elected[points[elected] > 0].tolist()))


def spearman(one: Ranking, other: Ranking) -> float:
    """Return the rank correlation of two orders, where what a ranking cannot tell apart is a tie.

    Without ties it is 0 on average for an order at random, and exactly 1 for the same order. It is
    0 if either ranking tells no neurons apart.

    Raises:
        ValueError: If the rankings differ in their number of neurons.
    """
    if len(one.order) != len(other.order):
        raise ValueError(f"rankings of {len(one.order)} and {len(other.order)} neurons")
    return rank_correlation(positions(one), positions(other))


def positions(ranking: Ranking) -> Int[Tensor, " neurons"]:
    """Return the rank of every neuron by id, from 0; unranked neurons all share the first's."""
    ranks = ranking.order.argsort()
    return ranks.clamp(max=len(ranks) - ranking.unranked)


def rank_correlation(one: Int[Tensor, " neurons"], other: Int[Tensor, " neurons"]) -> float:
    """Return Spearman's correlation, ties at their mean rank; 0 if all of one are tied."""
    ranks, other_ranks = (pd.Series(values.numpy()).rank() for values in (one, other))
    if min(ranks.nunique(), other_ranks.nunique()) < 2:
        return 0.0
    return float(ranks.corr(other_ranks))


def _first(ranking: Ranking, count: int) -> Int[Tensor, " top"]:
    if not 0 < count <= len(ranking.order):
        raise ValueError(f"the top {count} of {len(ranking.order)} neurons")
    return ranking.order[:count]


def _top(ranking: Ranking, count: int) -> set[int]:
    return set(_first(ranking, count).tolist())


def _jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)
