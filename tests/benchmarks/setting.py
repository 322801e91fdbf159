"""What every case is given."""

from __future__ import annotations

from dataclasses import dataclass

from .minilm import Work
from .neurox import NeuroX


@dataclass(frozen=True)
class Setting:
    """The work, the peer and how long to try.

    Attributes:
        work: The real problem.
        neurox: The peer, in its own environment.
        max_epochs: At which the search for the fewest epochs gives up.
        repeats: Of what is quick.
        every: NeuroX measures each n-th point of a curve.
    """

    work: Work
    neurox: NeuroX
    max_epochs: int
    repeats: int
    every: int
