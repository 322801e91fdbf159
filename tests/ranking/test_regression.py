"""LinReg: the R² of an explicit least-squares fit, from second moments alone."""

import numpy as np
import pytest
import torch

from onegrain.errors import UserError
from onegrain.ranking.moments import Moments, every_pair
from onegrain.ranking.regression import explained_variance, rank_by_regression


def moments_of(recordings):
    return Moments.of(recordings, every_pair(len(recordings), within=True))


def least_squares(targets, features):
    """R² by numpy's own least squares with a column of ones, one target a column."""
    targets, features = targets.double().numpy(), features.double().numpy()
    design = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    fitted = design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    return 1 - ((targets - fitted) ** 2).sum(axis=0) / ((targets - targets.mean(axis=0)) ** 2).sum(
        axis=0
    )


@pytest.mark.parametrize("other", [1, 2])
def test_explained_variance_is_that_of_least_squares(instances, record, other):
    explained = explained_variance(moments_of(record(*instances)), 0, other)
    expected = least_squares(instances[0], instances[other])
    np.testing.assert_allclose(explained.numpy(), expected, atol=1e-5)


def test_copies_among_the_features_change_nothing(instances, record):
    doubled = torch.cat([instances[1], instances[1], -2 * instances[1][:, :3] + 1], dim=1)
    explained = explained_variance(moments_of(record(instances[0], doubled)), 0, 1)
    np.testing.assert_allclose(
        explained.numpy(), least_squares(instances[0], instances[1]), atol=2e-5
    )


def test_the_worst_model_counts(instances, record, layout):
    ranking = rank_by_regression(moments_of(record(*instances)), 0, layout)
    each = [least_squares(instances[0], other) for other in instances[1:]]
    np.testing.assert_allclose(ranking.scores.numpy(), np.minimum(*each), atol=1e-5)
    assert ranking.order.tolist() == np.argsort(-np.minimum(*each)).tolist()


def test_what_a_rotated_model_holds_is_explained_in_full(instances, record):
    rotation = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(2))).Q
    explained = explained_variance(moments_of(record(instances[0], instances[0] @ rotation)), 0, 1)
    torch.testing.assert_close(explained, torch.ones_like(explained), atol=1e-4, rtol=0)


def test_constant_neurons_score_0_and_explain_nothing(instances, record, layout):
    instances[0][:, 5] = 2.0
    alone = instances[1].clone()
    alone[:, 1:] = 0.7
    ranking = rank_by_regression(moments_of(record(instances[0], alone)), 0, layout)
    expected = least_squares(instances[0][:, :5], alone[:, :1])
    assert ranking.scores[5] == 0
    assert int(ranking.order[-1]) == 5
    np.testing.assert_allclose(ranking.scores[:5].numpy(), expected, atol=1e-5)


def test_permuting_a_models_neurons_permutes_its_ranking(instances, record, layout):
    before = rank_by_regression(moments_of(record(*instances)), 0, layout)
    flipped = [instances[0].flip(1), *instances[1:]]
    after = rank_by_regression(moments_of(record(*flipped)), 0, layout)
    assert (11 - after.order).tolist() == before.order.tolist()


def test_too_few_words_are_refused(instances, record, layout):
    few = [values[:13] for values in instances]
    with pytest.raises(UserError, match="13 words are too few"):
        rank_by_regression(moments_of(record(*few)), 0, layout)
