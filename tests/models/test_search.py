import itertools
import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onegrain.data.vocabulary import BOS, EOS, PAD, UNK
from onegrain.models.next_symbol import most_probable, writable
from onegrain.models.search import (
    beam_search,
    greedy_search,
    source_batches,
    translate,
)
from onegrain.models.translator import Translator
from onegrain.settings import NmtModel

VOCABULARY = 7  # four special symbols and three words
WORDS = (4, 5, 6)


@dataclass(frozen=True)
class Chain:
    """A hand-made model: the next symbol depends on the sentence, the last symbol and the time."""

    tables: torch.Tensor  # sentences, times, last symbol, next symbol
    sentence: torch.Tensor
    time: int = -1
    last: torch.Tensor | None = None

    def read(self, symbols):
        return Chain(self.tables, self.sentence, self.time + 1, symbols)

    def logits(self):
        return self.tables[self.sentence, self.time, self.last]

    def most_probable(self):
        return most_probable(writable(self.logits()))

    def select(self, rows):
        return Chain(self.tables, self.sentence[rows], self.time)


def make_chain(seed, sentences, times):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(sentences, times, VOCABULARY, VOCABULARY, generator=generator)
    return Chain(logits.log_softmax(-1), torch.arange(sentences))


def best_by_exhaustion(chain, sentence, limit):
    """Score every sequence there is."""

    def score(symbols):
        pairs = zip((BOS, *symbols), symbols, strict=False)
        steps = [float(chain.tables[sentence, t, a, b]) for t, (a, b) in enumerate(pairs)]
        return sum(steps) / len(steps)

    ended = [(*words, EOS) for n in range(limit) for words in itertools.product(WORDS, repeat=n)]
    cut = list(itertools.product(WORDS, repeat=limit))
    best = max(ended + cut, key=score)
    return [symbol for symbol in best if symbol != EOS]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_a_wide_enough_beam_finds_the_best_translation_there_is(seed, limits):
    chain = make_chain(seed, len(limits), max(limits))
    found = beam_search(chain, torch.tensor(limits), width=3 ** max(limits) * 2)
    assert found == [best_by_exhaustion(chain, row, limit) for row, limit in enumerate(limits)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_greedy_is_a_beam_of_one(seed, limits):
    chain = make_chain(seed, len(limits), max(limits))
    assert greedy_search(chain, torch.tensor(limits)) == beam_search(chain, torch.tensor(limits), 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_no_translation_is_longer_than_its_limit_or_holds_a_special_symbol(seed, width):
    limits = [1, 3, 6]
    chain = make_chain(seed, 3, 6)
    for symbols, limit in zip(beam_search(chain, torch.tensor(limits), width), limits, strict=True):
        assert len(symbols) <= limit
        assert not {PAD, UNK, BOS, EOS} & set(symbols)


def test_special_symbols_are_never_written_however_probable():
    tables = torch.full((1, 3, VOCABULARY, VOCABULARY), -20.0)
    tables[..., [PAD, UNK, BOS]] = math.log(0.3)
    tables[..., 5] = -5.0
    chain = Chain(tables, torch.arange(1))
    assert greedy_search(chain, torch.tensor([3])) == [[5, 5, 5]]


@pytest.fixture
def model():
    torch.manual_seed(1)
    model = Translator(NmtModel(hidden=8, layers=2), 20, 15).eval()
    for weights in model.parameters():
        torch.nn.init.uniform_(weights, -1, 1)
    return model


SOURCES = [[4, 5, 6, 7], [8], [], [9, 10, 11], [4, 4], [12, 13, 14, 15, 16]]


@pytest.mark.parametrize("beam", [1, 3])
def test_a_sentence_is_translated_as_it_is_alone(model, beam):
    search = NmtModel(beam=beam)
    together = translate(model, SOURCES, search)
    assert together == [translate(model, [ids], search)[0] for ids in SOURCES]
    assert together[2] == []


def test_the_limits_of_length_are_those_of_the_settings(model):
    short = translate(model, SOURCES, NmtModel(max_decode_ratio=0.5, max_decode_extra=1))
    for source, written in zip(SOURCES, short, strict=True):
        assert len(written) <= len(source) // 2 + 1


@torch.no_grad()
@pytest.mark.parametrize("input_feeding", [False, True])
def test_greedy_symbols_are_the_most_probable_ones_of_the_training_time_forward(input_feeding):
    torch.manual_seed(2)
    model = Translator(NmtModel(hidden=8, layers=2, input_feeding=input_feeding), 20, 15).eval()
    source = [4, 5, 6, 7]
    (written,) = translate(model, [source], NmtModel())
    start, state = model.start(torch.tensor([source]), torch.tensor([len(source)]))
    attended = model.decoder(torch.tensor([[BOS, *written]]), start, state)
    logits = model.decoder.predict(attended)[0, : len(written)]
    logits[:, [PAD, UNK, BOS]] = -math.inf
    assert len(written) > 3
    assert logits.argmax(-1).tolist() == written


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(4, 6), max_size=3), max_size=12),
    st.integers(1, 5),
    st.integers(1, 2),
)
def test_each_different_sentence_is_read_once(sources, rows_at_once, beam):
    batches = source_batches(sources, NmtModel(beam=beam), rows_at_once)
    read = [
        (ids[:length].tolist(), places)
        for batch in batches
        for ids, length, places in zip(batch.ids, batch.lengths, batch.sentences, strict=True)
    ]
    assert len({tuple(ids) for ids, _ in read}) == len(read)
    where = {row: ids for ids, places in read for row in places}
    assert where == {row: symbols for row, symbols in enumerate(sources) if symbols}
    assert all(len(batch.ids) * beam <= max(rows_at_once, beam) for batch in batches)
