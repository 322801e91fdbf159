"""The rankings by a task's labels, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from onegrain.errors import UserError
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.groups import GroupMeans, group_means
from onegrain.probing.labelled import LabelledActivations
from onegrain.ranking.gaussian import rank_by_gaussian
from onegrain.ranking.iou import rank_by_iou
from onegrain.ranking.label_means import rank_by_anova, rank_by_probeless, rank_by_selectivity
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.ranking.mean_weight import rank_by_mean_weight
from onegrain.settings import Method, RankingSettings


@dataclass(frozen=True, eq=False)
class Labelled:
    """What a model's neurons do on labelled words.

    Attributes:
        train: Training words; each has one of the labels, and each label a word.
        dev: Words on which greedy selection compares neurons.
        labels: Label names, by id.
        weight: Of a probe that was fitted on ``train``.
        layout: What the neurons are.
    """

    train: LabelledActivations
    dev: LabelledActivations
    labels: Sequence[str]
    weight: Float[Tensor, "labels neurons"]
    layout: NeuronLayout

    @cached_property
    def means(self) -> GroupMeans:
        """Of the training words of each label.

        Raises:
            UserError: If an activation is not a number or infinite.
        """
        means = group_means(self.train.activations, {"labels": self.train.labels})["labels"]
        wrong = (~means.variance.isfinite()).nonzero()[:, 0].tolist()
        if wrong:
            raise UserError(
                f"neuron {wrong[0]} is not a number or infinite on some labelled word, as are "
                f"{len(wrong) - 1} other neurons; look at how the model was trained"
            )
        return means


def rank_with_labels(
    method: Method, labelled: Labelled, settings: RankingSettings, seed: int
) -> Ranking:
    """Rank neurons by the labels of a task.

    Args:
        method: One of `onegrain.settings.LABELLED`.
        labelled: The words, and the probe for methods that look at its weights.
        settings: What `Method.gaussian` and `Method.iou` are.
        seed: Of the random order among neurons that cannot be told apart.

    Raises:
        UserError: If an activation that is looked at is not a number or infinite.
        ValueError: If the method needs no labels.
    """
    weight, labels, layout = labelled.weight, labelled.labels, labelled.layout
    match method:
        case Method.linear_correlation:
            return rank_by_weights(weight, labels, layout, seed)
        case Method.mean_weight:
            return rank_by_mean_weight(weight, labels, layout, seed=seed)
        case Method.probeless:
            return rank_by_probeless(labelled.means, labels, layout, seed=seed)
        case Method.anova:
            return rank_by_anova(labelled.means, labels, layout, seed=seed)
        case Method.selectivity:
            source = labelled.train.activations
            return rank_by_selectivity(labelled.means, source, labels, layout, seed=seed)
        case Method.iou:
            varies, quantile = labelled.means.variance > 0, settings.iou.quantile
            return rank_by_iou(
                labelled.train, labels, layout, quantile=quantile, varies=varies, seed=seed
            )
        case Method.gaussian:
            chosen = settings.gaussian
            return rank_by_gaussian(
                labelled.train,
                labelled.dev,
                labelled.means,
                layout,
                neurons=chosen.neurons,
                words=chosen.words,
                criterion=chosen.criterion,
                seed=seed,
            )
        case _:
            raise ValueError(f"{method.name} is not a ranking of neurons by labels")
