"""Whether instances are ranked alike: neurons are followed to their partners, not by id."""

import pytest
import torch

from onegrain.ranking.instance_agreement import (
    instance_agreement_table,
    matched_overlap,
    partners,
)
from onegrain.ranking.moments import Moments
from onegrain.ranking.random_order import rank_at_random
from onegrain.ranking.single_model import rank_by_variance


@pytest.fixture
def permutation():
    return torch.randperm(12, generator=torch.Generator().manual_seed(9))


@pytest.fixture
def copies(instances, record, permutation):
    """A model, and the same with its neurons renamed and their signs turned."""
    return Moments.of(record(instances[0], -instances[0][:, permutation]))


def test_the_partner_is_the_renamed_neuron(copies, permutation):
    assert torch.equal(partners(copies, 1, 0), permutation)
    assert torch.equal(partners(copies, 0, 1), permutation.argsort())


def test_a_renamed_copy_agrees_in_full(copies, layout):
    rankings = [rank_by_variance(copies, instance, layout) for instance in (0, 1)]
    table = instance_agreement_table(rankings, copies, [1, 5, 12])
    assert list(zip(table["one"], table["other"], strict=True)) == [(1, 2)] * 3 + [(2, 1)] * 3
    assert table["overlap"].tolist() == [1.0] * 6
    assert table["spearman"].tolist() == pytest.approx([1.0] * 6)
    assert table["chance"].tolist() == pytest.approx([1 / 12, 5 / 12, 1] * 2)


def test_random_rankings_agree_by_chance_only(copies, layout):
    partner = partners(copies, 0, 1)
    shares = [
        matched_overlap(
            rank_at_random(layout, seed), rank_at_random(layout, 999 + seed), partner, 4
        )
        for seed in range(300)
    ]
    assert sum(shares) / 300 == pytest.approx(4 / 12, abs=0.05)


def test_each_instance_needs_a_ranking_and_each_top_its_neurons(copies, layout):
    with pytest.raises(ValueError, match="1 rankings of 2 instances"):
        instance_agreement_table([rank_at_random(layout)], copies, [1])
    with pytest.raises(ValueError, match="the top 13 of 12 and 12 neurons"):
        instance_agreement_table([rank_at_random(layout)] * 2, copies, [13])
