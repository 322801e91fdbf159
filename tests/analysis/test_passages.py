from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis.passages import Passages

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=12)


def sentences_of(lengths: list[int]) -> torch.Tensor:
    """Ids with a gap after each sentence, as empty sentences leave them."""
    return (2 * torch.arange(len(lengths))).repeat_interleave(torch.tensor(lengths))


@given(lengths=LENGTHS, most=st.integers(1, 12))
def test_passages_are_all_words_and_stay_in_their_sentence(lengths: list[int], most: int) -> None:
    sentences = sentences_of(lengths)
    passages = Passages.of(sentences, most)
    everything = torch.arange(len(passages))
    assert passages.rows(everything).tolist() == list(range(len(sentences)))
    assert int(passages.length.min()) >= 1
    assert int(passages.length.max()) <= most
    for first, length in zip(passages.first.tolist(), passages.length.tolist(), strict=True):
        assert sentences[first : first + length].unique().numel() == 1


@given(lengths=LENGTHS, most=st.integers(1, 12))
def test_a_long_sentence_is_cut_evenly_into_the_fewest_passages(
    lengths: list[int], most: int
) -> None:
    passages = Passages.of(sentences_of(lengths), most)
    lasts = passages.first + passages.length
    ends = torch.tensor(lengths).cumsum(0)
    for start, end, length in zip((ends - torch.tensor(lengths)), ends, lengths, strict=True):
        inside = (passages.first >= start) & (lasts <= end)
        assert int(inside.sum()) == -(-length // most)
        assert int(passages.length[inside].max() - passages.length[inside].min()) <= 1


def test_rows_follow_the_order_asked_for() -> None:
    passages = Passages.of(torch.tensor([0, 0, 1, 2, 2, 2]), most=10)
    assert passages.rows(torch.tensor([2, 0])).tolist() == [3, 4, 5, 0, 1]


def test_a_sample_keeps_to_its_budget_its_lengths_and_the_order_of_the_text() -> None:
    passages = Passages.of(sentences_of([2, 9, 5, 7, 6, 31] * 20), most=40)
    sampled = passages.sample(100, lengths=(5, 8), seed=1)
    lengths = passages.length[sampled]
    assert 92 < int(lengths.sum()) <= 100
    assert set(lengths.tolist()) == {5, 6, 7}
    assert sampled.tolist() == sorted(set(sampled.tolist()))
    assert torch.equal(sampled, passages.sample(100, lengths=(5, 8), seed=1))
    assert not torch.equal(sampled, passages.sample(100, lengths=(5, 8), seed=2))


def test_a_sample_of_texts_without_such_lengths_takes_any() -> None:
    passages = Passages.of(sentences_of([1] * 5), most=40)
    assert len(passages.sample(3, lengths=(4, 30))) == 3
