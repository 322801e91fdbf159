"""The penalties of an elastic net, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.settings import Penalty


@dataclass(frozen=True, eq=False)
class LambdaGrid:
    """Points (lambda1, lambda2) that are fitted together.

    Attributes:
        lambda1: L1 strength of every point.
        lambda2: L2 strength of every point.
        penalty: Whether the L2 norm is squared (the paper's formula) or not (its code).
    """

    lambda1: Float[Tensor, " grid"]
    lambda2: Float[Tensor, " grid"]
    penalty: Penalty = Penalty.squared

    def __post_init__(self) -> None:
        if bool((self.lambda1 < 0).any() or (self.lambda2 < 0).any()):
            raise ValueError("regularisation strengths cannot be negative")

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
            >>> [tuple(round(value, 9) for value in point) for point in grid.points()]
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
        """Return the points as pairs of numbers."""
        return list(zip(self.lambda1.tolist(), self.lambda2.tolist(), strict=True))

    def select(self, points: Int[Tensor, " chosen"]) -> LambdaGrid:
        """Return some of the points."""
        return LambdaGrid(self.lambda1[points], self.lambda2[points], self.penalty)

    def to(self, device: torch.device) -> LambdaGrid:
        """Return the grid on another device."""
        return LambdaGrid(self.lambda1.to(device), self.lambda2.to(device), self.penalty)
