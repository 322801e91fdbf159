"""Ablation of the probe: keep some neurons, clamp all others, classify again.

With the logits written as a sum over neurons, keeping one neuron more adds one term. So all
points of a curve are prefix sums of the logits along an order, and a whole curve costs about as
much as classifying once (Dalvi et al., AAAI 2019, Tables 2 and 5 have three points of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.most_probable import is_most_probable


@dataclass(frozen=True, eq=False)
class CorrectWords:
    """Correctly labelled words for each order of the neurons and number of them kept.

    Attributes:
        by_sentence: Of every sentence.
        by_label: Of every (gold) label.
    """

    by_sentence: Int[Tensor, "orders counts sentences"]
    by_label: Int[Tensor, "orders counts labels"]


def correct_words(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    orders: Int[Tensor, "orders neurons"],
    counts: Sequence[int],
    clamp: Float[Tensor, " neurons"] | None = None,
    block_tokens: int = 4096,
) -> CorrectWords:
    """Count correct words when only the first ``counts`` neurons of each order are kept.

    Args:
        weight: The probe's weights.
        bias: The probe's biases.
        data: Test activations with gold labels.
        orders: Neuron ids in the order in which they are kept.
        counts: Ascending numbers of neurons kept.
        clamp: What a neuron that is not kept is set to; zero if not given.
        block_tokens: Words that are held in memory at once.
    """
    by_sentence = torch.zeros(len(orders), len(counts), data.sentence_count, dtype=torch.int64)
    by_label = torch.zeros(len(orders), len(counts), len(bias), dtype=torch.int64)
    clamp = torch.zeros(weight.shape[1]) if clamp is None else clamp
    nothing_kept = bias + weight @ clamp
    for values, labels, sentences in data.blocks(block_tokens):
        seen = labels >= 0
        gold, sentence = labels[seen], sentences[seen]
        shifted = (values[seen].float() - clamp).T.contiguous()
        for index, order in enumerate(orders):
            shares, kept = weight[:, order], shifted[order]
            logits = nothing_kept[:, None].repeat(1, len(gold))
            for point, (start, stop) in enumerate(pairwise([0, *counts])):
                logits.addmm_(shares[:, start:stop], kept[start:stop])
                hits = is_most_probable(logits, gold)
                by_sentence[index, point].index_add_(0, sentence, hits.long())
                by_label[index, point].index_add_(0, gold, hits.long())
    return CorrectWords(by_sentence, by_label)
