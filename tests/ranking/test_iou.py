"""Intersection over union, beside plain loops over words."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.ranking.iou import rank_by_iou

LABELS = ("ADJ", "NOUN", "VERB")
LAYOUT = NeuronLayout((Block("lm", 1, "", 5),))


def words(seed: int, count: int) -> LabelledActivations:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(count, 5, generator=generator).round(decimals=1)
    labels = torch.randint(3, (count,), generator=generator)
    return LabelledActivations(InMemory(values), labels, torch.arange(count))


def plain_iou(active: list[bool], has_label: list[bool]) -> float:
    pairs = list(zip(active, has_label, strict=True))
    return sum(a and b for a, b in pairs) / max(sum(a or b for a, b in pairs), 1)


def plain_thresholds(column: list[float], quantile: float | None) -> tuple[float, float]:
    if quantile is None:
        return 0.0, 0.0
    inside = min(max(round(quantile * len(column)), 1), len(column) - 1)
    return sorted(column)[len(column) - inside - 1], sorted(column)[inside]


@given(
    seed=st.integers(0, 2**31),
    count=st.integers(1, 40),
    quantile=st.sampled_from([None, 0.01, 0.1, 0.4]),
)
def test_scores_are_those_of_plain_loops(seed: int, count: int, quantile: float | None) -> None:
    train = words(seed, count)
    ranking = rank_by_iou(train, LABELS, LAYOUT, quantile=quantile)
    labels = train.labels.tolist()
    by_label = torch.zeros(3, 5)
    for neuron in range(5):
        column = train.activations.gather(torch.arange(count))[:, neuron].tolist()
        high, low = plain_thresholds(column, quantile)
        signs = ([value > high for value in column], [value < low for value in column])
        for label in range(3):
            has_label = [own == label for own in labels]
            by_label[label, neuron] = max(plain_iou(active, has_label) for active in signs)
    torch.testing.assert_close(ranking.scores.float(), by_label.amax(dim=0))
    for label, order in enumerate(ranking.by_label.values()):
        assert (by_label[label, order].diff() <= 1e-7).all()


def test_a_neuron_that_falls_with_a_label_is_as_good_as_one_that_rises() -> None:
    train = words(0, 500)
    train.activations.values[:, 3] = 0.5 - (train.labels == 1).float()
    ranking = rank_by_iou(train, LABELS, LAYOUT)
    assert int(ranking.order[0]) == int(ranking.by_label["NOUN"][0]) == 3
    assert float(ranking.scores[3]) == 1.0


def test_neurons_that_are_always_active_are_ranked_only_if_they_vary() -> None:
    train = words(0, 500)
    train.activations.values[:, 2] = 1.0
    varies = torch.tensor([True, True, False, True, True])
    share = torch.bincount(train.labels).max().item() / 500
    assert float(rank_by_iou(train, LABELS, LAYOUT).scores[2]) == pytest.approx(share)
    ranking = rank_by_iou(train, LABELS, LAYOUT, varies=varies)
    assert int(ranking.order[-1]) == 2
    assert ranking.unranked == 1
