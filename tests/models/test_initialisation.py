import torch

from onegrain.models.initialisation import initialise
from onegrain.models.translator import Translator
from onegrain.settings import NmtModel


def make():
    torch.manual_seed(0)
    return Translator(NmtModel(hidden=4, layers=2), 9, 9)


def test_forget_gates_begin_open_and_nothing_else_changes():
    plain, network = make(), make()
    initialise(network, None)
    after = network.state_dict()
    for name, before in plain.state_dict().items():
        if ".bias_ih" not in name:
            assert torch.equal(before, after[name])
            continue
        i, f, g, o = after[name].chunk(4)
        assert torch.equal(f, torch.ones(4))
        assert torch.equal(torch.cat([i, g, o]), before[[0, 1, 2, 3, *range(8, 16)]])


def test_a_range_holds_every_weight():
    network = make()
    initialise(network, 0.1)
    for weights in network.parameters():
        assert weights.abs().max() <= 0.1
        assert weights.abs().max() > 0.01
