"""Cross-model correlation: numpy's numbers, and what must hold under any renaming of neurons."""

import numpy as np
import pytest
import torch

from onegrain.errors import UserError
from onegrain.neurons import Block, NeuronLayout
from onegrain.ranking.cross_model import best_correlations, rank_by_cross_model
from onegrain.ranking.moments import Moments
from onegrain.settings import Reduce, Weight


def numpy_best(instances, signed):
    first = instances[0].double().numpy()
    best = []
    for other in instances[1:]:
        both = np.concatenate([first, other.double().numpy()], axis=1)
        block = np.corrcoef(both, rowvar=False)[: first.shape[1], first.shape[1] :]
        best.append((block if signed else np.abs(block)).max(axis=1))
    return np.stack(best)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("reduce", list(Reduce))
@pytest.mark.parametrize("weight", list(Weight))
def test_scores_are_those_of_numpy(instances, record, layout, signed, reduce, weight):
    ranking = rank_by_cross_model(
        Moments.of(record(*instances)), 0, layout, reduce=reduce, signed=signed, weight=weight
    )
    expected = getattr(np, reduce.name)(numpy_best(instances, signed), axis=0)
    if weight is Weight.std:
        expected = expected * instances[0].double().numpy().std(axis=0)
    np.testing.assert_allclose(ranking.scores.numpy(), expected, atol=1e-5)
    assert ranking.order.tolist() == np.argsort(-expected).tolist()


def test_the_name_says_what_differs_from_the_papers_code(instances, record, layout):
    moments = Moments.of(record(*instances))
    variant = {"reduce": Reduce.min, "signed": True, "weight": Weight.std}
    assert rank_by_cross_model(moments, 0, layout).method == "cross_model"
    assert rank_by_cross_model(moments, 0, layout, **variant).method == "cross_model_min_signed_std"


@pytest.mark.parametrize("instance", [0, 1, 2])
def test_permuting_a_models_neurons_permutes_its_ranking(instances, record, layout, instance):
    permutation = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    permuted = [*instances]
    permuted[instance] = instances[instance][:, permutation]
    before = rank_by_cross_model(Moments.of(record(*instances)), instance, layout)
    after = rank_by_cross_model(Moments.of(record(*permuted)), instance, layout)
    assert torch.equal(permutation[after.order], before.order)


@pytest.mark.parametrize("instance", [1, 2])
def test_permuting_another_models_neurons_changes_nothing(instances, record, layout, instance):
    permuted = [*instances]
    permuted[instance] = instances[instance].flip(1)
    before = rank_by_cross_model(Moments.of(record(*instances)), 0, layout)
    after = rank_by_cross_model(Moments.of(record(*permuted)), 0, layout)
    assert torch.equal(before.order, after.order)


@pytest.mark.parametrize("reduce", list(Reduce))
def test_an_instance_and_itself_score_1(instances, record, layout, reduce):
    moments = Moments.of(record(instances[0], instances[0], instances[0]))
    scores = rank_by_cross_model(moments, 0, layout, reduce=reduce).scores
    torch.testing.assert_close(scores, torch.ones(12, dtype=torch.float64), atol=1e-6, rtol=0)


def test_a_copy_of_other_signs_scales_and_offsets_scores_1_under_the_absolute_correlation(
    instances, record, layout
):
    flipped = 5 - 3 * instances[0]
    moments = Moments.of(record(instances[0], flipped))
    scores = rank_by_cross_model(moments, 0, layout).scores
    torch.testing.assert_close(scores, torch.ones(12, dtype=torch.float64), atol=1e-6, rtol=0)
    signed = rank_by_cross_model(moments, 0, layout, signed=True).scores
    assert (signed < 0.99).all()


def test_constant_neurons_score_0_and_are_last_in_every_variant(instances, record, layout):
    instances[0][:, [2, 9]] = 0.3
    instances[1][:, 4] = -1.0
    moments = Moments.of(record(*instances))
    for reduce in Reduce:
        for signed in (False, True):
            ranking = rank_by_cross_model(moments, 0, layout, reduce=reduce, signed=signed)
            assert ranking.scores[[2, 9]].tolist() == [0, 0]
            assert set(ranking.order[-2:].tolist()) == {2, 9}
            assert ranking.unranked == 2


def test_neurons_that_only_one_model_has_are_found_at_the_bottom(record):
    """Planted: half of the neurons carry what all models share, half nothing but noise."""
    generator = torch.Generator().manual_seed(3)
    shared = torch.randn(2000, 10, generator=generator)
    models = [
        torch.cat([shared, torch.randn(2000, 10, generator=generator)], dim=1)[
            :, torch.randperm(20, generator=generator)
        ]
        for _ in range(3)
    ]
    planted = {j for j in range(20) if any(torch.equal(models[0][:, j], c) for c in shared.T)}
    moments = Moments.of(record(*models))
    ranking = rank_by_cross_model(moments, 0, NeuronLayout((Block("lm", 1, "", 20),)))
    assert set(ranking.order[:10].tolist()) == planted


def test_best_matches_come_one_row_for_each_other_model(instances, record):
    best = best_correlations(Moments.of(record(*instances)), 1)
    assert best.shape == (2, 12)


def test_one_model_alone_is_refused(instances, record, layout):
    with pytest.raises(UserError, match=r"model\.instances=1"):
        rank_by_cross_model(Moments.of(record(instances[0])), 0, layout)
