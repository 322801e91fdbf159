"""Probeless, the F statistic and selectivity: plain loops, and scikit-learn."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.feature_selection import f_classif

from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.groups import GroupMeans, group_means
from onegrain.probing.labelled import InMemory
from onegrain.ranking.label_means import rank_by_anova, rank_by_probeless, rank_by_selectivity

LABELS = ("ADJ", "NOUN", "VERB")
CONSTANT, DEAD = 4, 8


@pytest.fixture
def values(instances: list[torch.Tensor]) -> torch.Tensor:
    values = instances[0]
    values[:, CONSTANT] = 0.1
    values[:, DEAD] = 0.0
    return values


@pytest.fixture
def labels() -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.multinomial(torch.tensor([0.2, 0.7, 0.1]), 400, True, generator=generator)


@pytest.fixture
def means(values: torch.Tensor, labels: torch.Tensor) -> GroupMeans:
    values += labels[:, None] * torch.linspace(0, 1, values.shape[1])
    values[:, CONSTANT], values[:, DEAD] = 0.1, 0.0
    return group_means(InMemory(values), {"pos": labels})["pos"]


def expect(ranking: Ranking, scores: np.ndarray, by_label: np.ndarray) -> None:
    """The scores are these, and all orders go down in them; what is constant is last."""
    np.testing.assert_allclose(ranking.scores.numpy(), scores, rtol=1e-5)
    assert set(ranking.order[-2:].tolist()) == {CONSTANT, DEAD}
    assert ranking.unranked == 2
    assert (ranking.scores[ranking.order].diff() <= 0).all()
    assert tuple(ranking.by_label) == LABELS
    for order, own in zip(ranking.by_label.values(), by_label, strict=True):
        assert (np.diff(own[order.numpy()]) <= 1e-6 * own.max()).all()
        assert {*order[-2:].tolist()} == {CONSTANT, DEAD}


def test_probeless_is_the_sum_over_pairs_of_labels(
    values: torch.Tensor, labels: torch.Tensor, means: GroupMeans, layout: NeuronLayout
) -> None:
    average = [values[labels == label].double().mean(dim=0).numpy() for label in range(3)]
    scores = sum(abs(one - other) for one, other in combinations(average, 2))
    by_label = np.stack([sum(abs(own - other) for other in average) for own in average])
    ranking = rank_by_probeless(means, LABELS, layout)
    assert ranking.method == "probeless"
    expect(ranking, scores, by_label)


def test_anova_is_that_of_scikit_learn(
    values: torch.Tensor, labels: torch.Tensor, means: GroupMeans, layout: NeuronLayout
) -> None:
    varying = np.setdiff1d(np.arange(layout.size), [CONSTANT, DEAD])

    def reference(groups: np.ndarray) -> np.ndarray:
        scores = np.zeros(layout.size)
        scores[varying] = f_classif(values.double().numpy()[:, varying], groups)[0]
        return scores

    by_label = np.stack([reference(labels.numpy() == label) for label in range(3)])
    ranking = rank_by_anova(means, LABELS, layout)
    assert ranking.method == "anova"
    expect(ranking, reference(labels.numpy()), by_label)


def test_what_is_constant_on_each_label_has_the_highest_finite_f(
    values: torch.Tensor, labels: torch.Tensor, layout: NeuronLayout
) -> None:
    values[:, 6] = labels.float()
    found = group_means(InMemory(values), {"pos": labels})["pos"]
    ranking = rank_by_anova(found, LABELS, layout)
    assert int(ranking.order[0]) == 6
    assert ranking.scores.isfinite().all()


def test_selectivity_is_a_share_of_the_range(
    values: torch.Tensor, labels: torch.Tensor, means: GroupMeans, layout: NeuronLayout
) -> None:
    by_label = np.zeros((3, layout.size))
    for label in range(3):
        inside, outside = values[labels == label].double(), values[labels != label].double()
        spread = values.double().amax(dim=0) - values.double().amin(dim=0)
        distance = (inside.mean(dim=0) - outside.mean(dim=0)).abs()
        by_label[label] = torch.where(spread > 0, distance / spread, 0.0).numpy()
    by_label[:, [CONSTANT, DEAD]] = 0.0
    ranking = rank_by_selectivity(means, InMemory(values), LABELS, layout)
    assert ranking.method == "selectivity"
    expect(ranking, by_label.max(axis=0), by_label)
    values[:, 7] = (labels == 2).float()
    perfect = group_means(InMemory(values), {"pos": labels})["pos"]
    best = rank_by_selectivity(perfect, InMemory(values), LABELS, layout)
    assert int(best.order[0]) == 7
    assert float(best.scores[7]) == pytest.approx(1.0)


def test_one_label_alone_tells_no_neurons_apart(values: torch.Tensor, layout: NeuronLayout) -> None:
    alone = group_means(InMemory(values), {"pos": torch.zeros(400).long()})["pos"]
    for ranking in (
        rank_by_probeless(alone, ["NOUN"], layout),
        rank_by_anova(alone, ["NOUN"], layout),
        rank_by_selectivity(alone, InMemory(values), ["NOUN"], layout),
    ):
        assert ranking.unranked == layout.size, ranking.method
