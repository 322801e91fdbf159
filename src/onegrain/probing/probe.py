"""A fitted probe: all points of its grid, on disk and in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from onegrain.errors import UserError
from onegrain.probing.grid import LambdaGrid
from onegrain.settings import Penalty

TENSORS = ("weight", "bias", "objective", "residual", "train_accuracy")
OPTIONAL_TENSORS = ("epochs", "fitted")


@dataclass(frozen=True, eq=False)
class Probe:
    """Softmax regressions from neurons to labels, one for each point of a lambda grid.

    Attributes:
        grid: The points.
        labels: Label names, by id.
        weight: The weights.
        bias: The biases.
        objective: The minimised value (`onegrain.probing.objective`) on the training words.
        residual: Norm of the smallest subgradient, relative to that of all-zero weights.
        train_accuracy: On the training words.
        tolerance: The residual at which a point counts as converged.
        epochs: Passes over the training words that each point took; None where nobody counted.
        fitted: Whether a point was fitted to its end and may be chosen, and was not given up by a
            search (`onegrain.probing.search`); None: all were.
    """

    grid: LambdaGrid
    labels: tuple[str, ...]
    weight: Float[Tensor, "grid labels neurons"]
    bias: Float[Tensor, "grid labels"]
    objective: Float[Tensor, " grid"]
    residual: Float[Tensor, " grid"]
    train_accuracy: Float[Tensor, " grid"]
    tolerance: float
    epochs: Int[Tensor, " grid"] | None = None
    fitted: Bool[Tensor, " grid"] | None = None

    @property
    def converged(self) -> Bool[Tensor, " grid"]:
        """Whether a point's sparsity and ranking are those of its optimum."""
        return self.residual <= self.tolerance

    @property
    def nonzero(self) -> Int[Tensor, " grid"]:
        """Number of weights that are not exactly zero."""
        return (self.weight != 0).sum(dim=(1, 2))

    @property
    def complete(self) -> Bool[Tensor, " grid"]:
        """Whether a point was fitted to its end, and may be chosen."""
        if self.fitted is None:
            return torch.ones(len(self.grid), dtype=torch.bool)
        return self.fitted

    def select(self, points: Int[Tensor, " chosen"]) -> Probe:
        """Return some of the points."""
        chosen: dict[str, Any] = {name: getattr(self, name)[points] for name in TENSORS}
        perhaps = {name: getattr(self, name) for name in OPTIONAL_TENSORS}
        chosen |= {name: each[points] for name, each in perhaps.items() if each is not None}
        return replace(self, grid=self.grid.select(points), **chosen)

    def replaced(self, points: Int[Tensor, " chosen"], found: Mapping[str, Tensor]) -> Probe:
        """Return the probe with other values, by attribute, of some of the points."""
        values: dict[str, Any] = {
            name: getattr(self, name).index_copy(0, points, each.cpu())
            for name, each in found.items()
        }
        return replace(self, **values)

    def save(self, path: Path) -> None:
        """Write one safetensors file."""
        about = {
            "labels": self.labels,
            "penalty": self.grid.penalty.value,
            "tolerance": self.tolerance,
        }
        tensors = {name: getattr(self, name).contiguous() for name in TENSORS}
        grid = {name: getattr(self.grid, name) for name in ("lambda1", "lambda2", "allowed")}
        perhaps = grid | {name: getattr(self, name) for name in OPTIONAL_TENSORS}
        tensors |= {name: each.contiguous() for name, each in perhaps.items() if each is not None}
        save_file(tensors, path, metadata={"probe": json.dumps(about)})

    @classmethod
    def load(cls, path: Path) -> Probe:
        """Read what `save` wrote.

        Raises:
            UserError: If the file is missing or is no probe.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads(file.metadata()["probe"])
            tensors = load_file(path)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}: not a probe of onegrain ({error})") from error
        grid = LambdaGrid(
            tensors["lambda1"],
            tensors["lambda2"],
            Penalty(about["penalty"]),
            tensors.get("allowed"),
        )
        known: dict[str, Any] = {name: tensors[name] for name in TENSORS}
        known |= {name: tensors.get(name) for name in OPTIONAL_TENSORS}
        return cls(grid=grid, labels=tuple(about["labels"]), tolerance=about["tolerance"], **known)
