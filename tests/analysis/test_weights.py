from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis.weights import spread_ranks, weight_table
from onegrain.ranking.linear_correlation import salient_neurons


@given(neurons=st.integers(1, 3000), points=st.integers(2, 80))
def test_ranks_go_from_the_first_to_the_last_and_are_denser_where_low(
    neurons: int, points: int
) -> None:
    ranks = spread_ranks(neurons, points).tolist()
    assert (ranks[0], ranks[-1]) == (1, neurons)
    assert ranks == sorted(set(ranks))
    assert len(ranks) <= points


def test_the_mass_of_all_ranks_is_a_running_sum_whatever_the_sign_and_order() -> None:
    weights = torch.tensor([[1.0, -4.0, 0.0, 3.0], [0.0, 0.0, 0.0, 0.0]])
    table = weight_table(weights, ["A", "empty"], points=50)
    rows = table[table["label"] == "A"]
    assert rows["weight"].tolist() == [4.0, 3.0, 1.0, 0.0]
    assert rows["mass"].tolist() == pytest.approx([0.5, 0.875, 1.0, 1.0])
    assert table.loc[table["label"] == "empty", "mass"].tolist() == [0.0] * 4


def test_the_mass_reaches_a_share_where_the_salient_neurons_are_counted() -> None:
    weights = torch.randn(1, 40, generator=torch.Generator().manual_seed(0))
    table = weight_table(weights, ["A"], points=400)
    (salient,) = salient_neurons(weights, 0.25)
    reached = table[table["mass"] >= 0.25]["rank"].min()
    assert reached == len(salient)
