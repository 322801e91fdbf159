"""Directions that are taken away from a model's top layer, instead of single neurons."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.mask import site_neurons
from onegrain.neurons import NeuronLayout
from onegrain.settings import Site


@dataclass(frozen=True, eq=False)
class Projection:
    """Takes a subspace away where attention or the output layer reads the top layer.

    Attributes:
        basis: Orthonormal rows, in the space of the top layer's neurons in order of their ids.
        mean: What stays in the place of those directions.
        layout: That of the whole model.

    Raises:
        ValueError: If the basis is not one of the top layer's neurons, or not orthonormal.
    """

    basis: Float[Tensor, "directions top"]
    mean: Float[Tensor, " top"]
    layout: NeuronLayout

    def __post_init__(self) -> None:
        top = len(site_neurons(self.layout, Site.context))
        if self.basis.shape[1] != top or len(self.mean) != top:
            raise ValueError(
                f"directions of {self.basis.shape[1]} neurons around a mean of {len(self.mean)}: "
                f"the top layer, which they are taken from, has {top}"
            )
        products = self.basis.double() @ self.basis.double().T
        if not torch.allclose(products, torch.eye(len(self.basis)).to(products), atol=1e-4):
            raise ValueError("directions to take away must be orthonormal")

    def to(self, device: torch.device) -> Projection:
        """Return the same on a device."""
        return Projection(self.basis.to(device), self.mean.to(device), self.layout)

    def remove(self, states: Float[Tensor, "*steps top"]) -> Float[Tensor, "*steps top"]:
        """Return x - B'B (x - mean) for every row x.

        Example:
            >>> layout = NeuronLayout.bidirectional_encoder(layers=1, width=1)
            >>> first = Projection(torch.tensor([[1.0, 0.0]]), torch.tensor([0.5, 0.5]), layout)
            >>> first.remove(torch.tensor([[3.0, 4.0]]))
            tensor([[0.5000, 4.0000]])
        """
        basis = self.basis.to(states.dtype)
        return states - (states - self.mean.to(states.dtype)) @ basis.T @ basis
