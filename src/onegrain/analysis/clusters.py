"""Neurons that say the same, by how they correlate.

Dalvi et al. (EMNLP 2020, "Analyzing redundancy in pretrained transformer models"): average linkage
on d = 1 - |rho|, cut at a distance c, one neuron of each cluster kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from torch import Tensor


@dataclass(frozen=True, eq=False)
class NeuronClusters:
    """Neurons parted by what they say.

    Attributes:
        of_neuron: The cluster of every neuron by id; clusters are counted from 0 in the order of
            their representatives. -1 for a constant neuron, which says nothing.
        representatives: The neuron of each cluster that stands first in the given order.
    """

    of_neuron: Int[Tensor, " neurons"]
    representatives: Int[Tensor, " clusters"]

    def members(self, cluster: int) -> Int[Tensor, " members"]:
        """Return the neurons of a cluster, by id."""
        return (self.of_neuron == cluster).nonzero()[:, 0]


def correlation_clusters(
    correlation: Float[Tensor, "neurons neurons"],
    order: Int[Tensor, " neurons"],
    cut: float = 0.3,
) -> NeuronClusters:
    """Cluster neurons whose mean distance 1 - |rho| is at most ``cut``.

    Args:
        correlation: Pearson's, 0 for a constant neuron with any, itself among them (as
            `Moments.correlation` has it).
        order: All neurons, most important first, by which representatives are chosen.
        cut: The largest mean distance at which two clusters are one.

    Example:
        >>> rho = torch.tensor([[1.0, 0.1, -0.9], [0.1, 1.0, 0.0], [-0.9, 0.0, 1.0]])
        >>> clusters = correlation_clusters(rho, torch.tensor([2, 1, 0]), cut=0.3)
        >>> clusters.of_neuron.tolist(), clusters.representatives.tolist()
        ([0, 1, 0], [2, 1])
    """
    ranked = order[correlation.diagonal()[order] != 0]
    named = _linked(correlation[ranked][:, ranked].double(), cut)
    _, first, inverse = np.unique(named, return_index=True, return_inverse=True)
    by_rank = np.argsort(np.argsort(first))
    of_neuron = torch.full((len(order),), -1)
    of_neuron[ranked] = torch.as_tensor(by_rank[inverse])
    return NeuronClusters(of_neuron, ranked[torch.as_tensor(np.sort(first))])


def _linked(correlation: Float[Tensor, "varying varying"], cut: float) -> np.ndarray:
    if len(correlation) < 2:
        return np.zeros(len(correlation), dtype=np.int64)
    distance = (1 - correlation.abs()).clamp(min=0).fill_diagonal_(0)
    tree = linkage(squareform(distance.numpy(), checks=False), method="average")
    clusters: np.ndarray = fcluster(tree, cut, criterion="distance")
    return clusters
