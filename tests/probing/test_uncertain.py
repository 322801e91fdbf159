"""Uncertain words are drawn more often, and every word is drawn."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing.batches import WordBatches
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.uncertain import Emphasis


def batches_of(words: int, batch_size: int, emphasis: Emphasis) -> WordBatches:
    values = torch.arange(words, dtype=torch.float32)[:, None]
    data = LabelledActivations(InMemory(values), torch.arange(words) % 3, torch.arange(words))
    batches = WordBatches(data, batch_size, 0, torch.float32)
    batches.emphasis = emphasis
    return batches


def test_words_that_hold_the_uncertainty_are_told_apart() -> None:
    uncertainty = torch.full((100,), 0.01)
    uncertainty[::5] = 1.0
    emphasis = Emphasis.of(uncertainty)
    assert sorted(emphasis.uncertain.tolist()) == list(range(0, 100, 5))
    assert sorted([*emphasis.uncertain.tolist(), *emphasis.others.tolist()]) == list(range(100))
    held = 20 / 20.8
    assert abs(emphasis.share - (0.2 + 0.75 * (held - 0.2))) < 1e-6


def test_where_all_are_alike_they_are_drawn_alike() -> None:
    emphasis = Emphasis.of(torch.ones(200))
    batch = next(iter(batches_of(200, 40, emphasis)))
    assert [(drawn.size, drawn.stands_for) for drawn in batch.draws] == [(8, 5.0), (32, 5.0)]


def test_where_every_word_is_certain_they_are_drawn_alike() -> None:
    assert Emphasis.of(torch.zeros(50)).share == 0.2


@given(
    words=st.integers(3, 90),
    batch_size=st.integers(2, 90),
    certain=st.floats(0.0, 1.0),
    seed=st.integers(0, 9),
)
def test_a_batch_stands_for_all_words_and_has_none_twice(
    words: int, batch_size: int, certain: float, seed: int
) -> None:
    torch.manual_seed(seed)
    emphasis = Emphasis.of(torch.where(torch.rand(words) < certain, 1e-6, 1.0))
    batches = batches_of(words, batch_size, emphasis)
    drawn = list(batches)
    assert len(drawn) == len(batches)
    for batch in drawn:
        assert len(batch.rows.unique()) == len(batch.rows) == sum(d.size for d in batch.draws)
        assert len(batches) == 1 or len(batch.rows) == batch_size
        total = sum(d.size * d.stands_for for d in batch.draws)
        assert abs(total - words) < 1e-6 * words
        assert torch.equal(batch.values[:, 0].long(), batch.rows)


def test_uncertain_words_come_more_often_and_the_others_come() -> None:
    uncertainty = torch.full((1000,), 1e-3)
    uncertainty[:200] = 1.0
    batches = batches_of(1000, 50, Emphasis.of(uncertainty))
    seen = torch.zeros(1000)
    for _ in range(20):
        for batch in batches:
            seen[batch.rows] += 1
    assert float(seen[:200].mean()) > 6 * float(seen[200:].mean())
    assert float((seen[200:] > 0).float().mean()) > 0.95
