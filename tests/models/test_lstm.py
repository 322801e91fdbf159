import pytest
import torch

from onegrain.models.lstm import LstmStack, reverse_each

LENGTHS = torch.tensor([5, 2, 7, 1])


@pytest.fixture
def stack():
    torch.manual_seed(0)
    return LstmStack(inputs=3, units=4, layers=2, dropout=0.5).eval()


@pytest.mark.parametrize("is_training", [True, False], ids=["packed", "length by length"])
def test_a_padded_sentence_has_the_states_it_has_alone(stack, is_training):
    inputs = torch.randn(4, 7, 3)
    with torch.set_grad_enabled(is_training):
        outputs, final = stack(inputs, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, alone_final = stack(inputs[row : row + 1, :length], LENGTHS[row : row + 1])
        for layer in range(2):
            torch.testing.assert_close(outputs[layer][row, :length], alone[layer][0])
        torch.testing.assert_close(final.hidden[:, row], alone_final.hidden[:, 0])
        torch.testing.assert_close(final.cell[:, row], alone_final.cell[:, 0])


def test_stacked_layers_equal_one_multilayer_lstm(stack):
    reference = torch.nn.LSTM(3, 4, 2, batch_first=True)
    for layer, module in enumerate(stack.layers):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(reference, f"{name}_l{layer}").data = getattr(module, f"{name}_l0").data
    inputs = torch.randn(2, 6, 3)
    outputs, final = stack(inputs, torch.tensor([6, 6]))
    expected, (hidden, cell) = reference(inputs)
    torch.testing.assert_close(outputs[-1], expected)
    torch.testing.assert_close(final.hidden, hidden)
    torch.testing.assert_close(final.cell, cell)


def test_dropout_falls_between_layers_only(stack):
    inputs = torch.randn(2, 6, 3)
    lengths = torch.tensor([6, 6])
    calm, _ = stack(inputs, lengths)
    stack.train()
    noisy, _ = stack(inputs, lengths)
    assert torch.equal(calm[0], noisy[0])
    assert not torch.equal(calm[1], noisy[1])


@pytest.mark.parametrize("shape", [(4, 7), (4, 7, 3)])
def test_reversing_twice_changes_nothing(shape):
    values = torch.randn(shape)
    assert torch.equal(reverse_each(reverse_each(values, LENGTHS), LENGTHS), values)


def test_each_row_is_reversed_within_its_length():
    values = torch.randn(4, 7, 3)
    reversed_values = reverse_each(values, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(reversed_values[row, :length], values[row, :length].flip(0))
        assert torch.equal(reversed_values[row, length:], values[row, length:])
