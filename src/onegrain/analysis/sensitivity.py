"""How much of each label's logit a neuron contributes where the label stands, and elsewhere.

Xin, Lin & Yu (EMNLP 2019): with logits y = W h + b, neuron i contributes u_ij(t) = W_ji h_i(t) to
label j at word t. Its sensitivity to the label is

    s_ij = mean of u_ij over the words of label j  -  mean of u_ij over all other words,

which is W_ji times a difference of two means of h_i: so the means of all neurons on the words of
each label, read in one pass, give all of S. The words of a label are those that have it (gold) or
those for which it is predicted.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.groups import group_means
from onegrain.probing.labelled import ActivationSource
from onegrain.ranking.ordering import ascending

METHOD = "sensitivity"
BLOCK_WORDS = 4096


def sensitivity(
    weight: Float[Tensor, "labels neurons"],
    source: ActivationSource,
    groups: Int[Tensor, " tokens"],
) -> Float[Tensor, "labels neurons"]:
    """Return the sensitivity of every neuron to every label, in units of the logit.

    Args:
        weight: Of a linear output layer or probe.
        source: Activations of the words.
        groups: The label of each word, gold or predicted; a word with a number below 0 is left out.

    Returns:
        S; a label that has no words, or all of them, has a row of zeros.

    Raises:
        ValueError: If there is not one group for each word, or one without weights.

    Example:
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]])
        >>> sensitivity(torch.ones(2, 2), InMemory(values), torch.tensor([0, 0, 1])).tolist()
        [[2.0, -5.0], [-2.0, 5.0]]
    """
    labels = len(weight)
    if len(groups) and int(groups.max()) >= labels:
        raise ValueError(f"a word of label {int(groups.max())}, and there are {labels}")
    found = group_means(source, {METHOD: groups})[METHOD]
    counts = torch.zeros(labels, 1, dtype=torch.float64)
    inside = torch.zeros_like(weight, dtype=torch.float64)
    counts[: len(found.counts), 0] = found.counts.double()
    inside[: len(found.means)] = found.means
    others = found.words - counts
    outside = (found.words * found.mean - counts * inside) / others.clamp(min=1)
    defined = (counts > 0) & (others > 0)
    return torch.where(defined, weight.double() * (inside - outside), 0.0)


def predicted_groups(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    source: ActivationSource,
) -> Int[Tensor, " tokens"]:
    """Return the label that W h + b is largest for, of every word."""
    parts = [
        torch.addmm(bias, block.float(), weight.T).argmax(dim=1)
        for block in source.blocks(BLOCK_WORDS)
    ]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.long)


def rank_by_sensitivity(
    sensitivities: Float[Tensor, "labels neurons"],
    labels: Sequence[str],
    layout: NeuronLayout,
    seed: int = 0,
) -> Ranking:
    """Rank neurons for each label by their signed sensitivity to it, largest first.

    A neuron that holds a label down stands last in its order. The overall order, which the paper
    does not have, is by the largest sensitivity to any label: first stand the neurons that some
    label owes most to. Ties are in a random order.

    Args:
        sensitivities: S.
        labels: A name for each row.
        layout: What the columns are.
        seed: Of the random order among neurons that cannot be told apart.
    """
    scores = sensitivities.max(dim=0).values
    nothing = torch.zeros_like(scores)
    return Ranking(
        method=METHOD,
        order=ascending(-scores, nothing, seed),
        scores=scores,
        layout=layout,
        by_label={
            label: ascending(-row, nothing, seed)
            for label, row in zip(labels, sensitivities, strict=True)
        },
        unranked=int((sensitivities == 0).all(dim=0).sum()),
    )
