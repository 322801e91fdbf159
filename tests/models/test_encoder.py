import pytest
import torch

from onegrain.models.encoder import DirectionalEncoder


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return DirectionalEncoder(vocabulary=9, embedding=3, units=4, layers=2, dropout=0.0).eval()


def lstm_by_hand(module, inputs):
    """The LSTM equations, one step at a time: h of every step, then the last h and c."""
    hidden = cell = torch.zeros(module.hidden_size)
    states = []
    for step in inputs:
        gates = module.weight_ih_l0 @ step + module.bias_ih_l0
        i, f, g, o = (gates + module.weight_hh_l0 @ hidden + module.bias_hh_l0).chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        hidden = o.sigmoid() * cell.tanh()
        states.append(hidden)
    return torch.stack(states), hidden, cell


def test_the_architecture_is_that_of_the_paper_written_out_by_hand(encoder):
    ids = [4, 7, 5, 8]
    embedded = encoder.embedding.weight[ids]
    forward1, hf1, cf1 = lstm_by_hand(encoder.forward_stack.layers[0], embedded)
    forward2, hf2, cf2 = lstm_by_hand(encoder.forward_stack.layers[1], forward1)
    backward1, hb1, cb1 = lstm_by_hand(encoder.backward_stack.layers[0], embedded.flip(0))
    backward2, hb2, cb2 = lstm_by_hand(encoder.backward_stack.layers[1], backward1)

    found = encoder(torch.tensor([ids]), torch.tensor([4]))

    expected = (forward1, forward2, backward1.flip(0), backward2.flip(0))
    for states, wanted in zip(found.states, expected, strict=True):
        torch.testing.assert_close(states[0], wanted)
    torch.testing.assert_close(found.context[0], forward2 + backward2.flip(0))
    torch.testing.assert_close(found.final.hidden[:, 0], torch.stack([hf1 + hb1, hf2 + hb2]))
    torch.testing.assert_close(found.final.cell[:, 0], torch.stack([cf1 + cb1, cf2 + cb2]))


def test_what_is_known_of_a_sentence_does_not_depend_on_its_padding(encoder):
    ids = torch.tensor([[4, 5, 6, 7, 8], [5, 6, 0, 0, 0], [8, 0, 0, 0, 0]])
    lengths = torch.tensor([5, 2, 1])
    together = encoder(ids, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = encoder(ids[row : row + 1, :length], lengths[row : row + 1])
        for padded, exact in zip(together.states, alone.states, strict=True):
            torch.testing.assert_close(padded[row, :length], exact[0])
        torch.testing.assert_close(together.context[row, :length], alone.context[0])
        torch.testing.assert_close(together.final.hidden[:, row], alone.final.hidden[:, 0])
        torch.testing.assert_close(together.final.cell[:, row], alone.final.cell[:, 0])


def test_the_symbol_under_the_padding_does_not_matter(encoder):
    lengths = torch.tensor([4, 2])
    one = encoder(torch.tensor([[4, 5, 6, 7], [5, 6, 0, 0]]), lengths)
    other = encoder(torch.tensor([[4, 5, 6, 7], [5, 6, 8, 3]]), lengths)
    assert torch.equal(one.context[1, :2], other.context[1, :2])
    assert torch.equal(one.final.cell, other.final.cell)


def test_the_directions_never_meet(encoder):
    lengths = torch.tensor([4])
    one = encoder(torch.tensor([[4, 5, 6, 7]]), lengths).states
    other = encoder(torch.tensor([[4, 5, 6, 8]]), lengths).states
    for forward in (0, 1):
        assert torch.equal(one[forward][:, :3], other[forward][:, :3])
    one = encoder(torch.tensor([[4, 5, 6, 7]]), lengths).states
    other = encoder(torch.tensor([[8, 5, 6, 7]]), lengths).states
    for backward in (2, 3):
        assert torch.equal(one[backward][:, 1:], other[backward][:, 1:])
