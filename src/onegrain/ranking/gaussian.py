"""Intrinsic probing: neurons one by one, each the best beside those that are there already.

Torroba Hennigen et al. (EMNLP 2020): a Gaussian probe (`onegrain.probing.gaussian`) needs no
fitting anew for other neurons, so greedy forward selection can try every neuron in every step. The
value of some neurons is the mutual information of the labels with them, bounded from below by how
well they predict held-out words,

    I(z; x) >= H(z) + mean log2 p(z | x)   [bits],

so the highest likelihood of the labels gives the same order.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.groups import GroupMeans
from onegrain.probing.labelled import LabelledActivations
from onegrain.ranking.greedy import HeldOutWords, LabelGaussians
from onegrain.ranking.ordering import ascending
from onegrain.settings import Criterion

log = logging.getLogger(__name__)

STEPS_SAID = 25


def rank_by_gaussian(
    train: LabelledActivations,
    dev: LabelledActivations,
    means: GroupMeans,
    layout: NeuronLayout,
    *,
    neurons: int = 50,
    words: int = 5000,
    criterion: Criterion = Criterion.mutual_information,
    seed: int = 0,
) -> Ranking:
    """Rank neurons by greedy selection; those that are not selected, by their value alone.

    Args:
        train: What the Gaussians are fitted on; it is read once for each selected neuron.
        dev: Words on which neurons are valued.
        means: Of the labels' training words.
        layout: What the neurons are.
        neurons: How many are selected.
        words: Of dev, evenly spread, on which they are valued.
        criterion: The value.
        seed: Of the random order among neurons that cannot be told apart.

    Returns:
        A ranking whose score is what a neuron added to the value of those before it, and 0 for
        those that were not selected; ``unranked`` counts them. Constant neurons are last.
    """
    chosen = select_neurons(train, dev, means, neurons, words=words, criterion=criterion)
    places = torch.full((layout.size,), float(len(chosen.neurons)))
    places[chosen.neurons] = torch.arange(len(chosen.neurons), dtype=places.dtype)
    gains = torch.diff(chosen.values, prepend=torch.zeros(1, dtype=torch.float64))
    scores = torch.zeros(layout.size, dtype=torch.float64)
    scores[chosen.neurons] = gains
    return Ranking(
        method="gaussian",
        order=ascending(places, -chosen.alone, seed),
        scores=scores,
        layout=layout,
        unranked=layout.size - len(chosen.neurons),
    )


@dataclass(frozen=True, eq=False)
class GreedySelection:
    """What forward selection found.

    Attributes:
        neurons: Ids, in the order in which they were selected.
        values: Of the neurons up to each of them, on dev: bits, or accuracy beyond that of the
            most frequent label.
        alone: The value of every neuron alone, by id; minus infinity for a constant one.
    """

    neurons: Int[Tensor, " selected"]
    values: Float[Tensor, " selected"]
    alone: Float[Tensor, " neurons"]


def select_neurons(
    train: LabelledActivations,
    dev: LabelledActivations,
    means: GroupMeans,
    neurons: int,
    *,
    words: int = 5000,
    criterion: Criterion = Criterion.mutual_information,
) -> GreedySelection:
    """Select neurons greedily; the arguments are those of `rank_by_gaussian`."""
    candidates = (means.variance > 0).nonzero()[:, 0]
    of_candidates = replace(
        means,
        means=means.means[:, candidates],
        mean=means.mean[candidates],
        variance=means.variance[candidates],
    )
    most = min(neurons, len(candidates))
    if len(candidates) < train.neurons:
        train, dev = train.columns(candidates), dev.columns(candidates)
    gaussians = LabelGaussians(train, of_candidates, most)
    held_out = HeldOutWords(_labelled(dev, words), gaussians)
    alone = torch.full_like(means.variance, -torch.inf)
    values: list[float] = []
    for step in range(most):
        value = held_out.value_of_each(gaussians, criterion)
        if step == 0:
            alone[candidates] = value
        value[gaussians.selected] = -torch.inf
        best = int(value.argmax())
        values.append(float(value[best]))
        held_out.take_in(gaussians, best)
        gaussians.take_in(best)
        if (step + 1) % STEPS_SAID == 0:
            log.info(
                "gaussian: %d of %d neurons, %s %.3f", step + 1, most, criterion.name, value[best]
            )
    return GreedySelection(candidates[gaussians.selected], torch.tensor(values).double(), alone)


def _labelled(dev: LabelledActivations, words: int) -> LabelledActivations:
    """Return some words, leaving out those whose label training never showed."""
    rows = (dev.labels >= 0).nonzero()[:, 0]
    return dev.select(rows[:: max(1, -(-len(rows) // words))])
