"""The mean size of a probe's weights."""

from __future__ import annotations

import numpy as np
import torch

from onegrain.neurons import Block, NeuronLayout
from onegrain.ranking.mean_weight import rank_by_mean_weight

LAYOUT = NeuronLayout((Block("lm", 1, "", 9),))


def test_all_orders_are_by_the_size_of_weights_and_unused_neurons_are_last() -> None:
    weights = torch.randn(3, 9, generator=torch.Generator().manual_seed(0))
    weights[:, 4] = 0.0
    weights[1, 7] = 0.0
    ranking = rank_by_mean_weight(weights, ["A", "B", "C"], LAYOUT)
    size = np.abs(weights.double().numpy())
    np.testing.assert_allclose(ranking.scores.numpy(), size.mean(axis=0))
    assert ranking.order.tolist()[:8] == (-size.mean(axis=0)).argsort()[:8].tolist()
    assert ranking.order[-1] == 4
    assert ranking.unranked == 1
    for row, order in zip(size, ranking.by_label.values(), strict=True):
        assert (np.diff(row[order.numpy()]) <= 0).all()
    assert set(ranking.by_label["B"][-2:].tolist()) == {4, 7}
