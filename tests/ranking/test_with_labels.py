"""Every method that looks at labels, by its name."""

from __future__ import annotations

import pytest
import torch

from onegrain.errors import UserError
from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.ranking.with_labels import Labelled, rank_with_labels
from onegrain.settings import LABELLED, Criterion, Method, RankingSettings

NEURONS, TELLING = 12, 5
LAYOUT = NeuronLayout((Block("encoder", 1, "forward", NEURONS),))
LABELS = ("DET", "NOUN", "VERB")


def words(seed: int) -> LabelledActivations:
    """Neuron 5 tells nouns, and neurons 3 and 4 are constant and dead."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(300) % 3
    values = torch.randn(300, NEURONS, generator=generator)
    values[:, TELLING] = 3 * (labels == 1) - 1.5 + 0.3 * values[:, TELLING]
    values[:, 3], values[:, 4] = 0.1, 0.0
    return LabelledActivations(InMemory(values), labels, torch.arange(300))


@pytest.fixture
def labelled() -> Labelled:
    weight = torch.randn(3, NEURONS, generator=torch.Generator().manual_seed(2))
    weight[1, TELLING] = 9.0
    weight[:, 3:5] = 0.0
    return Labelled(words(0), words(1), LABELS, weight, LAYOUT)


@pytest.mark.parametrize("method", Method, ids=lambda method: method.name)
def test_every_method_with_labels_is_dispatched_and_all_others_are_refused(
    labelled: Labelled, method: Method
) -> None:
    if method not in LABELLED:
        with pytest.raises(ValueError, match=f"{method.name} is not a ranking of neurons by"):
            rank_with_labels(method, labelled, RankingSettings(), seed=0)
        return
    ranking = rank_with_labels(method, labelled, RankingSettings(), seed=0)
    assert ranking.method == method.name
    assert ranking.layout is LAYOUT
    assert int(ranking.order[0]) == TELLING
    assert set(ranking.order[-2:].tolist()) == {3, 4}
    assert ranking.unranked >= 2
    if method is not Method.gaussian:  # its neurons are selected for all labels together
        assert tuple(ranking.by_label) == LABELS
        assert int(ranking.by_label["NOUN"][0]) == TELLING


def test_settings_reach_greedy_selection_and_iou(labelled: Labelled) -> None:
    settings = RankingSettings()
    settings.gaussian.neurons = 2
    settings.gaussian.criterion = Criterion.accuracy
    settings.iou.quantile = 0.1
    greedy = rank_with_labels(Method.gaussian, labelled, settings, seed=0)
    assert greedy.unranked == NEURONS - 2
    assert float(greedy.scores[TELLING]) == pytest.approx(2 / 3, abs=0.05)  # two labels are tossed
    narrow = rank_with_labels(Method.iou, labelled, settings, seed=0)
    wide = rank_with_labels(Method.iou, labelled, RankingSettings(), seed=0)
    assert float(wide.scores[TELLING]) > 0.95
    assert float(narrow.scores[TELLING]) == pytest.approx(0.3, abs=0.02)  # a tenth of a third


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_activations_that_are_no_numbers_are_refused_by_neuron(
    labelled: Labelled, value: float
) -> None:
    labelled.train.activations.values[17, 8] = value
    with pytest.raises(UserError, match="neuron 8 is not a number or infinite"):
        rank_with_labels(Method.anova, labelled, RankingSettings(), seed=0)
