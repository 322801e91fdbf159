"""How many bits it takes to tell the labels to one who has the activations.

Voita & Titov (EMNLP 2020), online coding: words in a random order are sent in blocks that grow.
The labels of the first block cost log2 K bits each, K the number of labels; each further block is
coded by the probe that was fitted on all words before it,

    L = t1 log2 K - sum over blocks of log2 p(labels of the block | words before it).

An accuracy says how well a probe ends up; the code length says also how much it took to get there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.objective import Logits
from onegrain.probing.probe import Probe

FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
MORE_PASSES = 10  # times as many over few words, where each is but a step


@dataclass(frozen=True)
class OnlineCode:
    """The code of a sequence of labels.

    Attributes:
        words: How many labels are sent.
        labels: K, how many there are to choose from.
        ends: The number of words sent with each block and those before it.
        bits: Of each block.
    """

    words: int
    labels: int
    ends: tuple[int, ...]
    bits: tuple[float, ...]

    @property
    def length(self) -> float:
        """L, in bits."""
        return math.fsum(self.bits)

    @property
    def uniform_length(self) -> float:
        """Bits without any knowledge: log2 K for each word."""
        return self.words * math.log2(self.labels)

    @property
    def compression(self) -> float:
        """How many times shorter the code is than the uniform one; 1 where there is no choice."""
        return self.uniform_length / self.length if self.length > 0 else 1.0


def online_code(
    train: LabelledActivations,
    labels: Sequence[str],
    penalties: LambdaGrid,
    *,
    fractions: Sequence[float] = FRACTIONS,
    tolerance: float = 1e-3,
    epochs: int = 40,
    batch_size: int | None = None,
    dtype: torch.dtype = torch.float32,
    memory_gigabytes: float = 6.0,
    accelerator: str = "auto",
    seed: int = 0,
) -> OnlineCode:
    """Code the labels of all words of ``train``.

    A probe that never saw a label may give it any small probability, and none at all where it is
    not penalised, so what it says of a block is mixed with one word of uniform knowledge: with n
    words before, p = (n p(probe) + 1/K) / (n + 1). No label costs more than log2 K (n + 1) bits.

    Args:
        train: Words and labels.
        labels: Label names, by id.
        penalties: Of all fits; a grid of one point.
        fractions: How much has been sent with each block, ascending to 1.
        tolerance: As for `fit_probe`, like all that follow.
        epochs: Passes over all words at most; over fewer words there may be more of them.
        batch_size: Words in a step.
        dtype: Of matrix products.
        memory_gigabytes: Activations are copied into memory once if they need no more than this.
        accelerator: Lightning's name of the device.
        seed: Of the order of the words, also of that in which they are sent.

    Example:
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
        >>> labels = (values[:, 2] > 0).long()
        >>> data = LabelledActivations(InMemory(values), labels, torch.arange(2000))
        >>> online_code(data, ["A", "B"], LambdaGrid.product([0.0], [1e-3])).compression > 3
        True
    """
    count = len(train)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    ends = sorted({max(1, round(fraction * count)) for fraction in fractions})
    bits = [ends[0] * math.log2(len(labels))]
    for sent, end in pairwise(ends):
        known = fit_probe(
            train.select(order[:sent].sort().values),
            labels,
            penalties,
            tolerance=tolerance,
            epochs=epochs * min(count // sent, MORE_PASSES),
            batch_size=batch_size,
            dtype=dtype,
            memory_gigabytes=memory_gigabytes,
            accelerator=accelerator,
            seed=seed,
        )
        block = train.select(order[sent:end].sort().values)
        own = label_probabilities(known, block)
        bits.append(-float(((own * sent + 1 / len(labels)) / (sent + 1)).log2().sum()))
    return OnlineCode(count, len(labels), tuple(ends), tuple(bits))


def label_probabilities(probe: Probe, data: LabelledActivations) -> Float[Tensor, " tokens"]:
    """Return the probability that the first point of a probe gives to each word's own label."""
    logits = Logits(probe.weight[:1], probe.bias[:1], torch.float32, exact=True)
    parts = [
        logits(values)[0].double().softmax(dim=0).gather(0, labels[None])[0]
        for values, labels, _ in data.blocks(4096)
    ]
    return torch.cat(parts)
