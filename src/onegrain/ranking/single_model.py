"""Rankings from one model alone, which Dalvi et al. (AAAI 2019, Figure 7) compare with.

The paper has "variance" and "distance from the mean" and does not define the latter. Here it is
the distance of a neuron's mean from the mean of all neurons' means, in both directions; |mean|
and the mean absolute deviation are other readings of the same words.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.labelled import ActivationSource
from onegrain.ranking.moments import BLOCK_WORDS, Moments
from onegrain.ranking.ordering import rank_by_scores


def rank_by_variance(
    moments: Moments, instance: int, layout: NeuronLayout, *, seed: int = 0
) -> Ranking:
    """Rank a model's neurons by their variance, largest first; constant neurons are last."""
    return rank_by_scores("variance", moments.variances[instance], layout, seed)


def rank_by_distance_from_mean(
    moments: Moments,
    instance: int,
    layout: NeuronLayout,
    *,
    nearest_first: bool = False,
    seed: int = 0,
) -> Ranking:
    """Rank a model's neurons by |mean_j - mean of all means|.

    Args:
        moments: Of the model, with or without others.
        instance: The model, from 0.
        layout: Of its neurons.
        nearest_first: Put the smallest distance first; the score is then the negative distance.
        seed: Of the random order among neurons that cannot be told apart.

    Returns:
        A ranking named ``distance_from_mean`` or ``distance_from_mean_nearest``. Constant neurons
        are ranked like any other, because their mean is known.
    """
    means = moments.means[instance]
    distance = (means - means.mean()).abs()
    return rank_by_scores(
        "distance_from_mean_nearest" if nearest_first else "distance_from_mean",
        -distance if nearest_first else distance,
        layout,
        seed,
        scored=torch.ones(layout.size, dtype=torch.bool),
    )


def rank_by_absolute_mean(
    moments: Moments, instance: int, layout: NeuronLayout, *, seed: int = 0
) -> Ranking:
    """Rank a model's neurons by |mean|: how far from what they usually are a zero takes them."""
    return rank_by_scores("absolute_mean", moments.means[instance].abs(), layout, seed)


def rank_by_absolute_deviation(
    recording: ActivationSource,
    mean: Float[Tensor, " neurons"],
    layout: NeuronLayout,
    *,
    seed: int = 0,
) -> Ranking:
    """Rank a model's neurons by E|x - mean|, largest first; constant neurons are last.

    Args:
        recording: Of the model; it is read once more.
        mean: Of its neurons, `Moments.means`.
        layout: Of its neurons.
        seed: Of the random order among neurons that cannot be told apart.
    """
    total = torch.zeros(recording.shape[1], dtype=torch.float64)
    center = mean.float()  # exact for a constant neuron, whose deviation then is exactly 0
    for block in recording.blocks(BLOCK_WORDS):
        total += (block - center).abs_().sum(dim=0)
    return rank_by_scores("absolute_deviation", total / recording.shape[0], layout, seed)
