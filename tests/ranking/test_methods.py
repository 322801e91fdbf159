"""Every method by its name."""

import pytest
import torch

from onegrain.errors import UserError
from onegrain.ranking.cross_model import rank_by_cross_model
from onegrain.ranking.methods import Instances, directions_of, rank
from onegrain.ranking.moments import Moments, every_pair
from onegrain.ranking.regression import rank_by_regression
from onegrain.ranking.single_model import (
    rank_by_absolute_mean,
    rank_by_distance_from_mean,
    rank_by_variance,
)
from onegrain.ranking.svcca import shared_directions
from onegrain.settings import LABELLED, Method, RankingSettings, Reduce, Weight

NOT_RANKED_HERE = LABELLED | {Method.sensitivity, Method.svcca}
RANKED_HERE = [method for method in Method if method not in NOT_RANKED_HERE]
COMPARING = [
    *(Method.cross_model, Method.cross_model_mean, Method.cross_model_min),
    *(Method.cross_model_signed, Method.cross_model_std, Method.linear_regression),
]


@pytest.fixture
def three(instances, record, layout):
    return Instances(record(*instances), layout)


@pytest.mark.parametrize("method", Method, ids=lambda method: method.name)
def test_every_method_is_dispatched_or_refused(three, method):
    if method in NOT_RANKED_HERE:
        with pytest.raises(ValueError, match=f"{method.name} is not a ranking of neurons"):
            rank(method, three, 0, RankingSettings(), seed=0)
    else:
        ranking = rank(method, three, 0, RankingSettings(), seed=0)
        assert ranking.layout is three.layout


def test_every_method_has_a_name_of_its_own_under_which_its_ranking_is_known(three):
    names = [rank(method, three, 0, RankingSettings(), seed=0).method for method in RANKED_HERE]
    assert names == [method.name for method in RANKED_HERE]


def test_every_method_is_what_its_name_says(three, instances, record, layout):
    moments = Moments.of(record(*instances), every_pair(3, within=True))

    def cross(**options):
        return rank_by_cross_model(moments, 1, layout, **options)

    expected = {
        Method.cross_model: cross(),
        Method.cross_model_mean: cross(reduce=Reduce.mean),
        Method.cross_model_min: cross(reduce=Reduce.min),
        Method.cross_model_signed: cross(signed=True),
        Method.cross_model_std: cross(weight=Weight.std),
        Method.linear_regression: rank_by_regression(moments, 1, layout),
        Method.variance: rank_by_variance(moments, 1, layout),
        Method.distance_from_mean: rank_by_distance_from_mean(moments, 1, layout),
        Method.distance_from_mean_nearest: rank_by_distance_from_mean(
            moments, 1, layout, nearest_first=True
        ),
        Method.absolute_mean: rank_by_absolute_mean(moments, 1, layout),
    }
    found = {method: rank(method, three, 1, RankingSettings(), seed=0) for method in expected}
    for method, wanted in expected.items():
        assert torch.equal(found[method].order, wanted.order), method
        torch.testing.assert_close(found[method].scores, wanted.scores)
    assert len({tuple(each.order.tolist()) for each in found.values()}) == len(found)
    deviation = rank(Method.absolute_deviation, three, 1, RankingSettings(), seed=0)
    by_hand = (instances[1] - instances[1].mean(dim=0)).abs().mean(dim=0)
    assert torch.equal(deviation.order, by_hand.argsort(descending=True))


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        (RankingSettings(reduce=Reduce.mean), Method.cross_model_mean),
        (RankingSettings(reduce=Reduce.min), Method.cross_model_min),
        (RankingSettings(signed=True), Method.cross_model_signed),
        (RankingSettings(weight=Weight.std), Method.cross_model_std),
    ],
    ids=lambda value: value.name,
)
def test_settings_change_cross_model_and_none_of_those_named_after_it(three, settings, same):
    changed = rank(Method.cross_model, three, 0, settings, seed=0)
    named = rank(same, three, 0, RankingSettings(), seed=0)
    assert changed.method == named.method == same.name
    assert torch.equal(changed.order, named.order)
    for method in RANKED_HERE:
        if method is not Method.cross_model:
            plain = rank(method, three, 0, RankingSettings(), seed=0)
            assert torch.equal(rank(method, three, 0, settings, seed=0).order, plain.order)


@pytest.mark.parametrize("method", COMPARING, ids=lambda method: method.name)
def test_what_compares_instances_needs_several(instances, record, layout, method):
    alone = Instances(record(instances[0]), layout)
    with pytest.raises(UserError):
        rank(method, alone, 0, RankingSettings(), seed=0)


def test_one_model_is_enough_for_all_others(instances, record, layout):
    alone = Instances(record(instances[0]), layout)
    for method in RANKED_HERE:
        if method not in COMPARING:
            assert rank(method, alone, 0, RankingSettings(), seed=0).method == method.name


def test_the_seed_is_that_of_random_orders(three):
    first, same, other = (
        rank(Method.random, three, 0, RankingSettings(), seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.order, same.order)
    assert not torch.equal(first.order, other.order)


def test_directions_are_those_among_the_chosen_neurons(three):
    chosen = torch.tensor([0, 2, 3, 7])
    found = directions_of(three, 2, chosen)
    wanted = shared_directions(three.moments, 2, three.layout, among=chosen)
    torch.testing.assert_close(found.vectors, wanted.vectors)
    outside = [neuron for neuron in range(three.layout.size) if neuron not in chosen]
    assert not found.vectors[:, outside].any()
