"""One lambda, to an objective not above NeuroX's after its ten epochs, and no lower accuracy."""

from __future__ import annotations

from statistics import median

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe
from onegrain.settings import Penalty

from . import ours
from .neurox import PEER
from .quality import accuracy, objective
from .result import Result
from .setting import Setting

POINT = (1e-5, 1e-5)
TARGET = 80.0


def measure(setting: Setting) -> list[Result]:
    """Compare with both forms of the L2 term; NeuroX minimises the unsquared one."""
    return [_measure(setting, penalty) for penalty in (Penalty.squared, Penalty.neurox)]


def _measure(setting: Setting, penalty: Penalty) -> Result:
    work, theirs = setting.work, setting.neurox.fit(POINT)
    grid = LambdaGrid.product([POINT[0]], [POINT[1]], penalty)
    limit = objective(theirs.weight, theirs.bias, work.train, POINT, penalty)

    def reached(probe: Probe) -> float:
        return objective(probe.weight[0], probe.bias[0], work.train, POINT, penalty)

    peer_accuracy = accuracy(theirs.weight, theirs.bias, work.test)

    def good(probe: Probe) -> bool:
        found = accuracy(probe.weight[0], probe.bias[0], work.test)
        return reached(probe) <= limit and found >= peer_accuracy

    first, found = ours.fewest_epochs(work, grid, setting.max_epochs, good)
    again = [ours.fit(work, grid, first.epochs) for _ in range(setting.repeats - 1)]
    seconds = [timed.seconds for timed in (first, *again)]
    weight, bias = first.probe.weight[0], first.probe.bias[0]
    return Result(
        case="probe",
        peer=PEER,
        work=f"1 λ, L2 {penalty.value}, {first.epochs:g} ep.",
        seconds=median(seconds),
        peer_seconds=theirs.seconds,
        target=TARGET,
        objective=reached(first.probe),
        peer_objective=limit,
        accuracy=accuracy(weight, bias, work.test),
        peer_accuracy=peer_accuracy,
        agrees=found,
        details={
            "epochs": first.epochs,
            "all_seconds": seconds,
            "cpu_seconds": first.cpu_seconds,
            "peer_cpu_seconds": theirs.cpu_seconds,
            "nonzero": int(first.probe.nonzero[0]),
            "peer_nonzero": int((theirs.weight != 0).sum()),
            "residual": float(first.probe.residual[0]),
        },
    )
