import pytest
import torch

from onegrain.data.vocabulary import BOS, EOS
from onegrain.models.batches import sentence_dataset
from onegrain.models.language_model import LanguageModel
from onegrain.neurons import Block
from onegrain.settings import NlmModel


def make(**settings):
    torch.manual_seed(0)
    return LanguageModel(NlmModel(hidden=4, layers=2, **settings), 9).eval()


def lstm_by_hand(module, inputs):
    """The LSTM equations, one step at a time: h of every step."""
    hidden = cell = torch.zeros(module.hidden_size)
    states = []
    for step in inputs:
        gates = module.weight_ih_l0 @ step + module.bias_ih_l0
        i, f, g, o = (gates + module.weight_hh_l0 @ hidden + module.bias_hh_l0).chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        states.append(hidden)
    return torch.stack(states)


def test_the_architecture_is_two_lstm_layers_written_out_by_hand():
    model = make()
    first = lstm_by_hand(model.stack.layers[0], model.embedding.weight[[BOS, 4, 7, 5]])
    second = lstm_by_hand(model.stack.layers[1], first)
    states = model.neuron_states(torch.tensor([[4, 7, 5]]), torch.tensor([3]))
    torch.testing.assert_close(states[0], torch.cat([first, second], dim=1)[1:])
    logits = model(sentence_dataset([[4, 7, 5]])[[0]])
    torch.testing.assert_close(logits, second @ model.output.weight.T + model.output.bias)


def test_every_word_and_the_end_are_predicted_from_what_stands_before():
    batch = sentence_dataset([[4, 5, 6]])[[0]]
    assert batch.target_inputs.tolist() == [[BOS, 4, 5, 6]]
    assert batch.gold.tolist() == [4, 5, 6, EOS]
    model = make()
    other = sentence_dataset([[4, 5, 8]])[[0]]
    assert torch.equal(model(batch)[:3], model(other)[:3])
    assert not torch.equal(model(batch)[3], model(other)[3])


def test_neurons_are_numbered_layer_by_layer():
    layout = make().layout
    assert layout.blocks == (Block("lm", 1, "forward", 4), Block("lm", 2, "forward", 4))


def test_what_is_known_of_a_sentence_does_not_depend_on_its_padding():
    model = make()
    data = sentence_dataset([[4, 5, 6, 7], [8], [5, 6]])
    apart = torch.cat([model(data[[row]]) for row in range(3)])
    torch.testing.assert_close(model(data[[0, 1, 2]]), apart)
    ids = torch.tensor([[4, 5, 6], [8, 0, 0]])
    together = model.neuron_states(ids, torch.tensor([3, 1]))
    alone = model.neuron_states(ids[1:, :1], torch.tensor([1]))
    torch.testing.assert_close(together[1, :1], alone[0])


@pytest.mark.parametrize("batch", [[[4, 5, 6]], [[4, 5, 6], [7]]])
def test_padded_or_not_a_layer_is_one_fused_call(batch):
    model = make()
    calls = []
    for layer in model.stack.layers:
        layer.register_forward_hook(lambda _, inputs, __: calls.append(type(inputs[0])))
    model(sentence_dataset(batch)[list(range(len(batch)))])
    assert calls == [torch.Tensor] * 2


def test_dropout_falls_between_layers_and_before_the_output():
    model = make(dropout=0.5)
    batch = sentence_dataset([[4, 5, 6]])[[0]]
    calm = model(batch)
    assert torch.equal(calm, model(batch))
    model.stack.train()
    assert not torch.equal(calm, model(batch))
    model.stack.eval()
    model.dropout.train()
    assert not torch.equal(calm, model(batch))


def test_embeddings_may_be_narrower_than_layers():
    model = make(embedding=3)
    assert model.neuron_states(torch.tensor([[4]]), torch.tensor([1])).shape == (1, 1, 8)
