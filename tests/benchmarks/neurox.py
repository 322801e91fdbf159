"""NeuroX 1.0.9, run in the peers' environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .minilm import Work
from .peers import run_peer

PEER = "NeuroX 1.0.9"
Point = tuple[float, float]


@dataclass(frozen=True)
class Fit:
    """One probe of NeuroX.

    Attributes:
        seconds: Of its fit alone: without loading, and starting from the fp32 array it asks for.
        cpu_seconds: Of all its threads; far below ``threads * seconds`` where the machine is busy.
        weight: ``[labels, neurons]``.
        bias: ``[labels]``.
    """

    seconds: float
    cpu_seconds: float
    weight: Tensor
    bias: Tensor


class NeuroX:
    """Fits and evaluates; remembers its fits, so that the cases of a run share them."""

    def __init__(self, python: Path, work: Work, scratch: Path, threads: int, epochs: int) -> None:
        self.versions: dict[str, str] = {}
        self._python, self._work, self._scratch = python, work, scratch
        self._threads, self._epochs = threads, epochs
        self._fits: dict[Point, Fit] = {}

    def fit(self, point: Point) -> Fit:
        """Return its probe for one lambda1, lambda2; trained with its defaults."""
        if point not in self._fits:
            print(f"  NeuroX trains {self._epochs} epochs at {point[0]:g}, {point[1]:g}")
            file = self._scratch / f"neurox_{len(self._fits)}.safetensors"
            answer = self._run(
                "neurox_probe.py",
                data=str(self._work.train_file),
                output=str(file),
                lambda1=point[0],
                lambda2=point[1],
                epochs=self._epochs,
            )
            self._fits[point] = Fit(answer["seconds"], answer["cpu_seconds"], **load_file(file))
        return self._fits[point]

    @property
    def fit_seconds(self) -> float:
        """The median time of the fits of this run."""
        return median(fit.seconds for fit in self._fits.values())

    def curve(
        self, weight: Tensor, bias: Tensor, orders: Tensor, counts: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Return accuracies and seconds of keeping ``counts`` neurons, ``[orders, counts]``."""
        points = len(orders) * len(counts)
        print(f"  NeuroX masks and multiplies for {points} points of the curves")
        file = self._scratch / "curve.safetensors"
        save_file({"weight": weight, "bias": bias, "orders": orders.contiguous()}, file)
        answer = self._run(
            "neurox_curve.py",
            data=str(self._work.test_file),
            probe=str(file),
            counts=list(counts),
        )
        return torch.tensor(answer["accuracy"]), torch.tensor(answer["seconds"])

    def _run(self, script: str, **request: Any) -> dict[str, Any]:
        request["threads"] = self._threads
        answer = run_peer(self._python, script, request, self._threads)
        self.versions = answer["versions"]
        return answer
