"""A masking curve of 100 points: top, bottom and five random orders, on the test words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

import torch
from torch import Tensor

from onegrain.ablation.probe_mask import correct_words
from onegrain.probing.grid import LambdaGrid

from . import ours
from .neurox import PEER
from .result import Result
from .setting import Setting

POINTS = 100
RANDOM_ORDERS = 5
LAMBDA = 1e-4
SAME_ACCURACY = 1e-3
TARGET = 50.0


def measure(setting: Setting) -> list[Result]:
    """Keep 1%, 2% ... of the neurons of one probe: all prefixes at once beside one by one.

    NeuroX measures each n-th point of every order; the whole is its mean time for a point, times
    the number of points. The accuracies shown are means over the points that both measured.
    """
    work = setting.work
    probe = ours.fit(work, LambdaGrid.product([LAMBDA], [LAMBDA]), epochs=1).probe
    weight, bias = probe.weight[0].contiguous(), probe.bias[0].contiguous()
    orders = _orders(weight)
    counts = [round(step * work.test.neurons / POINTS) for step in range(1, POINTS + 1)]
    accuracies, seconds = _ours(setting, weight, bias, orders, counts)
    chosen = list(range(setting.every - 1, POINTS, setting.every))
    theirs, peer_seconds = setting.neurox.curve(
        weight, bias, orders, [counts[index] for index in chosen]
    )
    difference = float((accuracies[:, chosen] - theirs).abs().max())
    points, per_point = len(orders) * len(counts), float(peer_seconds.mean())
    agrees = difference <= SAME_ACCURACY
    details = {"largest_difference": difference, "accuracies": accuracies.tolist()}
    return [
        Result(
            "curve",
            f"{len(orders)} orders x {len(counts)} points",
            median(seconds),
            per_point * points,
            TARGET,
            accuracy=float(accuracies[:, chosen].mean()),
            peer_accuracy=float(theirs.mean()),
            agrees=agrees,
            peer=PEER,
            details=details | {"all_seconds": seconds, "peer_points": peer_seconds.numel()},
        ),
        Result("", "  a point", median(seconds) / points, per_point, agrees=agrees),
    ]


def _ours(
    setting: Setting, weight: Tensor, bias: Tensor, orders: Tensor, counts: Sequence[int]
) -> tuple[Tensor, list[float]]:
    seconds = []
    for _ in range(setting.repeats):
        start = time.perf_counter()
        correct = correct_words(weight, bias, setting.work.test, orders, counts).by_sentence
        seconds.append(time.perf_counter() - start)
        print(f"  ours, {orders.shape[0]} x {len(counts)} points: {seconds[-1]:.2f} s")
    return correct.sum(dim=-1).double() / len(setting.work.test), seconds


def _orders(weight: Tensor) -> Tensor:
    """By total weight, which is as good an order as any to time a curve with."""
    top = weight.abs().sum(dim=0).argsort(descending=True)
    generator = torch.Generator().manual_seed(0)
    randoms = [torch.randperm(len(top), generator=generator) for _ in range(RANDOM_ORDERS)]
    return torch.stack([top, top.flip(0), *randoms])
