"""The refits of a curve beside its points one by one.

The work is synthetic: correlated neurons, some of which matter much and most a little. A curve has
the top 5%, 10% .. 100% of the neurons of a fitted probe. One by one, each point is fitted by
`fit_probe` from nothing on its own columns, with the same penalties, tolerance and bound on epochs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import prefix_masks, refit_probe
from onegrain.ranking.linear_correlation import rank_by_weights

from .result import Result
from .setting import Setting

WORDS, NEURONS, LABELS, SIZES = 20_000, 512, 20, 20
FIT = {"tolerance": 1e-3, "epochs": 40}  # as points are compared
REFIT = {"tolerance": 1e-3, "passes": 160}  # a pass takes one step, an epoch many
PENALTY = 1e-5  # lambda1 and lambda2
TARGET = 10.0
SAME_OBJECTIVE = 1e-3


def measure(setting: Setting) -> list[Result]:
    """Refit 20 sizes together and one by one, with one thread: its CPU time is hardly disturbed."""
    torch.set_num_threads(1)
    try:
        return [_measure(setting)]
    finally:
        torch.set_num_threads(setting.threads)


def _measure(setting: Setting) -> Result:
    data = synthetic(setting.at_most(WORDS), NEURONS, LABELS)
    names = [str(label) for label in range(LABELS)]
    grid = LambdaGrid.product([PENALTY], [PENALTY])
    fixed = {"dtype": torch.float32, "accelerator": "cpu"}
    whole = fit_probe(data, names, grid, **fixed)  # to its optimum, as a run chooses it
    layout = NeuronLayout((Block("synthetic", 1, "", NEURONS),))
    order = rank_by_weights(whole.weight[0], names, layout).order
    counts = [round(step * NEURONS / SIZES) for step in range(1, SIZES + 1)]
    masks = prefix_masks(order, counts, NEURONS)
    together, wall, ours = _timed(lambda: refit_probe(data, whole, 0, masks, **REFIT, **fixed))
    print(f"  {SIZES} sizes together: {wall:.1f} s ({ours:.1f} s of CPU)", flush=True)
    theirs, worst = 0.0, -torch.inf
    for point, count in enumerate(counts):
        columns = InMemory(data.activations.gather(torch.arange(len(data)))[:, order[:count]])
        part = LabelledActivations(columns, data.labels, data.sentences)
        probe, _, cpu = _timed(lambda part=part: fit_probe(part, names, grid, **FIT, **fixed))
        theirs += cpu
        worst = max(worst, float(together.objective[point] / probe.objective) - 1)
    return Result(
        case="retraining",
        work=f"{SIZES} sizes of {NEURONS} neurons, {len(data):,} words, CPU s",
        peer="our probe, one by one",
        seconds=ours,
        peer_seconds=theirs,
        target=TARGET,
        figure=f"an objective is {worst:.0e} above at most (aim {SAME_OBJECTIVE:g})",
        agrees=worst < SAME_OBJECTIVE,
        details={"wall_seconds": wall, "within_tolerance": int(together.converged.sum())},
    )


def synthetic(words: int, neurons: int, labels: int, seed: int = 0) -> LabelledActivations:
    """Return correlated neurons away from zero, and labels that a few tell and many hint at."""
    generator = torch.Generator().manual_seed(seed)
    decay = torch.arange(1, neurons + 1).pow(-0.5)
    latent = torch.randn(words, neurons, generator=generator) * decay
    mixed = latent @ torch.linalg.qr(torch.randn(neurons, neurons, generator=generator)).Q.T
    values = 3 * mixed + 0.3 * torch.randn(words, neurons, generator=generator)
    values = values.tanh() + 0.3 * torch.randn(neurons, generator=generator)
    share = torch.rand(neurons, generator=generator).pow(6)
    truth = torch.randn(labels, neurons, generator=generator) * share
    scores = (values - values.mean(dim=0)) @ truth.T
    scores = 6 * scores / scores.std() + torch.linspace(1.5, -1.5, labels)
    noise = -(-torch.rand(words, labels, generator=generator).log()).log()
    gold = (scores + noise).argmax(dim=1)
    return LabelledActivations(InMemory(values), gold, torch.arange(words) // 12)


def _timed(fit: Callable[[], Probe]) -> tuple[Probe, float, float]:
    start, cpu_start = time.perf_counter(), time.process_time()
    probe = fit()
    return probe, time.perf_counter() - start, time.process_time() - cpu_start
