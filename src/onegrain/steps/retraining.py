"""The curves of probes that are fitted again on what is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from onegrain.ablation.orders import ends_of, random_orders
from onegrain.ablation.retraining import probe_retrain_curves
from onegrain.ablation.schedule import RETRAINED, neuron_counts
from onegrain.neurons import Ranking
from onegrain.settings import Settings
from onegrain.steps.probed import Probed


def retraining_curves(
    settings: Settings, rankings: Sequence[Ranking], probed: Probed
) -> pd.DataFrame:
    """Draw the curves of every ranking; random orders are those of every ranking.

    Args:
        settings: Those of the run.
        rankings: Whose top and bottom neurons are kept.
        probed: The probe that is fitted again, and what it is tested on.
    """
    chosen, seed = settings.ablation.retrain, settings.seed
    fractions = RETRAINED if chosen.fractions is None else chosen.fractions
    counts = neuron_counts(probed.layout.size, [*fractions, *settings.ablation.keep])
    ends = [(each.method, end) for each in rankings for end in ends_of(each.order, seed)]
    at_random = random_orders(probed.layout.size, chosen.random_orders, seed)
    orders = [*(end for _, end in ends), *at_random]
    samples = settings.ablation.bootstrap_samples
    curves = probe_retrain_curves(probed.refit, probed.task.test, orders, counts, samples, seed)
    names = [name for name, _ in ends for _ in counts]
    shared = [curves[len(names) :].assign(ranking=each.method) for each in rankings]
    return pd.concat([curves[: len(names)].assign(ranking=names), *shared], ignore_index=True)
