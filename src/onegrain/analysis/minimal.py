"""The fewest neurons of an order that, with the probe retrained on them, do as well as all.

The search of Durrani et al. (EMNLP 2020; JMLR 2022): retrain on the first n neurons of a ranking
for growing n, and stop where the dev score is within a share of the oracle's, the probe on all
neurons. Their steps (`RETRAINED`) find it to a few percent; here it is narrowed down to a neuron.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from jaxtyping import Int
from torch import Tensor

from onegrain.ablation.schedule import RETRAINED, neuron_counts
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.refitting import Refit, prefix_masks
from onegrain.probing.scoring import score

SIZES_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class MinimalSet:
    """The shortest beginning of an order that reaches a target.

    Attributes:
        neurons: In that order; all there are where the target is not reached.
        dev: Accuracy of the probe retrained on them.
        test: The same on test words, which have no part in the search.
        oracle: Dev accuracy of the probe on all neurons.
        target: The dev accuracy that was wanted, ``oracle * (1 - delta)``.
        tried: All sizes that were measured, ascending: ``neurons``, ``dev``, ``test``.
    """

    neurons: Int[Tensor, " chosen"]
    dev: float
    test: float
    oracle: float
    target: float
    tried: pd.DataFrame

    @property
    def reached(self) -> bool:
        """Whether the set does what was wanted."""
        return self.dev >= self.target


def minimal_set(
    refit: Refit,
    order: Int[Tensor, " ranked"],
    dev: LabelledActivations,
    test: LabelledActivations,
    *,
    oracle: float,
    delta: float = 0.01,
    fractions: Sequence[float] = RETRAINED,
) -> MinimalSet:
    """Retrain on growing beginnings of ``order`` until one is within ``delta`` of the oracle.

    Sizes are retrained a few at a time, ascending, up to the first that holds; the sizes between
    it and the last that failed are then searched in the same way until the two are neighbours.
    (Accuracy need not grow with every neuron, so a smaller size that was not tried may hold too.)

    Args:
        refit: Fits the probe again on some neurons only.
        order: Neuron ids, most important first; some of all will do.
        dev: Where sizes are compared.
        test: Where they are only reported.
        oracle: Dev accuracy of the probe on all neurons.
        delta: What may be given up, as a share of the oracle.
        fractions: Sizes tried first, as shares of all neurons.
    """
    counts = [count for count in neuron_counts(dev.neurons, fractions) if count < len(order)]
    target = oracle * (1 - delta)
    tried = pd.DataFrame(columns=["neurons", "dev", "test"])
    sizes, failed, shortest = [*counts, len(order)], -1, None
    while sizes:
        some, sizes = sizes[:SIZES_AT_ONCE], sizes[SIZES_AT_ONCE:]
        measured = _retrained(refit, order, some, dev, test)
        tried = pd.concat([tried, measured], ignore_index=True) if len(tried) else measured
        held = measured.loc[measured["dev"] >= target, "neurons"]
        shortest = shortest if held.empty else int(held.iloc[0])
        failed = max((size for size in some if held.empty or size < held.iloc[0]), default=failed)
        if shortest is not None:
            sizes = _between(failed, shortest)
    tried = tried.sort_values("neurons", ignore_index=True)
    holding = tried[tried["dev"] >= target]
    found = tried.iloc[-1] if holding.empty else holding.iloc[0]
    return MinimalSet(
        neurons=order[: int(found["neurons"])],
        dev=float(found["dev"]),
        test=float(found["test"]),
        oracle=oracle,
        target=target,
        tried=tried,
    )


def _retrained(
    refit: Refit,
    order: Int[Tensor, " ranked"],
    sizes: Sequence[int],
    dev: LabelledActivations,
    test: LabelledActivations,
) -> pd.DataFrame:
    probe = refit(prefix_masks(order, sizes, dev.neurons))
    scores = {"dev": score(probe, dev).accuracy, "test": score(probe, test).accuracy}
    return pd.DataFrame(
        {"neurons": sizes, **{name: values.tolist() for name, values in scores.items()}}
    )


def _between(low: int, high: int) -> list[int]:
    """Return at most `SIZES_AT_ONCE` sizes evenly spread between two, which are left out."""
    steps = min(SIZES_AT_ONCE + 1, high - low)
    return [low + step * (high - low) // steps for step in range(1, steps)]
