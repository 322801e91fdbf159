"""Drop the neurons of one label and see which labels suffer (Xin, Lin & Yu, EMNLP 2019).

A dropped neuron is 0 where the output layer, or a probe, reads it; the recurrence and the weights
stay as they are. So the logits without some neurons are those with all of them less a partial sum,
and every label's neurons, any number of them, are dropped in one pass over the words, in batched
products; no model is run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.ablation.bootstrap import interval, resampled
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.most_probable import is_most_probable

BLOCK_WORDS = 1024  # of the logits of all orders together


def label_ablation(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    orders: Int[Tensor, "labels neurons"],
    labels: Sequence[str],
    counts: Sequence[int],
    bootstrap_samples: int = 1000,
    bootstrap_seed: int = 0,
) -> pd.DataFrame:
    """Drop the first neurons of every label's order and measure the recall of all labels.

    Args:
        weight: Of an output layer or probe.
        bias: Its biases.
        data: Test activations with gold labels.
        orders: For each label, neurons in the order in which they are dropped.
        labels: Names of the labels.
        counts: Ascending numbers of neurons dropped.
        bootstrap_samples: Resampled test sets behind an interval.
        bootstrap_seed: Of these.

    Returns:
        One row for each label whose neurons are dropped (``target``), number of them (``neurons``,
        ``fraction`` of all) and ``label``: its ``recall``, the ``change`` from that with all
        neurons, ``low`` and ``high``, the 95% interval of the change over test sentences, and
        ``words``, how many test words it has. A label without test words has no recall.
    """
    predictions = predictions_without(weight, bias, data, orders, [0, *counts])
    drawn = resampled(data.sentence_count, bootstrap_samples, bootstrap_seed)
    per_sentence = _by_label_and_sentence(data, torch.ones_like(data.labels).bool(), len(labels))
    words = per_sentence.sum(dim=1)
    drawn_words = per_sentence.double() @ drawn
    parts = []
    for target, of_target in zip(labels, predictions, strict=True):
        hits = torch.stack(
            [_by_label_and_sentence(data, row == data.labels, len(labels)) for row in of_target]
        )
        recall = hits.sum(dim=2).double() / words
        lost = (hits[1:] - hits[0]).double() @ drawn / drawn_words
        low, high = interval(lost)
        parts.append(
            pd.DataFrame(
                {
                    "target": target,
                    "neurons": [count for count in counts for _ in labels],
                    "fraction": [count / data.neurons for count in counts for _ in labels],
                    "label": list(labels) * len(counts),
                    "recall": recall[1:].flatten().tolist(),
                    "change": (recall[1:] - recall[0]).flatten().tolist(),
                    "low": low.flatten().tolist(),
                    "high": high.flatten().tolist(),
                    "words": words.tolist() * len(counts),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def predictions_without(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    orders: Int[Tensor, "orders neurons"],
    counts: Sequence[int],
    block_words: int = BLOCK_WORDS,
) -> Int[Tensor, "orders counts tokens"]:
    """Return the most probable label of every word without the first neurons of each order.

    Args:
        weight: Of an output layer or probe.
        bias: Its biases.
        data: The words.
        orders: Neuron ids in the order in which they are dropped.
        counts: Ascending numbers of neurons dropped.
        block_words: Words that are held in memory at once.
    """
    found = torch.empty(len(orders), len(counts), len(data), dtype=torch.int16)
    start = 0
    for values, _, _ in data.blocks(block_words):
        known = values.float()
        logits = torch.addmm(bias, known, weight.T).repeat(len(orders), 1, 1)
        for point, (first, last) in enumerate(pairwise([0, *counts])):
            dropped = orders[:, first:last]
            shares = weight.T[dropped]  # [orders, dropped, labels]
            logits.baddbmm_(known.T[dropped].transpose(1, 2), shares, alpha=-1)
            found[:, point, start : start + len(known)] = logits.argmax(dim=2)
        start += len(known)
    return found


def single_drops(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    labels: Sequence[str],
    block_words: int = 4096,
) -> pd.DataFrame:
    """Drop every neuron alone, and find the one that changes the recall of each label most.

    Args:
        weight: Of an output layer or probe.
        bias: Its biases.
        data: Test activations with gold labels.
        labels: Names of the labels.
        block_words: Words that are held in memory at once.

    Returns:
        One row for each label: ``label``, ``neuron`` (whose loss or gain of recall is largest),
        ``recall`` with all neurons, ``change`` without this one, ``mean_change``, the mean size of
        the change over all neurons, and ``words``. Labels without test words are left out.
    """
    hits = _hits_without_each(weight, bias, data, block_words)
    words = torch.bincount(data.labels[data.labels >= 0], minlength=len(labels))
    whole, *alone = hits.double() / words
    change = torch.stack(alone) - whole
    _size, neuron = change.abs().max(dim=0)
    table = pd.DataFrame(
        {
            "label": list(labels),
            "neuron": neuron.tolist(),
            "recall": whole.tolist(),
            "change": change.gather(0, neuron[None])[0].tolist(),
            "mean_change": change.abs().mean(dim=0).tolist(),
            "words": words.tolist(),
        }
    )
    return table[table["words"] > 0].reset_index(drop=True)


def _hits_without_each(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    block_words: int,
) -> Int[Tensor, "ablations labels"]:
    """Count each label's correct words with all neurons and then without each of them."""
    hits = torch.zeros(1 + data.neurons, len(bias), dtype=torch.int64)
    for values, labels, _ in data.blocks(block_words):
        seen = labels >= 0
        gold, known = labels[seen], values[seen].float().T.contiguous()
        logits = torch.addmm(bias[:, None], weight, known)
        hits[0] += torch.bincount(gold[is_most_probable(logits, gold)], minlength=len(bias))
        for neuron in range(data.neurons):
            without = torch.addr(logits, weight[:, neuron], known[neuron], alpha=-1)
            right = is_most_probable(without, gold)
            hits[1 + neuron] += torch.bincount(gold[right], minlength=len(bias))
    return hits


def _by_label_and_sentence(
    data: LabelledActivations, counted: Tensor, labels: int
) -> Int[Tensor, "labels sentences"]:
    """Count words by their gold label and sentence; labels that training lacks are left out."""
    rows = (counted & (data.labels >= 0)).nonzero()[:, 0]
    cells = data.labels[rows] * data.sentence_count + data.sentences[rows]
    counts = torch.bincount(cells, minlength=labels * data.sentence_count)
    return counts.reshape(labels, data.sentence_count)
