import pytest
import torch

from onegrain.data.encoding import EncodedWords
from onegrain.models.masked_words import MaskedDataset, Masking, masked_loader

MASK, SIZE = 4, 1000
SHARE = Masking(0.15, MASK, SIZE)


def encoded(words):
    """[CLS], words of one or two pieces, [SEP]."""
    ids, spans = [2], []
    for number in range(words):
        pieces = 1 + number % 2
        spans.append((len(ids), len(ids) + pieces))
        ids += [10 + len(ids) + piece for piece in range(pieces)]
    return EncodedWords([*ids, 3], spans, [False] * words)


@pytest.fixture(scope="module")
def data():
    return MaskedDataset([encoded(1 + row % 40) for row in range(200)], SHARE, seed=1)


def test_what_is_hidden_is_what_was_there_and_never_a_special_token(data):
    rows = list(range(40))
    batch = data[0, rows]
    for row in rows:
        original, wanted = data.sources[row], batch.tags[row, : len(data.sources[row])]
        hidden = wanted >= 0
        assert hidden.any()
        assert torch.equal(wanted[hidden], original[hidden])
        assert torch.equal(batch.ids[row, : len(original)][~hidden], original[~hidden])
        assert not hidden[0]
        assert not hidden[-1]
    assert not (batch.tags[0, 3:] >= 0).any()  # the padding


def test_shares_are_those_of_bert(data):
    rows = list(range(len(data)))
    shown, wanted, words = [], [], 0
    for epoch in range(10):
        batch = data[epoch, rows]
        asked = batch.is_token
        shown.append(batch.ids[asked])
        wanted.append(batch.tags[asked])
        words += sum(int(row.sum()) for row in data.is_word)
    shown, wanted = torch.cat(shown), torch.cat(wanted)
    assert len(wanted) / words == pytest.approx(0.15, abs=0.01)  # one at least, of short ones
    assert float((shown == MASK).double().mean()) == pytest.approx(0.8, abs=0.02)
    assert float((shown == wanted).double().mean()) == pytest.approx(0.1, abs=0.02)


def test_epochs_hide_other_pieces_and_the_same_epoch_the_same(data):
    first, again, other = data[1, [5, 30]], data[1, [5, 30]], data[2, [5, 30]]
    assert torch.equal(first.ids, again.ids)
    assert not torch.equal(first.tags, other.tags)


def test_what_models_are_measured_on_is_hidden_once_and_for_all(data):
    one, other = data.fixed(), data.fixed()
    assert len(one) == len(data)
    assert all(map(torch.equal, one.sources, other.sources))
    assert all(map(torch.equal, one.targets, other.targets))


def test_the_loader_hands_the_epoch_on(data):
    loader = masked_loader(data, batch_size=64, seed=1)
    assert len(loader) == 4
    loader.sampler.set_epoch(0)
    first = list(loader)
    assert sum(len(batch.ids) for batch in first) == len(data)
    loader.sampler.set_epoch(1)
    hidden = [sorted(batch.tags[batch.is_token].tolist()) for batch in loader]
    assert hidden != [sorted(batch.tags[batch.is_token].tolist()) for batch in first]
