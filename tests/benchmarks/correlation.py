"""Cross-model correlation of three models, beside how fast this machine multiplies matrices."""

from __future__ import annotations

import time
from statistics import median

import torch

from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.labelled import InMemory
from onegrain.ranking.cross_model import rank_by_cross_model
from onegrain.ranking.moments import Moments

from .result import Result
from .setting import Setting

MODELS, NEURONS, WORDS = 3, 2000, 200_000
SHARE = 0.6
PRODUCT = 2048  # rows and columns of the product that is the yardstick


def measure(setting: Setting) -> list[Result]:
    """Rank the neurons of each model, from random recordings in memory in fp32."""
    words = setting.at_most(WORDS)
    generator = torch.Generator().manual_seed(0)
    recordings = [InMemory(torch.randn(words, NEURONS, generator=generator)) for _ in range(MODELS)]
    layout = NeuronLayout((Block("random", 1, "", NEURONS),))
    before = _speed()
    start = time.perf_counter()
    moments = Moments.of(recordings)
    for instance in range(MODELS):
        rank_by_cross_model(moments, instance, layout)
    seconds = time.perf_counter() - start
    machine = (before + _speed()) / 2
    pairs = MODELS * (MODELS - 1) // 2
    speed = pairs * 2 * words * NEURONS**2 / seconds
    share = speed / machine
    return [
        Result(
            case="correlation",
            work=f"{MODELS} models x {NEURONS:,} neurons x {words:,} words",
            seconds=seconds,
            figure=f"{share:.0%} of {machine / 1e9:.0f} GFLOP/s (aim {SHARE:.0%})",
            agrees=share >= SHARE,
            details={"flops": speed, "machine_flops": machine},
        )
    ]


def _speed() -> float:
    """Return the floating-point operations a second of a large fp32 product, now."""
    left, right = torch.randn(2, PRODUCT, PRODUCT)
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - start)
    return 2 * PRODUCT**3 / median(seconds)
