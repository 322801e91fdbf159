"""How sure a score over a test set is, seen from its sentences."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def bootstrap_accuracy(
    correct: Int[Tensor, "*curves sentences"],
    words: Int[Tensor, " sentences"],
    samples: int = 1000,
    seed: int = 0,
) -> tuple[Float[Tensor, "*curves"], Float[Tensor, "*curves"]]:
    """Return the 95% percentile interval of accuracies over resampled sentences.

    Sentences, not words, are drawn with replacement, because the words of a sentence are not
    independent. All curves see the same draws, so their differences are comparable.

    Args:
        correct: Correct words of every sentence, for any number of curves and points.
        words: Words of every sentence.
        samples: Number of resampled test sets.
        seed: Of the draws.

    Returns:
        The lower and the upper end.
    """
    drawn = resampled(len(words), samples, seed)
    accuracy = (correct.double() @ drawn) / (words.double() @ drawn)
    return interval(accuracy)


def interval(
    values: Float[Tensor, "*curves samples"],
) -> tuple[Float[Tensor, "*curves"], Float[Tensor, "*curves"]]:
    """Return the lower and the upper end of the 95% percentile interval.

    Samples in which a value does not exist, because nothing was drawn that it is of, do not count.
    """
    ends = torch.tensor([0.025, 0.975], dtype=values.dtype)
    low, high = torch.nanquantile(values, ends, dim=-1)
    return low, high


def resampled(sentences: int, samples: int, seed: int) -> Float[Tensor, "sentences samples"]:
    """Return how often each sentence stands in each resampled test set."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(sentences, (samples, sentences), generator=generator)
    times = torch.zeros(samples, sentences, dtype=torch.float64)
    return times.scatter_add_(1, chosen, torch.ones_like(times)).T
