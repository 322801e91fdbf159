from __future__ import annotations

import numpy as np
import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.neurons import NeuronLayout
from onegrain.ranking.linear_correlation import labels_served
from onegrain.reporting.explorer_data import ExplorerData
from onegrain.settings import Settings
from onegrain.steps import explorer
from onegrain.steps.explorer import explorer_data

LABELS = ("NOUN", "VERB", "X")
LENGTHS = [5, 90, 0, 8, 12, 4, 6, 30, 2]
LAYOUT = NeuronLayout.bidirectional_encoder(layers=1, width=4)


@pytest.fixture
def corpus() -> Corpus:
    sentences = tuple(tuple(f"w{s}.{w}" for w in range(n)) for s, n in enumerate(LENGTHS))
    pos = tuple(tuple(("NOUN", "VERB", "NOUN", "NEW")[w % 4] for w in range(n)) for n in LENGTHS)
    return Corpus("en", sentences, labels={"pos": pos})


@pytest.fixture
def recording(corpus: Corpus) -> Activations:
    words = corpus.word_count
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(words, LAYOUT.size, generator=generator).to(torch.bfloat16)
    values[:, 3] = 0
    tokens = TokenTable.of(corpus, torch.arange(words) % 10 == 9)
    return Activations(LAYOUT, tokens, (values[:70], values[70:]))


@pytest.fixture
def weight() -> torch.Tensor:
    weight = torch.randn(len(LABELS), LAYOUT.size, generator=torch.Generator().manual_seed(1))
    weight[2] = 0  # a label without any weight
    return weight


@pytest.fixture
def data(recording: Activations, corpus: Corpus, weight: torch.Tensor) -> ExplorerData:
    return explorer_data(Settings(), weight, LABELS, recording, corpus)


def codes_of(data: ExplorerData, neuron: int) -> list[tuple[int, np.ndarray]]:
    """Every passage shown for a neuron, and its codes."""
    words = np.array([len(passage.words) for passage in data.passages])
    own = np.concatenate((data.highest, data.lowest), axis=1)
    start = int(words[own[:neuron]].sum())
    found, at = [], 0
    for place in data.shared:
        found.append((place, data.shared_codes[neuron, at : at + words[place]]))
        at += words[place]
    for place in own[neuron]:
        found.append((int(place), data.own_codes[start : start + words[place]]))
        start += words[place]
    return found


def test_every_shown_value_is_the_recorded_one_as_far_as_it_is_rounded(
    data: ExplorerData, recording: Activations, corpus: Corpus
) -> None:
    exact = recording.load()
    starts = np.cumsum([0, *LENGTHS])
    for neuron in range(LAYOUT.size):
        for place, codes in codes_of(data, neuron):
            passage = data.passages[place]
            first = starts[passage.sentence] + passage.start
            rows = exact[first : first + len(codes), neuron].numpy()
            shown = codes * data.peak[neuron] / 127
            assert np.abs(shown - rows).max() <= data.peak[neuron] / 254 * 1.0001
            words = corpus.sentences[passage.sentence][passage.start :][: len(codes)]
            assert passage.words == words
            assert passage.more == (passage.start + len(words) < LENGTHS[passage.sentence])
            gold = corpus.labels["pos"][passage.sentence][passage.start :][: len(codes)]
            assert [data.labels[i] if i >= 0 else "NEW" for i in passage.labels] == list(gold)
            unknown = recording.tokens.unknown[first : first + len(codes)]
            assert passage.unknown == tuple(unknown.nonzero()[:, 0].tolist())


def test_a_neurons_own_passages_hold_its_highest_and_its_lowest_value(data: ExplorerData) -> None:
    for neuron in (0, 1, 2, 4, 5, 6, 7):
        own = codes_of(data, neuron)[len(data.shared) :]
        (_, highest), (_, lowest) = own[0], own[explorer.PLACES]
        end = 127 / data.peak[neuron]
        assert highest.max() == round(data.high[neuron] * end)
        assert lowest.min() == round(data.low[neuron] * end)
        peaks = [codes.max() for _, codes in own[: explorer.PLACES]]
        assert peaks == sorted(peaks, reverse=True)


def test_histograms_and_means_are_over_all_words_of_a_label(
    data: ExplorerData, recording: Activations, corpus: Corpus
) -> None:
    gold = np.array([label for row in corpus.labels["pos"] for label in row])
    exact = recording.load().numpy()
    groups = {0: gold == "NOUN", 1: gold == "VERB", 2: gold == "X", 3: gold == "NEW"}
    assert data.group_words == tuple(int(words.sum()) for words in groups.values())
    for group, words in groups.items():
        assert data.histograms[:, group].sum(axis=1).tolist() == [words.sum()] * LAYOUT.size
        if words.any():
            assert data.means[:, group] == pytest.approx(exact[words].mean(axis=0), abs=1e-6)
    assert data.means[3].tolist() == [0, 0, 0, 0]
    assert data.low.tolist() == exact.min(axis=0).tolist()
    assert data.high.tolist() == exact.max(axis=0).tolist()


def test_rare_labels_share_the_last_group(
    monkeypatch: pytest.MonkeyPatch, recording: Activations, corpus: Corpus, weight: torch.Tensor
) -> None:
    monkeypatch.setattr(explorer, "GROUPS", 1)
    data = explorer_data(Settings(), weight, LABELS, recording, corpus)
    gold = [label for row in corpus.labels["pos"] for label in row]
    assert data.group_words == (gold.count("NOUN"), len(gold) - gold.count("NOUN"))


def test_labels_served_are_those_of_the_table_and_ordered_by_share(
    data: ExplorerData, weight: torch.Tensor
) -> None:
    table = labels_served(weight, LABELS, Settings().ranking.share)
    for neuron, labels in enumerate(table["labels"]):
        serving = [
            name
            for name, pairs in zip(LABELS, data.served, strict=True)
            if neuron in [each for each, _ in pairs]
        ]
        assert serving == labels.split()
    for label, pairs in enumerate(data.served):
        shares = [abs(share) for _, share in pairs]
        assert shares == sorted(shares, reverse=True)
        for neuron, share in pairs:
            held = weight[label, neuron] / weight[label].abs().sum()
            assert share == pytest.approx(float(held), rel=1e-4)
    assert data.served[2] == ()


def test_many_neurons_have_fewer_sentences_in_common(
    monkeypatch: pytest.MonkeyPatch, recording: Activations, corpus: Corpus, weight: torch.Tensor
) -> None:
    monkeypatch.setattr(explorer, "SHARED_VALUES", 20 * LAYOUT.size)
    data = explorer_data(Settings(), weight, LABELS, recording, corpus)
    assert 0 < data.shared_codes.shape[1] <= 20
