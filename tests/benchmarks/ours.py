"""Our probe, timed, in the fewest epochs that reach an objective."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from onegrain.precision import resolve_precision
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe
from onegrain.settings import Precision

from .minilm import Work

SHARES = (0.125, 0.25, 0.5, 0.75)  # of the words, read once


@dataclass(frozen=True)
class TimedProbe:
    """A probe, the epochs it was given, the time it took, and that of all threads together."""

    probe: Probe
    epochs: float
    seconds: float
    cpu_seconds: float


def fit(work: Work, grid: LambdaGrid, epochs: float, tolerance: float = 1e-3) -> TimedProbe:
    """Fit as a user does on this machine.

    The time is all of `fit_probe`: converting the recorded fp16 to the number format of the
    products, fitting, and measuring objective and residual at the end.
    """
    names = [str(label) for label in range(work.labels)]
    dtype = resolve_precision(Precision.auto, torch.device("cpu"))
    options = {"epochs": epochs, "tolerance": tolerance, "dtype": dtype, "accelerator": "cpu"}
    start, cpu_start = time.perf_counter(), time.process_time()
    probe = fit_probe(work.train, names, grid, **options)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return TimedProbe(probe, epochs, seconds, cpu_seconds)


def fewest_epochs(
    work: Work,
    grid: LambdaGrid,
    max_epochs: int,
    good: Callable[[Probe], bool],
    tolerance: float = 1e-3,
) -> tuple[TimedProbe, bool]:
    """Try an eighth, a quarter .. of an epoch, 1, 2 ... of them, until the result is ``good``.

    Each is a fit of its own.

    Returns:
        The first good fit, or the last one, and whether it is good.
    """
    for epochs in [*SHARES, *range(1, max_epochs + 1)]:
        timed = fit(work, grid, epochs, tolerance)
        found = good(timed.probe)
        print(f"  ours, {len(grid)} x {epochs:g} epochs: {timed.seconds:.2f} s, enough: {found}")
        if found:
            break
    return timed, found
