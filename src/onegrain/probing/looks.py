"""Looks at the points of a grid while they are fitted, after which some are given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Bool
from torch import Tensor

from onegrain.probing.probe import Probe


@dataclass(frozen=True)
class Looks:
    """When points are looked at, and what then says which of them stay.

    Attributes:
        epochs: After these; at least the two that warm up have passed, and others follow.
        staying: Of a probe with what all points have reached, whether each stays. It is asked in
            one process only.
    """

    epochs: tuple[int, ...]
    staying: Callable[[Probe], Bool[Tensor, " grid"]]
