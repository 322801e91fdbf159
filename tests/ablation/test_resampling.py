import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.ablation.resampling import Resample
from onegrain.data.vocabulary import BOS, EOS, PAD
from onegrain.probing.labelled import InMemory

WORDS = st.lists(st.integers(4, 500), min_size=1, max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(0, 2**31))
def test_a_sentence_draws_the_same_in_every_batch(sentences, seed):
    resample = Resample(torch.zeros(1000, 2), seed)
    longest = max(map(len, sentences)) + 2
    padded = [words + [EOS, PAD, PAD][: longest - len(words)] for words in sentences]
    padded = [words + [PAD] * (longest - len(words)) for words in padded]
    together = resample.draw(torch.tensor(padded))
    for row, words in zip(together, sentences, strict=True):
        assert torch.equal(row[: len(words)], resample.draw(torch.tensor([words]))[0])


def test_draws_are_spread_evenly_over_the_pool():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(4, 2000, (5000, 10), generator=generator)
    drawn = Resample(torch.zeros(100, 2), seed=1).draw(ids)
    times = torch.bincount(drawn.flatten(), minlength=100).double()
    chi_square = ((times - 500) ** 2 / 500).sum()
    assert 60 < chi_square < 150  # 99 degrees of freedom: outside in 1 of 1000 at most


def test_the_first_word_draws_by_its_sentence_and_by_the_seed():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(4, 2000, (500, 6), generator=generator)
    ids[:, 0] = BOS
    drawn = Resample(torch.zeros(4096, 2), seed=1).draw(ids)[:, 0]
    assert len(drawn.unique()) > 450
    other = Resample(torch.zeros(4096, 2), seed=2).draw(ids)[:, 0]
    assert (drawn == other).sum() < 5


def test_the_pool_is_drawn_from_all_of_the_source_once_each():
    source = InMemory(torch.arange(50.0)[:, None])
    pool = Resample.from_source(source, seed=3, tokens=20).pool
    assert len(pool.unique()) == 20
    assert pool.max() > 30
    everything = Resample.from_source(source, seed=3, tokens=80).pool
    assert torch.equal(everything, source.values)


def test_a_pool_that_cannot_be_drawn_from_is_refused():
    with pytest.raises(ValueError, match="no tokens"):
        Resample(torch.zeros(0, 3), seed=0)
    with pytest.raises(ValueError, match="NaN or infinity"):
        Resample(torch.tensor([[1.0, torch.inf]]), seed=0)
