from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis import examples
from onegrain.analysis.examples import distribution, extremes, passage_codes, quantised
from onegrain.analysis.passages import Passages
from onegrain.probing.labelled import InMemory

LENGTHS = [3, 1, 7, 2, 12, 5, 4, 1, 1, 9]


@pytest.fixture
def passages() -> Passages:
    sentences = torch.arange(len(LENGTHS)).repeat_interleave(torch.tensor(LENGTHS))
    return Passages.of(sentences, most=6)


@pytest.fixture
def values(passages: Passages) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(sum(LENGTHS), 6, generator=generator)
    values[:, 1] = values[:, 1].abs()  # never negative
    values[:, 2] = 0.0  # never anything
    return values


def of_passage(values: torch.Tensor, passages: Passages, number: int) -> torch.Tensor:
    first = int(passages.first[number])
    return values[first : first + int(passages.length[number])]


@pytest.mark.parametrize("block", [1, 2, 5, 4096])
def test_extremes_are_those_of_a_plain_loop_however_blocks_cut_passages(
    monkeypatch: pytest.MonkeyPatch, passages: Passages, values: torch.Tensor, block: int
) -> None:
    monkeypatch.setattr(examples, "_ROWS", block)
    found = extremes(InMemory(values), passages, places=4)
    assert torch.equal(found.low, values.min(dim=0).values)
    assert torch.equal(found.high, values.max(dim=0).values)
    for neuron in (0, 1, 3, 4, 5):
        parts = [of_passage(values[:, neuron], passages, each) for each in range(len(passages))]
        by_highest = sorted(range(len(parts)), key=lambda each: -float(parts[each].max()))
        by_lowest = sorted(range(len(parts)), key=lambda each: float(parts[each].min()))
        assert found.highest[neuron].tolist() == by_highest[:4]
        assert found.lowest[neuron].tolist() == by_lowest[:4]


@pytest.mark.parametrize("block", [1, 3, 4096])
def test_no_passage_is_named_twice_even_where_all_are_alike(
    monkeypatch: pytest.MonkeyPatch, passages: Passages, block: int
) -> None:
    monkeypatch.setattr(examples, "_ROWS", block)
    found = extremes(InMemory(torch.zeros(sum(LENGTHS), 2)), passages, places=len(passages) + 3)
    everyone = list(range(len(passages)))
    assert [sorted(row) for row in found.highest.tolist()] == [everyone] * 2
    assert [sorted(row) for row in found.lowest.tolist()] == [everyone] * 2


def test_passages_of_other_words_are_refused(passages: Passages) -> None:
    with pytest.raises(ValueError, match="45 words for 44 rows"):
        extremes(InMemory(torch.zeros(44, 2)), passages, places=1)


@pytest.mark.parametrize(("block", "tile"), [(7, 2), (4096, 100)])
def test_histograms_and_means_are_numpys(
    monkeypatch: pytest.MonkeyPatch, values: torch.Tensor, block: int, tile: int
) -> None:
    monkeypatch.setattr(examples, "_ROWS", block)
    monkeypatch.setattr(examples, "_TILE", tile)
    groups = torch.arange(len(values)) % 3
    peak = values.abs().max(dim=0).values
    found = distribution(InMemory(values), groups, 4, peak, bins=8)
    for group in range(3):
        here = values[groups == group].numpy()
        assert found.mean[:, group].numpy() == pytest.approx(here.mean(axis=0), abs=1e-6)
        for neuron in (0, 1, 3, 4, 5):
            ends = (-float(peak[neuron]), float(peak[neuron]))
            expected, _ = np.histogram(here[:, neuron], bins=8, range=ends)
            assert found.counts[neuron, group].tolist() == expected.tolist()
        assert found.counts[2, group].tolist() == [0, 0, 0, 0, len(here), 0, 0, 0]  # all zero
    assert not found.counts[:, 3].any()
    assert not found.mean[:, 3].any()


@given(
    values=st.lists(st.floats(-3, 3, width=32, allow_subnormal=False), min_size=1, max_size=20),
    stretch=st.floats(1, 2, width=32),
)
def test_rounded_activations_are_as_near_as_promised(values: list[float], stretch: float) -> None:
    exact = torch.tensor(values)
    peak = exact.abs().max() * stretch
    codes = quantised(exact, peak)
    assert codes.dtype is torch.int8
    assert float((codes.float() * peak / 127 - exact).abs().max()) <= float(peak) / 254 * 1.0001
    assert bool((codes.sign() * exact.sign() >= 0).all())  # no value changes its colour


@pytest.mark.parametrize("block", [2, 4096])
def test_passage_codes_lie_one_neuron_after_the_other(
    monkeypatch: pytest.MonkeyPatch, passages: Passages, values: torch.Tensor, block: int
) -> None:
    monkeypatch.setattr(examples, "_ROWS", block)
    peak = values.abs().max(dim=0).values
    chosen = torch.tensor([[3, 0], [5, 5], [1, 2], [9, 4], [0, 1], [2, 8]])
    codes = passage_codes(InMemory(values.half()), passages, chosen, peak)
    expected = [
        quantised(of_passage(values.half().float(), passages, number)[:, neuron], peak[neuron])
        for neuron, numbers in enumerate(chosen.tolist())
        for number in numbers
    ]
    assert torch.equal(codes, torch.cat(expected))
