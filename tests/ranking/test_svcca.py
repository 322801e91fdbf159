"""SVCCA: canonical correlations of an independent computation, and bases that can be projected."""

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA

from onegrain.errors import UserError
from onegrain.neurons import Block, NeuronLayout
from onegrain.ranking.moments import Moments, every_pair
from onegrain.ranking.svcca import shared_directions


def moments_of(recordings):
    return Moments.of(recordings, every_pair(len(recordings), within=True))


def canonical_correlations(one, other, variance):
    """By QR of the principal components' values (Björck and Golub), not by covariances."""
    bases = [
        np.linalg.qr(PCA(variance, svd_solver="full").fit_transform(values.double().numpy()))[0]
        for values in (one, other)
    ]
    return np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)


def values_along(directions, activations):
    centered = activations.double() - directions.mean.double()
    return (centered @ directions.vectors.double().T).numpy()


@pytest.mark.parametrize("variance", [0.8, 0.99])
def test_scores_are_the_canonical_correlations_with_one_other_model(
    instances, record, layout, variance
):
    directions = shared_directions(moments_of(record(*instances[:2])), 0, layout, variance=variance)
    expected = canonical_correlations(*instances[:2], variance)
    np.testing.assert_allclose(directions.scores[: len(expected)], expected, atol=1e-4)


def test_the_first_direction_is_scikit_learns(instances, record, layout):
    directions = shared_directions(moments_of(record(*instances[:2])), 0, layout, variance=1.0)
    peer = CCA(n_components=1, scale=False, max_iter=5000, tol=1e-10)
    peer.fit(*(values.double().numpy() for values in instances[:2]))
    cosine = directions.vectors[0].numpy() @ (peer.x_weights_[:, 0])
    assert abs(cosine) > 0.999


def test_values_along_directions_are_uncorrelated(instances, record, layout):
    directions = shared_directions(moments_of(record(*instances)), 0, layout)
    correlation = np.corrcoef(values_along(directions, instances[0]), rowvar=False)
    np.testing.assert_allclose(correlation, np.eye(len(correlation)), atol=1e-4)


def test_the_score_is_the_mean_over_the_other_models(instances, record, layout):
    """Of the squared multiple correlation of a direction with each model's components."""
    directions = shared_directions(moments_of(record(*instances)), 0, layout, variance=1.0)
    along = values_along(directions, instances[0])
    explained = []
    for other in instances[1:]:
        basis = np.linalg.qr((other - other.mean(0)).double().numpy())[0]
        explained.append(((basis.T @ along) ** 2).sum(0) / (along**2).sum(0))
    np.testing.assert_allclose(directions.scores, np.sqrt(np.mean(explained, axis=0)), atol=1e-4)
    assert (directions.scores.diff() <= 1e-9).all()


@pytest.mark.parametrize("bottom", [False, True])
def test_bases_are_orthonormal_nested_and_span_the_directions(instances, record, layout, bottom):
    directions = shared_directions(moments_of(record(*instances)), 0, layout)
    vectors = directions.vectors.flip(0) if bottom else directions.vectors
    full = directions.basis(len(vectors), bottom=bottom)
    for count in (0, 1, 3, len(vectors)):
        basis = directions.basis(count, bottom=bottom)
        assert basis.shape == (count, 12)
        torch.testing.assert_close(basis @ basis.T, torch.eye(count), atol=1e-5, rtol=0)
        torch.testing.assert_close(basis, full[:count], atol=1e-4, rtol=0)
        within = vectors[:count] @ basis.T @ basis
        torch.testing.assert_close(within, vectors[:count], atol=1e-4, rtol=0)


def test_what_is_projected_out_is_constant_afterwards(instances, record, layout):
    directions = shared_directions(moments_of(record(*instances)), 0, layout)
    basis = directions.basis(3)
    centered = instances[0] - directions.mean
    left = instances[0] - centered @ basis.T @ basis
    assert values_along(directions, left)[:, :3].std(axis=0).max() < 1e-4
    torch.testing.assert_close(left.mean(0), directions.mean, atol=1e-4, rtol=0)


def test_a_planted_shared_direction_is_found_first(record, layout):
    generator = torch.Generator().manual_seed(5)
    cause = torch.randn(3000, 1, generator=generator)
    planted = torch.nn.functional.normalize(torch.randn(12, generator=generator), dim=0)
    one, other = (torch.randn(3000, 12, generator=generator) for _ in range(2))
    one, other = one + 3 * cause * planted, other + 3 * cause
    directions = shared_directions(moments_of(record(one, other)), 0, layout)
    assert abs(float(directions.vectors[0] @ planted)) > 0.99
    assert directions.scores[0] > 0.9 > 0.2 > directions.scores[1]


def test_only_chosen_neurons_have_a_part(instances, record, layout):
    chosen = torch.tensor([1, 4, 6, 10])
    directions = shared_directions(moments_of(record(*instances)), 0, layout, among=chosen)
    narrow = moments_of(record(*(values[:, chosen] for values in instances)))
    alone = shared_directions(narrow, 0, NeuronLayout((Block("encoder", 1, "forward", 4),)))
    rest = [neuron for neuron in range(12) if neuron not in chosen]
    assert (directions.vectors[:, rest] == 0).all()
    torch.testing.assert_close(directions.scores, alone.scores)
    torch.testing.assert_close(directions.vectors[:, chosen].abs(), alone.vectors.abs())


def test_constant_neurons_have_no_part(instances, record, layout):
    instances[0][:, 3] = 1.5
    directions = shared_directions(moments_of(record(*instances)), 0, layout)
    assert directions.vectors.isfinite().all()
    assert directions.vectors[:, 3].abs().max() < 1e-6


def test_more_directions_than_there_are_are_refused(instances, record, layout):
    directions = shared_directions(moments_of(record(*instances)), 0, layout)
    with pytest.raises(ValueError, match=f"13 of {len(directions.vectors)} directions"):
        directions.basis(13)


def test_too_few_words_and_constant_models_are_refused(instances, record, layout):
    with pytest.raises(UserError, match="15 words are too few"):
        shared_directions(moments_of(record(*(v[:15] for v in instances))), 0, layout)
    still = torch.ones_like(instances[1])
    with pytest.raises(UserError, match="no neuron of instance 2 ever changes"):
        shared_directions(moments_of(record(instances[0], still)), 0, layout)
