"""Which orders of the neurons a run has, and how far they agree."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.tokens import TokenTable
from onegrain.analysis.sensitivity import rank_by_sensitivity
from onegrain.data.corpus import Corpus, Splits
from onegrain.neurons import NeuronLayout, Ranking
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.ranking.with_labels import Labelled
from onegrain.reporting.run_contract import AGREEMENT_COLUMNS, LABEL_ORDER_COLUMNS, NEURON_COLUMNS
from onegrain.settings import Method, RankingText, Settings
from onegrain.steps.rankings import Ranked, ranked, ranking_text

LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=5)
LABELS = ("NOUN", "VERB", "DET")


def numbered(size: int, prefix: str) -> Corpus:
    sentences = tuple((prefix, str(row)) for row in range(size))
    other = Corpus("fr", sentences)
    labels = {"pos": tuple(("X", "NUM") for _ in sentences)}
    return Corpus("en", sentences, translation=other, labels=labels)


@pytest.fixture
def data() -> Splits:
    return Splits(numbered(50, "train"), numbered(5, "dev"), numbered(5, "test"))


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.ranking.sentences = 20
    return settings


def test_the_text_is_drawn_alike_for_every_instance_and_run(
    settings: Settings, data: Splits
) -> None:
    labelled = numbered(30, "labelled")
    first = ranking_text(settings, data, labelled)
    assert first == ranking_text(settings, data, labelled)
    assert len(first) == len(set(first.sentences)) == 20
    assert set(first.sentences) < set(data.train.sentences)
    settings.seed = 9
    settings.model.instance = 2
    assert ranking_text(settings, data, labelled) == first
    settings.data.seed = 9
    assert ranking_text(settings, data, labelled) != first


def test_the_text_is_words_of_the_model_or_of_the_labels_and_nothing_else(
    settings: Settings, data: Splits
) -> None:
    labelled = numbered(30, "labelled")
    settings.ranking.text = RankingText.task
    text = ranking_text(settings, data, labelled)
    assert set(text.sentences) < set(labelled.sentences)
    assert (text.labels, text.translation, text.text) == ({}, None, None)
    for everything in (None, 30, 31):
        settings.ranking.sentences = everything
        assert ranking_text(settings, data, labelled).sentences == labelled.sentences


def in_memory(values: torch.Tensor) -> Activations:
    words = Corpus("en", tuple(("word",) for _ in values))
    known = torch.zeros(len(values), dtype=torch.bool)
    return Activations(LAYOUT, TokenTable.of(words, known), (values,))


@pytest.fixture
def recordings() -> list[Activations]:
    generator = torch.Generator().manual_seed(0)
    causes = torch.randn(300, 8, generator=generator)
    scales = torch.rand(3, 20, generator=generator) + 0.1
    mixed = [causes @ torch.randn(8, 20, generator=generator) for _ in range(3)]
    return [in_memory(scale * values) for scale, values in zip(scales, mixed, strict=True)]


@pytest.fixture
def labelled() -> Labelled:
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(120) % 3
    values = torch.randn(120, 20, generator=generator) + labels[:, None]
    words = LabelledActivations(InMemory(values), labels, torch.arange(120))
    weight = torch.randn(3, 20, generator=generator)
    return Labelled(words, words, LABELS, weight, LAYOUT)


def test_every_method_that_was_asked_for_is_there_in_its_order(
    settings: Settings, recordings: list[Activations], labelled: Labelled
) -> None:
    settings.ranking.methods = list(Method)
    weight = torch.randn(len(LABELS), LAYOUT.size)
    by_labels = rank_by_sensitivity(weight, LABELS, LAYOUT)
    found = ranked(settings, labelled, dict(enumerate(recordings, 1)), by_labels)
    names = [method.name for method in Method if method is not Method.svcca]
    assert [ranking.method for ranking in found.rankings] == names
    assert found.directions is not None
    assert found.directions.vectors[:, [0, 10]].abs().max() == 0  # below the top layer
    table = found.to_frame()
    assert len(table) == len(names) * 20
    assert table.groupby("ranking")["neuron"].nunique().eq(20).all()


def test_directions_are_looked_for_only_where_asked(
    settings: Settings, recordings: list[Activations], labelled: Labelled
) -> None:
    assert ranked(settings, labelled, dict(enumerate(recordings, 1))).directions is None


def test_a_run_with_directions_alone_has_no_neurons_and_no_agreement(
    settings: Settings, recordings: list[Activations], labelled: Labelled
) -> None:
    settings.ranking.methods = [Method.svcca]
    found = ranked(settings, labelled, dict(enumerate(recordings, 1)))
    assert found.rankings == ()
    assert found.to_frame().empty
    assert set(NEURON_COLUMNS) <= set(found.to_frame().columns)
    assert found.agreement.empty
    assert tuple(found.agreement.columns) == AGREEMENT_COLUMNS


def test_the_instance_that_is_analysed_is_the_one_that_is_ranked(
    settings: Settings, recordings: list[Activations], labelled: Labelled
) -> None:
    settings.ranking.methods = [Method.variance]
    for instance, recording in enumerate(recordings, 1):
        settings.model.instance = instance
        (ranking,) = ranked(settings, labelled, dict(enumerate(recordings, 1))).rankings
        variances = recording.load().var(dim=0)
        assert torch.equal(ranking.order, variances.argsort(descending=True))


def test_agreement_is_between_rankings_and_between_instances(
    settings: Settings, recordings: list[Activations], labelled: Labelled
) -> None:
    settings.ranking.methods = [Method.linear_correlation, Method.variance, Method.random]
    agreement = ranked(settings, labelled, dict(enumerate(recordings, 1))).agreement
    assert tuple(agreement.columns) == AGREEMENT_COLUMNS
    tops = agreement["top"].unique().tolist()
    assert tops == [1, 2, 5]  # 2.5% and 5% of 20 are one neuron
    rankings = agreement[agreement["kind"] == "rankings"]
    assert len(rankings) == 3 * len(tops)
    consensus = agreement[agreement["kind"] == "consensus"]
    assert set(consensus["one"]) == {"average_overlap", "neuron_vote"}
    assert consensus.groupby(["one", "ranking"])["top"].apply(list).tolist() == [tops] * 6
    assert consensus["overlap"].between(0, 1).all()
    assert consensus["chance"].iloc[0] == pytest.approx((1 / 20) / (2 - 1 / 20))
    instances = agreement[agreement["kind"] == "instances"]
    assert set(instances["ranking"]) == {"variance", "random"}  # another probe is not there
    assert len(instances) == 2 * 6 * len(tops)
    assert set(instances["one"]) == {"1", "2", "3"}


def test_one_instance_and_one_ranking_have_nothing_to_agree_with(
    settings: Settings, recordings: list[Activations], labelled: Labelled
) -> None:
    settings.ranking.methods = [Method.linear_correlation]
    agreement = ranked(settings, labelled, {1: recordings[0]}).agreement
    assert agreement.empty
    assert tuple(agreement.columns) == AGREEMENT_COLUMNS


def test_each_label_has_its_own_first_neurons_where_a_ranking_orders_them() -> None:
    everyone = torch.arange(LAYOUT.size)
    scores = torch.zeros(LAYOUT.size)
    by_label = {"NOUN": everyone.flip(0), "VERB": everyone.roll(-3)}
    own = Ranking("probeless", everyone, scores, LAYOUT, by_label)
    table = Ranked((own, Ranking("variance", everyone, scores, LAYOUT)), None, pd.DataFrame())
    found = table.label_orders(0.1)
    assert list(found.columns) == list(LABEL_ORDER_COLUMNS)
    assert set(found["ranking"]) == {"probeless"}
    of_noun, of_verb = (found[found["label"] == label] for label in ("NOUN", "VERB"))
    assert of_noun["neuron"].tolist() == by_label["NOUN"][:2].tolist()
    assert of_verb["place"].tolist() == [1, 2]
    assert of_verb["neuron"].tolist() == [3, 4]
    assert Ranked((), None, pd.DataFrame()).label_orders(0.1).empty
