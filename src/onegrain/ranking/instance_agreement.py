"""Whether a method ranks the neurons of another instance alike.

Neuron 7 of one instance has nothing to do with neuron 7 of another: both were initialised at
random. So every neuron is followed to its partner, the neuron of the other instance that
correlates with it most (in |ρ|), and the partners' ranks are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations

import pandas as pd
from jaxtyping import Int
from torch import Tensor

from onegrain.neurons import Ranking
from onegrain.ranking.agreement import positions, rank_correlation
from onegrain.ranking.moments import Moments


def instance_agreement_table(
    rankings: Sequence[Ranking], moments: Moments, tops: Iterable[int]
) -> pd.DataFrame:
    """Compare one method's rankings of several instances.

    A cross-model ranking agrees with itself for two reasons: the partner of a neuron that is well
    matched is well matched too, by definition. Compare with other methods before reading a high
    agreement as a property of the models.

    Args:
        rankings: One for each instance, in the order of ``moments``.
        moments: Of the instances, with all pairs.
        tops: Each is a number of top neurons.

    Returns:
        One row for every ordered pair of instances (counted from 1) and top: ``one``, ``other``,
        ``top``, ``overlap`` (the share of the top neurons of one whose partner is in the other's
        top), ``chance`` (of it, were the other's ranking random) and ``spearman`` (between the
        ranks of all neurons of one and of their partners; the same for every top).

    Raises:
        ValueError: If there are not so many neurons, or not one ranking for each instance.
    """
    tops = list(tops)
    if len(rankings) != len(moments.means):
        raise ValueError(f"{len(rankings)} rankings of {len(moments.means)} instances")
    rows = []
    for one, other in permutations(range(len(rankings)), 2):
        partner = partners(moments, one, other)
        partner_ranks = positions(rankings[other])[partner]
        correlation = rank_correlation(positions(rankings[one]), partner_ranks)
        for top in tops:
            followed = matched_overlap(rankings[one], rankings[other], partner, top)
            chance = top / len(rankings[other].order)
            rows.append((one + 1, other + 1, top, followed, chance, correlation))
    columns = ["one", "other", "top", "overlap", "chance", "spearman"]
    return pd.DataFrame(rows, columns=columns)


def partners(moments: Moments, one: int, other: int) -> Int[Tensor, " neurons"]:
    """Return, for every neuron of ``one``, the neuron of ``other`` with the highest |ρ|.

    Several neurons may have the same partner.
    """
    return moments.correlation(one, other).abs_().argmax(dim=1)


def matched_overlap(
    one: Ranking, other: Ranking, partner: Int[Tensor, " neurons"], top: int
) -> float:
    """Return the share of the top neurons of ``one`` whose partner is in the top of ``other``.

    Raises:
        ValueError: If either model has fewer neurons.
    """
    if not 0 < top <= min(len(one.order), len(other.order)):
        raise ValueError(f"the top {top} of {len(one.order)} and {len(other.order)} neurons")
    theirs = set(other.order[:top].tolist())
    return sum(neuron in theirs for neuron in partner[one.order[:top]].tolist()) / top
