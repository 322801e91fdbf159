"""What a model is worth under many ablations: its metric, and how sure we are of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import torch

from onegrain.ablation.bootstrap import interval, resampled
from onegrain.ablation.measures import Ablation, Counts, Measure
from onegrain.ablation.workers import counting

Summary: TypeAlias = dict[str, float]
"""The metric of all test sentences as ``value``, and its 95% interval, ``low`` to ``high``."""

Summarise: TypeAlias = Callable[[Sequence[Ablation]], list[Summary]]
Keep: TypeAlias = Callable[[Sequence[Ablation], Callable[[], list[Summary]]], list[Summary]]
"""Returns the summaries of some ablations; calls what measures them unless it has them."""


def not_kept(_: Sequence[Ablation], measure: Callable[[], list[Summary]]) -> list[Summary]:
    """Measure always."""
    return measure()


@contextmanager
def summarising(
    measure: Measure, workers: int, bootstrap_samples: int, seed: int
) -> Iterator[Summarise]:
    """Measure ablations inside the block, in the order in which they come.

    Args:
        measure: What the model does on a test set.
        workers: How many points are measured side by side (`onegrain.ablation.workers`).
        bootstrap_samples: Resampled test sets for the interval over sentences.
        seed: Of the bootstrap.
    """
    with counting(measure, workers) as counts:
        yield lambda ablations: [
            summarised(measure, each, bootstrap_samples, seed) for each in counts(ablations)
        ]


def measured(measure: Measure, ablation: Ablation, samples: int, seed: int) -> Summary:
    """Return the metric with an ablation, and its 95% interval over test sentences."""
    return summarised(measure, measure.counts(ablation), samples, seed)


def summarised(measure: Measure, counts: Counts, samples: int, seed: int) -> Summary:
    """Return the metric of counts of all test sentences, and its 95% interval over them."""
    counts = counts.double()
    drawn = resampled(len(counts), samples, seed)
    (value,) = measure.value(counts.sum(dim=0, keepdim=True))
    low, high = interval(torch.tensor(measure.value(drawn.T @ counts)))
    return {"value": value, "low": float(low), "high": float(high)}
