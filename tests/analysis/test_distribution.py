from __future__ import annotations

import pytest
import torch

from onegrain.analysis.distribution import distribution
from onegrain.neurons import Block, NeuronLayout

LAYOUT = NeuronLayout((Block("embedding", 0, "", 4), Block("lm", 1, "forward", 12)))


def test_each_neuron_of_a_set_is_counted_in_its_own_block() -> None:
    sets = {"all": torch.arange(16), "high": torch.tensor([15, 4, 8]), "none": torch.arange(0)}
    table = distribution(sets, LAYOUT)
    assert table["neurons"].tolist() == [4, 12, 0, 3, 0, 0]
    assert table["share"].tolist() == [0.25, 0.75, 0.0, 1.0, 0.0, 0.0]
    assert table["chance"].tolist() == [0.25, 0.75] * 3
    assert table["component"].tolist() == ["embedding", "lm"] * 3
    assert table["direction"].tolist() == ["", "forward"] * 3


def test_the_whole_model_is_where_chance_is() -> None:
    layout = NeuronLayout.bidirectional_encoder(layers=2, width=5)
    table = distribution({"all": torch.randperm(20)}, layout)
    assert table["share"].tolist() == pytest.approx(table["chance"].tolist())
    assert table["layer"].tolist() == [1, 2, 1, 2]
