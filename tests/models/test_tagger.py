import pytest
import torch
from torch.nn.functional import linear

from onegrain.models.batches import NO_TAG, TaggedBatch, TaggedDataset, pair_loader
from onegrain.models.tagger import Tagger
from onegrain.settings import TaggerModel

SENTENCES = [[4, 5, 6], [7, 4], [8, 9, 5, 6, 4]]
TAGS = [[0, 1, NO_TAG], [2, 0], [NO_TAG, 1, 2, 0, 0]]


def make(**settings):
    torch.manual_seed(0)
    return Tagger(TaggerModel(hidden=4, dropout=0.0, **settings), size=10, labels=3).eval()


@pytest.fixture(params=[(1, False), (2, False), (1, True), (2, True)])
def model(request):
    layers, bidirectional = request.param
    return make(layers=layers, bidirectional=bidirectional)


def test_padding_changes_neither_neurons_nor_logits(model):
    batch = TaggedDataset(SENTENCES, TAGS)[[0, 1, 2]]
    states, logits = model.neuron_states(batch.ids, batch.lengths), model(batch).split([2, 2, 4])
    for row, (ids, tags) in enumerate(zip(SENTENCES, TAGS, strict=True)):
        alone = torch.tensor([ids]), torch.tensor([len(ids)])
        expected = model.neuron_states(*alone)[0]
        torch.testing.assert_close(states[row, : len(ids)], expected)
        one = model(TaggedBatch(*alone, torch.tensor([tags])))
        torch.testing.assert_close(logits[row], one)


def test_the_layout_counts_every_neuron_that_is_recorded(model):
    states = model.neuron_states(torch.tensor([SENTENCES[0]]), torch.tensor([3]))
    assert states.shape[-1] == model.layout.size


def test_the_output_layer_is_a_probe_of_all_neurons(model):
    batch = TaggedDataset(SENTENCES, TAGS)[[0, 1, 2]]
    weight, bias = model.label_weights()
    states = model.neuron_states(batch.ids, batch.lengths)[batch.is_token]
    torch.testing.assert_close(linear(states, weight, bias), model(batch))


def test_a_tagger_reads_onward_and_with_bidirectional_both_ways():
    ids = torch.tensor([[4, 5, 6], [4, 5, 7], [8, 5, 6]])
    lengths = torch.tensor([3, 3, 3])
    for bidirectional in (False, True):
        first, end_changed, start_changed = make(bidirectional=bidirectional).neuron_states(
            ids, lengths
        )[:, 1]
        assert not torch.equal(first, start_changed)
        assert torch.equal(first, end_changed) is not bidirectional


def test_frozen_vectors_get_no_gradient():
    model = make(frozen=True)
    model(TaggedDataset(SENTENCES, TAGS)[[0]]).sum().backward()
    assert model.embedding.weight.grad is None
    assert model.output.weight.grad is not None


def test_batches_hold_every_label_once():
    data = TaggedDataset(SENTENCES, TAGS)
    assert data.target_tokens == 8
    gold = torch.cat([batch.gold for batch in pair_loader(data, 2, seed=1, shuffle=True)])
    assert sorted(gold.tolist()) == [0, 0, 0, 0, 1, 1, 2, 2]
