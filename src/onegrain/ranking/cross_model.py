"""Cross-model correlation: a neuron matters if other models have learned it too.

Dalvi et al., AAAI 2019, section "Cross-model Correlation Analysis"; MinCorr is of Bau et al.,
ICLR 2019.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.ranking.moments import Moments
from onegrain.ranking.ordering import rank_by_scores
from onegrain.settings import Reduce, Weight


def rank_by_cross_model(
    moments: Moments,
    instance: int,
    layout: NeuronLayout,
    *,
    reduce: Reduce = Reduce.max,
    signed: bool = False,
    weight: Weight = Weight.none,
    seed: int = 0,
) -> Ranking:
    """Rank a model's neurons by how well a single neuron of other models correlates with them.

    In each other model the best match of a neuron is looked for, and these are reduced to one
    score: their ``max`` (the paper's MaxCorr), ``mean``, or ``min`` (MinCorr: a neuron must be
    found in every model). The paper's formula has the signed correlation and its code |ρ|.
    Constant neurons have score 0 and come last.

    Args:
        moments: Of all instances, with the pairs of ``instance``.
        instance: The model whose neurons are ranked, from 0.
        layout: Of its neurons.
        reduce: How the best matches in several models become one score.
        signed: Take ρ for |ρ|.
        weight: ``std`` multiplies the score by the neuron's standard deviation.
        seed: Of the random order among neurons that cannot be told apart.

    Returns:
        A ranking named ``cross_model``, followed by what differs from the paper's code, such as
        ``cross_model_min_std``.

    Raises:
        UserError: If there is no other model.
    """
    scores = _reduced(best_correlations(moments, instance, signed=signed), reduce)
    if weight is Weight.std:
        scores = scores * moments.variances[instance].sqrt()
    return rank_by_scores(_name(reduce, signed, weight), scores, layout, seed)


def best_correlations(
    moments: Moments, instance: int, *, signed: bool = False
) -> Float[Tensor, "models neurons"]:
    """Return, for each other model, the highest correlation that every neuron has with any there.

    Args:
        moments: Of all instances, with the pairs of ``instance``.
        instance: The model whose neurons are meant, from 0.
        signed: Take ρ for |ρ|.

    Raises:
        UserError: If there is no other model.
    """
    correlations = (moments.correlation(instance, other) for other in moments.others(instance))
    strengths = (each if signed else each.abs_() for each in correlations)
    return torch.stack([each.max(dim=1).values for each in strengths])


def _reduced(best: Float[Tensor, "models neurons"], reduce: Reduce) -> Float[Tensor, " neurons"]:
    if reduce is Reduce.mean:
        return best.mean(dim=0)
    return best.amax(dim=0) if reduce is Reduce.max else best.amin(dim=0)


def _name(reduce: Reduce, signed: bool, weight: Weight) -> str:
    parts = {
        "cross_model": True,
        reduce.name: reduce is not Reduce.max,
        "signed": signed,
        weight.name: weight is not Weight.none,
    }
    return "_".join(part for part, said in parts.items() if said)
