"""Many ablations measured side by side.

The steps of a search are small. On a CPU two threads that share one do little more than one alone,
while two workers of one thread each do twice as much; torch leaves the interpreter free while it
computes, so that threads will do. A GPU is filled by reading sentences under many masks at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import TypeAlias

import torch

from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import Ablation, BatchedMeasure, Counts, Measure

MOST_WORKERS = 8

Count: TypeAlias = Callable[[Iterable[Ablation]], Iterator[Counts]]


def default_workers(device: torch.device) -> int:
    """Return how many workers a device gains by: as many as threads on a CPU, one elsewhere."""
    return min(torch.get_num_threads(), MOST_WORKERS) if device.type == "cpu" else 1


@contextmanager
def counting(measure: Measure, workers: int) -> Iterator[Count]:
    """Measure ablations inside the block, several at a time, in the order in which they come.

    Args:
        measure: What the model does on a test set; every further worker has a copy of it.
        workers: How many; torch's threads are shared out among them. A measure that takes several
            masks in one pass has none.
    """
    if isinstance(measure, BatchedMeasure) and measure.masks_at_once > 1:
        yield partial(_together, measure)
        return
    if workers == 1:
        yield lambda ablations: map(measure.counts, ablations)
        return
    copies: SimpleQueue[Measure] = SimpleQueue()
    for each in (measure, *(deepcopy(measure) for _ in range(workers - 1))):
        copies.put(each)
    own, threads = threading.local(), torch.get_num_threads()

    def begin() -> None:
        torch.set_num_threads(max(1, threads // workers))
        own.measure = copies.get()

    def counts(ablation: Ablation) -> Counts:
        found: Counts = own.measure.counts(ablation)
        return found

    pool = ThreadPoolExecutor(workers, "ablation", begin)
    try:
        yield lambda ablations: pool.map(counts, ablations)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _together(measure: BatchedMeasure, ablations: Iterable[Ablation]) -> Iterator[Counts]:
    """Measure as many masks in one pass as the memory is for; directions one by one."""
    waiting = iter(ablations)
    while group := list(islice(waiting, measure.masks_at_once)):
        masks = [each for each in group if isinstance(each, Mask)]
        if len(masks) == len(group):
            yield from measure.counts_together(masks)
        else:
            yield from map(measure.counts, group)
