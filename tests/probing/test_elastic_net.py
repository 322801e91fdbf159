"""The module that Lightning trains; how well it does is in test_fitting."""

import torch

from onegrain.probing.batches import WordBatches
from onegrain.probing.elastic_net import ElasticNetProbe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations


def test_its_logits_are_those_of_a_linear_layer_for_each_grid_point():
    torch.manual_seed(0)
    values, gold = torch.randn(50, 6), torch.arange(50) % 3
    words = WordBatches(
        LabelledActivations(InMemory(values), gold, torch.arange(50)), 10, 0, torch.float32
    )
    module = ElasticNetProbe(
        LambdaGrid.product([1e-4, 1e-3], [0.0]), 3, words,
        tolerance=1e-3, max_epochs=1, learning_rate=1e-3, dtype=torch.float32,
    )  # fmt: skip
    module.weight.copy_(torch.randn(2, 3, 6))
    module.bias.copy_(torch.randn(2, 3))
    expected = [values @ module.weight[point].T + module.bias[point] for point in range(2)]
    torch.testing.assert_close(module(values), torch.stack(expected, dim=1))
