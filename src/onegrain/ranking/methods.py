"""The rankings without labels, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.labelled import ActivationSource
from onegrain.ranking.cross_model import rank_by_cross_model
from onegrain.ranking.moments import Moments, every_pair
from onegrain.ranking.random_order import rank_at_random
from onegrain.ranking.regression import rank_by_regression
from onegrain.ranking.single_model import (
    rank_by_absolute_deviation,
    rank_by_absolute_mean,
    rank_by_distance_from_mean,
    rank_by_variance,
)
from onegrain.ranking.svcca import Directions, shared_directions
from onegrain.settings import Method, RankingSettings, Reduce, Weight


@dataclass(frozen=True, eq=False)
class Instances:
    """Models of the same kind that have read the same words.

    Attributes:
        recordings: One for each model, of the same words in the same order.
        layout: Of the neurons of each.
    """

    recordings: Sequence[ActivationSource]
    layout: NeuronLayout

    @cached_property
    def moments(self) -> Moments:
        """Means, variances and covariances, of all pairs."""
        return Moments.of(self.recordings, every_pair(len(self.recordings), within=True))


def rank(
    method: Method, instances: Instances, instance: int, settings: RankingSettings, seed: int
) -> Ranking:
    """Rank the neurons of one instance without labels.

    Args:
        method: Neither one of `onegrain.settings.LABELLED` (`rank_with_labels`), nor
            `Method.svcca`, which has directions (`directions_of`).
        instances: The model and those it is compared with.
        instance: Which of them is ranked, from 0.
        settings: What `Method.cross_model` is.
        seed: Of random orders, also among neurons that cannot be told apart.

    Raises:
        UserError: If the method compares instances and there is only one.
        ValueError: If the method is one of those.
    """
    moments, layout = instances.moments, instances.layout
    match method:
        case Method.cross_model:
            reduce, signed, weight = settings.reduce, settings.signed, settings.weight
        case Method.cross_model_mean:
            reduce, signed, weight = Reduce.mean, False, Weight.none
        case Method.cross_model_min:
            reduce, signed, weight = Reduce.min, False, Weight.none
        case Method.cross_model_signed:
            reduce, signed, weight = Reduce.max, True, Weight.none
        case Method.cross_model_std:
            reduce, signed, weight = Reduce.max, False, Weight.std
        case Method.linear_regression:
            return rank_by_regression(moments, instance, layout, seed=seed)
        case Method.variance:
            return rank_by_variance(moments, instance, layout, seed=seed)
        case Method.distance_from_mean | Method.distance_from_mean_nearest:
            nearest = method is Method.distance_from_mean_nearest
            return rank_by_distance_from_mean(
                moments, instance, layout, nearest_first=nearest, seed=seed
            )
        case Method.absolute_mean:
            return rank_by_absolute_mean(moments, instance, layout, seed=seed)
        case Method.absolute_deviation:
            recording, mean = instances.recordings[instance], moments.means[instance]
            return rank_by_absolute_deviation(recording, mean, layout, seed=seed)
        case Method.random:
            return rank_at_random(layout, seed)
        case _:
            raise ValueError(f"{method.name} is not a ranking of neurons without labels")
    return rank_by_cross_model(
        moments, instance, layout, reduce=reduce, signed=signed, weight=weight, seed=seed
    )


def directions_of(instances: Instances, instance: int, among: Int[Tensor, " chosen"]) -> Directions:
    """Return the directions of one instance that the others share (`Method.svcca`)."""
    return shared_directions(instances.moments, instance, instances.layout, among=among)
