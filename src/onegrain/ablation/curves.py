"""Ablation curves: the tidy rows that every kind of ablation ends in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.bootstrap import bootstrap_accuracy
from onegrain.ablation.orders import NeuronOrder
from onegrain.ablation.probe_mask import correct_words
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
    labels: Sequence[str] = (),
) -> pd.DataFrame:
    """Classify with the first ``counts`` neurons of every order kept, all others clamped.

    Args:
        weight: The probe's weights.
        bias: The probe's biases.
        data: Test activations with gold labels.
        orders: The orders in which neurons are kept.
        counts: Ascending numbers of neurons kept.
        clamp: What a neuron that is not kept is set to; zero if not given.
        bootstrap_samples: Resampled test sets behind an interval.
        bootstrap_seed: Of these.
        labels: Names of all labels, if each label's own curve is wanted too.

    Returns:
        One row for each order and count: ``target``, ``operation``, ``metric``, ``label`` (empty),
        ``order``, ``seed``, ``neurons``, ``fraction``, ``value`` (accuracy), and ``low`` and
        ``high``, its 95% interval over test sentences. Then the same rows for every label, where
        accuracy is over its own words: without an interval, and missing without test words.
    """
    permutations = torch.stack([order.neurons for order in orders])
    correct = correct_words(weight, bias, data, permutations, counts, clamp)
    accuracy = correct.by_sentence.sum(dim=-1).double() / len(data)
    low, high = bootstrap_accuracy(
        correct.by_sentence, data.sentence_words, samples=bootstrap_samples, seed=bootstrap_seed
    )
    rows = pd.DataFrame(
        {
            "target": "probe_mask",
            "operation": "keep",
            "metric": "accuracy",
            "order": [order.name for order in orders for _ in counts],
            "seed": [order.seed for order in orders for _ in counts],
            "neurons": [count for _ in orders for count in counts],
            "fraction": [count / data.neurons for _ in orders for count in counts],
        }
    )
    ends = {"low": low.flatten().tolist(), "high": high.flatten().tolist()}
    overall = rows.assign(label="", value=accuracy.flatten().tolist(), **ends)
    words = torch.bincount(data.labels[data.labels >= 0], minlength=len(bias))
    by_label = (correct.by_label.double() / words).flatten(0, 1).T
    parts = [
        rows.assign(label=label, value=values.tolist(), low=math.nan, high=math.nan)
        for label, values in zip(labels, by_label, strict=False)
    ]
    return pd.concat([overall, *parts], ignore_index=True)
