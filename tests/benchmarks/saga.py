"""One lambda, to the objectives that scikit-learn's saga has after some of its epochs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from safetensors.torch import load_file

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe
from onegrain.settings import Penalty

from . import ours
from .minilm import Work
from .peers import run_peer
from .quality import accuracy, objective
from .result import Result
from .setting import Setting

WORDS = 25_000
POINT = (1e-4, 1e-4)
TARGET = 100.0
TOLERANCE = 1e-4  # saga's objective after 50 epochs is nearer to the optimum than our default
PEER = "scikit-learn saga"


def measure(setting: Setting) -> list[Result]:
    """Compare after each number of saga's epochs; all on the first 25,000 words."""
    work = setting.first_words(setting.at_most(WORDS))
    return [_measure(setting, work, epochs) for epochs in setting.saga_epochs]


@dataclass(frozen=True)
class _Saga:
    seconds: float
    weight: Any
    bias: Any


def _measure(setting: Setting, work: Work, epochs: int) -> Result:
    theirs = _saga(setting, work, epochs)
    limit = objective(theirs.weight, theirs.bias, work.train, POINT, Penalty.squared)

    def reached(probe: Probe) -> float:
        return objective(probe.weight[0], probe.bias[0], work.train, POINT, Penalty.squared)

    grid = LambdaGrid.product([POINT[0]], [POINT[1]])
    timed, found = ours.fewest_epochs(
        work, grid, setting.max_epochs, lambda probe: reached(probe) <= limit, TOLERANCE
    )
    again = [ours.fit(work, grid, timed.epochs, TOLERANCE) for _ in range(setting.repeats - 1)]
    seconds = [each.seconds for each in (timed, *again)]
    weight, bias = timed.probe.weight[0], timed.probe.bias[0]
    return Result(
        case="saga",
        work=f"{len(work.train):,} words, saga {epochs} ep., ours {timed.epochs:g} ep.",
        peer=PEER,
        seconds=median(seconds),
        peer_seconds=theirs.seconds,
        target=TARGET,
        objective=reached(timed.probe),
        peer_objective=limit,
        accuracy=accuracy(weight, bias, work.test),
        peer_accuracy=accuracy(theirs.weight, theirs.bias, work.test),
        agrees=found,
        details={
            "all_seconds": seconds,
            "cpu_seconds": timed.cpu_seconds,
            "nonzero": int(timed.probe.nonzero[0]),
            "peer_nonzero": int((theirs.weight != 0).sum()),
        },
    )


def _saga(setting: Setting, work: Work, epochs: int) -> _Saga:
    print(f"  saga runs {epochs} epochs on {len(work.train):,} words", flush=True)
    file = setting.scratch / f"saga_{epochs}.safetensors"
    answer = run_peer(
        setting.python,
        "saga.py",
        {
            "data": str(work.train_file),
            "output": str(file),
            "lambda1": POINT[0],
            "lambda2": POINT[1],
            "epochs": epochs,
            "threads": setting.threads,
        },
        setting.threads,
    )
    return _Saga(answer["seconds"], **load_file(file))
