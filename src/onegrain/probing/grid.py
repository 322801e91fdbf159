"""The penalties of an elastic net, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.settings import Penalty


@dataclass(frozen=True, eq=False)
class LambdaGrid:
    """Points (lambda1, lambda2) that are fitted together.

    Attributes:
        lambda1: L1 strength of every point.
        lambda2: L2 strength of every point.
        penalty: Whether the L2 norm is squared (the paper's formula) or not (its code).
        allowed: The neurons that each point may use, whose other weights are exactly zero; None
            where every point may use all.
    """

    lambda1: Float[Tensor, " grid"]
    lambda2: Float[Tensor, " grid"]
    penalty: Penalty = Penalty.squared
    allowed: Bool[Tensor, "grid neurons"] | None = None

    def __post_init__(self) -> None:
        if not bool((self.lambda1 >= 0).all() and (self.lambda2 >= 0).all()):
            raise ValueError("regularisation strengths are numbers that are not negative")

    @classmethod
    def product(
        cls,
        lambda1: Sequence[float],
        lambda2: Sequence[float],
        penalty: Penalty = Penalty.squared,
    ) -> LambdaGrid:
        """Every L1 strength with every L2 strength.

        Example:
            >>> grid = LambdaGrid.product([0.0, 1e-5], [1e-4])
            >>> grid.points()
            [(0.0, 0.0001), (1e-05, 0.0001)]
        """
        pairs = [(first, second) for first in lambda1 for second in lambda2]
        return cls(
            torch.tensor([first for first, _ in pairs], dtype=torch.float32),
            torch.tensor([second for _, second in pairs], dtype=torch.float32),
            penalty,
        )

    def __len__(self) -> int:
        return len(self.lambda1)

    def points(self) -> list[tuple[float, float]]:
        """Return the points as pairs of numbers, 1e-05 and not fp32's 9.999999747378752e-06."""
        strengths = zip(self.lambda1.tolist(), self.lambda2.tolist(), strict=True)
        return [(float(f"{first:.6g}"), float(f"{second:.6g}")) for first, second in strengths]

    def select(self, points: Int[Tensor, " chosen"]) -> LambdaGrid:
        """Return some of the points."""
        return self._each(lambda values: values[points])

    def restricted(self, allowed: Bool[Tensor, "points neurons"]) -> LambdaGrid:
        """Return the only point there is, once for each row of ``allowed``.

        Raises:
            ValueError: If there are several points.
        """
        if len(self) != 1:
            raise ValueError(f"one point is wanted, the grid has {len(self)}")
        size = len(allowed)
        return LambdaGrid(
            self.lambda1.expand(size), self.lambda2.expand(size), self.penalty, allowed
        )

    def to(self, device: torch.device) -> LambdaGrid:
        """Return the grid on another device."""
        return self._each(lambda values: values.to(device))

    def only_allowed(
        self, values: Float[Tensor, "grid labels neurons"]
    ) -> Float[Tensor, "grid labels neurons"]:
        """Return ``values`` with zeros at the neurons that a point may not use."""
        return values if self.allowed is None else values * self.allowed[:, None, :]

    def _each(self, change: Callable[[Tensor], Tensor]) -> LambdaGrid:
        allowed = None if self.allowed is None else change(self.allowed)
        return LambdaGrid(change(self.lambda1), change(self.lambda2), self.penalty, allowed)
