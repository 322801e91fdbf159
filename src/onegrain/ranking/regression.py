"""LinReg of Bau et al., ICLR 2019: a neuron matters if other models' neurons together predict it.

Ordinary least squares with an intercept, from second moments alone: with correlation matrices
R (features with each other) and c (features with a neuron), w = (R + ridge)^-1 c.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.errors import UserError
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.ranking.moments import Moments
from onegrain.ranking.ordering import rank_by_scores

RIDGE = 1e-5  # a feature's variance is 1; R of fp32 products may be off by some 1e-6


def rank_by_regression(
    moments: Moments, instance: int, layout: NeuronLayout, *, seed: int = 0
) -> Ranking:
    """Rank a model's neurons by the share of variance that the worst other model explains.

    Bau et al. sort by the worst model's mean squared error, smallest first, on standardised
    neurons; that error is 1 - R². Constant neurons have score 0 and come last.

    Args:
        moments: Of all instances, with the pairs of ``instance`` and each other model with itself.
        instance: The model whose neurons are ranked, from 0.
        layout: Of its neurons.
        seed: Of the random order among neurons that cannot be told apart.

    Raises:
        UserError: If there is no other model, or there are too few words for a regression.
    """
    others = moments.others(instance)
    explained = torch.stack([explained_variance(moments, instance, other) for other in others])
    return rank_by_scores("linear_regression", explained.amin(dim=0), layout, seed)


def explained_variance(moments: Moments, instance: int, other: int) -> Float[Tensor, " neurons"]:
    """Return R² of every neuron of ``instance``, regressed on all neurons of ``other``.

    Solved in fp64. The ridge of 1e-5 on standardised features decides between features that are
    copies of each other; R² is that of the solution itself, so the ridge costs it next to nothing.

    Raises:
        UserError: If there are not more words than neurons in ``other``: any words that few
            neurons have seen can be explained in full.
    """
    features = moments.correlation(other, other)
    if moments.words <= len(features) + 1:
        raise UserError(
            f"ranking=regression: {moments.words} words are too few to tell how "
            f"{len(features)} neurons explain another; rank on more text"
        )
    features.diagonal().add_(RIDGE)
    targets = moments.correlation(other, instance)
    weights: Tensor = torch.linalg.solve(features, targets)
    explained = (weights * targets).sum(dim=0) + RIDGE * weights.square().sum(dim=0)
    return explained.clamp(0, 1)
