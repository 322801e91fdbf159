"""Ablation with the probe fitted again on what is kept (Dalvi et al. 2019, Tables 4 and 6)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.ablation.bootstrap import bootstrap_accuracy
from onegrain.ablation.orders import NeuronOrder
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import Refit, prefix_masks
from onegrain.probing.scoring import predict


def probe_retrain_curves(
    refit: Refit,
    data: LabelledActivations,
    orders: Sequence[NeuronOrder],
    counts: Sequence[int],
    bootstrap_samples: int = 1000,
    bootstrap_seed: int = 0,
) -> pd.DataFrame:
    """Classify with probes that were fitted on the first ``counts`` neurons of every order.

    Args:
        refit: Fits the probe again on some neurons only; it is asked once, for all orders.
        data: Test words.
        orders: The orders in which neurons are kept.
        counts: Ascending numbers of neurons kept.
        bootstrap_samples: Resampled test sets behind an interval.
        bootstrap_seed: Of these.

    Returns:
        The columns of `probe_mask_curves`; ``clamp`` and ``label`` are empty.
    """
    masks = torch.cat([prefix_masks(order.neurons, counts, data.neurons) for order in orders])
    distinct, point = masks.unique(dim=0, return_inverse=True)
    correct = _correct_by_sentence(refit(distinct), data)[point]
    low, high = bootstrap_accuracy(
        correct, data.sentence_words, samples=bootstrap_samples, seed=bootstrap_seed
    )
    return pd.DataFrame(
        {
            "target": "probe_retrain",
            "operation": "keep",
            "metric": "accuracy",
            "label": "",
            "clamp": "",
            "site": "",
            "order": [order.name for order in orders for _ in counts],
            "seed": [order.seed for order in orders for _ in counts],
            "neurons": [count for _ in orders for count in counts],
            "fraction": [count / data.neurons for _ in orders for count in counts],
            "value": (correct.sum(dim=-1).double() / len(data)).tolist(),
            "low": low.tolist(),
            "high": high.tolist(),
        }
    )


def _correct_by_sentence(probe: Probe, data: LabelledActivations) -> Int[Tensor, "grid sentences"]:
    """Count the words of every sentence that each point labels correctly."""
    hits = predict(probe, data, torch.float32) == data.labels
    correct = torch.zeros(len(hits), data.sentence_count, dtype=torch.int64)
    return correct.index_add_(1, data.sentences, hits.long())
