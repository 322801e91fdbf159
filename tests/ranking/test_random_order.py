"""The random ranking."""

import torch

from onegrain.ranking.random_order import rank_at_random


def test_the_seed_alone_decides(layout):
    one, again, other = (rank_at_random(layout, seed) for seed in (1, 1, 2))
    assert torch.equal(one.order, again.order)
    assert not torch.equal(one.order, other.order)


def test_scores_fall_evenly_along_the_order(layout):
    ranking = rank_at_random(layout, seed=4)
    expected = 1 - torch.arange(12, dtype=torch.float64) / 12
    torch.testing.assert_close(ranking.scores[ranking.order], expected)
