"""One line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Result:
    """Ours beside the peer's on one piece of work.

    Attributes:
        case: The benchmark.
        work: What both did.
        seconds: Ours; None on a line that only compares quality.
        peer_seconds: The peer's.
        target: How many times faster ours has to be.
        objective: Ours, of the penalty compared; None where nothing is minimised.
        peer_objective: The peer's, of the same penalty.
        accuracy: Ours, on the test words.
        peer_accuracy: The peer's, on the test words.
        agrees: Whether what has to be equal or not worse is so.
        figure: What else is to be reached, and what was.
        peer: Who the peer is.
        details: More numbers, for the JSON file.
        charts: SVG, by name; they are written beside the JSON file.
    """

    case: str
    work: str
    seconds: float | None = None
    peer_seconds: float | None = None
    target: float | None = None
    objective: float | None = None
    peer_objective: float | None = None
    accuracy: float | None = None
    peer_accuracy: float | None = None
    agrees: bool = True
    figure: str = ""
    peer: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    charts: dict[str, str] = field(default_factory=dict)

    @property
    def speedup(self) -> float | None:
        """How many times faster ours is."""
        if self.seconds is None or self.peer_seconds is None:
            return None
        return self.peer_seconds / self.seconds

    @property
    def holds(self) -> bool:
        """Whether the target is reached and the quality is."""
        if self.target is None:
            return self.agrees
        return self.agrees and self.speedup is not None and self.speedup >= self.target


def show(results: Sequence[Result]) -> None:
    """Print the table."""
    table = Table(title="onegrain beside its peers: mean CE + penalty, test accuracy or BLEU")
    for column in ("case", "work", "peer"):
        table.add_column(column)
    numbers = ("ours s", "peer s", "ratio", "target", "ours obj.", "peer obj.")
    for column in (*numbers, "ours acc.", "peer acc."):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("figure")
    table.add_column("holds")
    for result in results:
        table.add_row(result.case, result.work, result.peer, *_cells(result))
    # As wide as the table is, also where the output goes to a file.
    Console(width=max(Console().width, 190)).print(table)


def _cells(result: Result) -> tuple[str, ...]:
    return (
        _text(result.seconds, ".3f"),
        _text(result.peer_seconds, ".2f"),
        "1/" + _text(result.speedup, ".1f") if result.speedup else "",
        "1/" + _text(result.target, "g") if result.target else "",
        _text(result.objective, ".5f"),
        _text(result.peer_objective, ".5f"),
        _text(result.accuracy, ".2%"),
        _text(result.peer_accuracy, ".2%"),
        result.figure,
        "yes" if result.holds else "NO",
    )


def _text(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)
