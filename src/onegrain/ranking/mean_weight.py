"""The simplest order that a probe's weights tell: the mean of their size over the labels."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.ranking.ordering import rank_by_label_scores


def rank_by_mean_weight(
    weights: Float[Tensor, "labels neurons"],
    labels: Sequence[str],
    layout: NeuronLayout,
    *,
    seed: int = 0,
) -> Ranking:
    """Rank neurons by their mean |weight|, and for each label by |weight|.

    Unlike `rank_by_weights` it lets a label with large weights count more than others. Neurons
    without a weight have score 0 and come last.

    Args:
        weights: The probe's weights.
        labels: A name for each row of ``weights``.
        layout: What the columns are.
        seed: Of the random order among neurons that cannot be told apart.

    Example:
        >>> import torch
        >>> from onegrain.neurons import Block
        >>> layout = NeuronLayout((Block("encoder", 1, "", 3),))
        >>> weights = torch.tensor([[5.0, 0.0, 1.0], [0.0, 0.0, -9.0]])
        >>> rank_by_mean_weight(weights, ["NOUN", "VERB"], layout).scores.tolist()
        [2.5, 0.0, 5.0]
    """
    size = weights.abs().double()
    return rank_by_label_scores("mean_weight", size, labels, size.mean(dim=0), layout, seed)
