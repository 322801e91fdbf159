"""Ablation curves: the tidy rows that every kind of ablation ends in."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.bootstrap import bootstrap_accuracy
from onegrain.ablation.orders import NeuronOrder
from onegrain.ablation.probe_mask import correct_by_sentence
from onegrain.probing.labelled import LabelledActivations


def probe_mask_curves(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    orders: Sequence[NeuronOrder],
    counts: Sequence[int],
    clamp: Float[Tensor, " neurons"] | None = None,
    bootstrap_samples: int = 1000,
    bootstrap_seed: int = 0,
) -> pd.DataFrame:
    """Classify with the first ``counts`` neurons of every order kept, all others clamped.

    Returns:
        One row for each order and count: ``target``, ``operation``, ``metric``, ``order``,
        ``seed``, ``neurons``, ``fraction``, ``value`` (accuracy), and ``low`` and ``high``, its 95%
        interval over test sentences.
    """
    permutations = torch.stack([order.neurons for order in orders])
    correct = correct_by_sentence(weight, bias, data, permutations, counts, clamp)
    accuracy = correct.sum(dim=-1).double() / len(data)
    low, high = bootstrap_accuracy(
        correct, data.sentence_words, samples=bootstrap_samples, seed=bootstrap_seed
    )
    return pd.DataFrame(
        {
            "target": "probe_mask",
            "operation": "keep",
            "metric": "accuracy",
            "order": [order.name for order in orders for _ in counts],
            "seed": [order.seed for order in orders for _ in counts],
            "neurons": [count for _ in orders for count in counts],
            "fraction": [count / data.neurons for _ in orders for count in counts],
            "value": accuracy.flatten().tolist(),
            "low": low.flatten().tolist(),
            "high": high.flatten().tolist(),
        }
    )
