import pytest
import torch

from onegrain.models.batches import PairDataset
from onegrain.models.translator import Translator
from onegrain.neurons import Block
from onegrain.settings import NmtModel


def make(**settings):
    torch.manual_seed(0)
    return Translator(NmtModel(hidden=4, layers=2, **settings), 9, 11).eval()


def test_neurons_are_numbered_as_in_the_paper():
    model = make()
    ids, lengths = torch.tensor([[4, 5, 6]]), torch.tensor([3])
    neurons = model.neuron_states(ids, lengths)
    states = model.encoder(ids, lengths).states
    assert model.layout.blocks[2] == Block("encoder", 1, "backward", 4)
    for block in range(4):
        start = model.layout.starts[block]
        assert torch.equal(neurons[:, :, start : start + 4], states[block])


@pytest.mark.parametrize("input_feeding", [False, True])
def test_logits_are_those_of_the_targets_real_symbols_in_order(input_feeding):
    model = make(input_feeding=input_feeding)
    pairs = PairDataset([[4, 5], [6, 7, 8]], [[4, 5, 6, 7], [8]])
    together = model(pairs[[0, 1]])
    apart = torch.cat([model(pairs[[0]]), model(pairs[[1]])])
    assert together.shape == (5 + 2, 11)
    torch.testing.assert_close(together, apart)


def test_without_input_feeding_training_runs_the_decoder_in_one_fused_call():
    model = make(input_feeding=False)
    calls = []
    model.decoder.lstm.register_forward_hook(lambda *_: calls.append(1))
    model(PairDataset([[4, 5]], [[4, 5, 6, 7]])[[0]])
    assert len(calls) == 1


def test_embeddings_may_be_narrower_than_layers():
    model = make(embedding=3)
    assert model.neuron_states(torch.tensor([[4]]), torch.tensor([1])).shape == (1, 1, 16)
