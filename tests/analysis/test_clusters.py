"""Clusters of neurons that correlate."""

import numpy as np
import torch
from sklearn.cluster import AgglomerativeClustering

from onegrain.analysis.clusters import correlation_clusters


def correlation_of(seed, neurons=30):
    generator = torch.Generator().manual_seed(seed)
    sources = torch.randn(400, 8, generator=generator)
    values = sources[:, torch.arange(neurons) % 8] * torch.tensor([1.0, -1.0]).repeat(neurons // 2)
    values = values + 0.6 * torch.randn(400, neurons, generator=generator)
    return torch.corrcoef(values.T)


def test_clusters_are_those_of_average_linkage():
    for seed, cut in ((0, 0.3), (1, 0.5), (2, 0.1)):
        rho = correlation_of(seed)
        found = correlation_clusters(rho, torch.arange(len(rho)), cut).of_neuron
        reference = AgglomerativeClustering(
            None, metric="precomputed", linkage="average", distance_threshold=cut
        ).fit_predict((1 - rho.abs()).clamp(min=0).numpy())
        together = np.equal.outer(reference, reference)
        assert np.array_equal(np.equal.outer(found.numpy(), found.numpy()), together)


def test_each_cluster_is_represented_by_its_neuron_that_ranks_first():
    rho = correlation_of(3)
    order = torch.randperm(len(rho), generator=torch.Generator().manual_seed(4))
    clusters = correlation_clusters(rho, order, 0.5)
    rank = {neuron: place for place, neuron in enumerate(order.tolist())}
    for number, representative in enumerate(clusters.representatives.tolist()):
        members = clusters.members(number).tolist()
        assert min(members, key=rank.__getitem__) == representative


def test_constant_neurons_are_in_no_cluster():
    rho = correlation_of(5)
    rho[7], rho[:, 7] = 0, 0
    clusters = correlation_clusters(rho, torch.arange(len(rho)), 0.3)
    assert clusters.of_neuron[7] == -1
    assert 7 not in clusters.representatives
