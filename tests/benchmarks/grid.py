"""The whole coarse grid in part of the time that NeuroX takes for one lambda."""

from __future__ import annotations

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe
from onegrain.settings import Penalty

from . import ours
from .neurox import PEER, Point
from .ours import TimedProbe
from .quality import accuracy, objective
from .result import Result
from .setting import Setting

COARSE = (0.0, 1e-6, 1e-5, 1e-4, 1e-3)
CHECKED: tuple[Point, ...] = (
    *((1e-6, 1e-6), (1e-5, 1e-5), (1e-4, 1e-4)),
    *((1e-6, 1e-4), (1e-4, 1e-6)),
)
TARGET = 5.0


def measure(setting: Setting) -> list[Result]:
    """Compare with both forms of the L2 term; NeuroX minimises the unsquared one."""
    for point in CHECKED:
        setting.neurox.fit(point)
    return [
        line for penalty in (Penalty.squared, Penalty.neurox) for line in _measure(setting, penalty)
    ]


def _measure(setting: Setting, penalty: Penalty) -> list[Result]:
    grid = LambdaGrid.product(COARSE, COARSE, penalty)

    def good(probe: Probe) -> bool:
        return all(_checked(setting, probe, point, penalty).agrees for point in CHECKED)

    timed, found = ours.fewest_epochs(setting.work, grid, setting.max_epochs, good)
    whole = Result(
        case="grid",
        peer=PEER,
        work=f"{len(grid)} λ beside 1, L2 {penalty.value}, {timed.epochs:g} ep.",
        seconds=timed.seconds,
        peer_seconds=setting.neurox.fit_seconds,
        target=TARGET,
        agrees=found,
        details=_details(timed),
    )
    return [whole, *(_checked(setting, timed.probe, point, penalty) for point in CHECKED)]


def _checked(setting: Setting, probe: Probe, point: Point, penalty: Penalty) -> Result:
    """Compare one point of the grid with NeuroX's probe of that point."""
    work, theirs = setting.work, setting.neurox.fit(point)
    index = COARSE.index(point[0]) * len(COARSE) + COARSE.index(point[1])
    weight, bias = probe.weight[index], probe.bias[index]
    reached = objective(weight, bias, work.train, point, penalty)
    limit = objective(theirs.weight, theirs.bias, work.train, point, penalty)
    return Result(
        case="",
        work=f"  λ1 {point[0]:g}, λ2 {point[1]:g}",
        objective=reached,
        peer_objective=limit,
        accuracy=accuracy(weight, bias, work.test),
        peer_accuracy=accuracy(theirs.weight, theirs.bias, work.test),
        agrees=reached <= limit,
        details={"peer_seconds": theirs.seconds, "peer_cpu_seconds": theirs.cpu_seconds},
    )


def _details(timed: TimedProbe) -> dict[str, object]:
    probe = timed.probe
    return {
        "epochs": timed.epochs,
        "cpu_seconds": timed.cpu_seconds,
        "points": probe.grid.points(),
        "objectives": probe.objective.tolist(),
        "nonzero": probe.nonzero.tolist(),
        "residuals": probe.residual.tolist(),
    }
