"""Curves and what is read off them."""

import pandas as pd
import pytest
import torch

from onegrain.ablation.curves import probe_mask_curves
from onegrain.ablation.orders import ends_of, shuffles_of
from onegrain.ablation.readings import gap, value_at
from onegrain.ablation.schedule import neuron_counts
from onegrain.probing.labelled import InMemory, LabelledActivations


@pytest.fixture
def one_neuron_decides():
    """Neuron 2 is the label; all others are noise."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (400,), generator=generator)
    values = torch.randn(400, 5, generator=generator)
    values[:, 2] = labels * 2.0 - 1
    weight = torch.zeros(2, 5)
    weight[1, 2] = 4.0
    data = LabelledActivations(InMemory(values), labels, torch.arange(400) // 10)
    return weight, torch.zeros(2), data


def test_a_ranking_that_is_right_has_a_large_gap_and_its_reverse_the_opposite(one_neuron_decides):
    weight, bias, data = one_neuron_decides
    counts = neuron_counts(5)
    right, wrong = (
        probe_mask_curves(weight, bias, data, ends_of(torch.tensor(order), 0), counts)
        for order in ([2, 0, 1, 3, 4], [0, 1, 3, 4, 2])
    )
    assert gap(right) == pytest.approx(-gap(wrong))
    assert gap(right) > 0.3


def test_curves_have_a_row_for_every_order_and_point(one_neuron_decides):
    weight, bias, data = one_neuron_decides
    order = torch.tensor([2, 0, 1, 3, 4])
    orders = [*ends_of(order, 3), *shuffles_of(order, 5, 3)]
    curves = probe_mask_curves(weight, bias, data, orders, neuron_counts(5))
    assert len(curves) == 7 * 6
    assert curves.loc[curves["order"] == "random", "seed"].unique().tolist() == [3, 4, 5, 6, 7]
    assert (curves["low"] <= curves["value"]).all()
    assert (curves["value"] <= curves["high"]).all()


def test_all_orders_meet_where_everything_is_kept(one_neuron_decides):
    weight, bias, data = one_neuron_decides
    order = torch.tensor([2, 0, 1, 3, 4])
    orders = [*ends_of(order, 0), *shuffles_of(order, 2, 0)]
    curves = probe_mask_curves(weight, bias, data, orders, neuron_counts(5))
    for fraction in (0.0, 1.0):
        assert curves.loc[curves["fraction"] == fraction, "value"].nunique() == 1


def test_the_value_at_a_fraction_is_that_of_the_nearest_point():
    curves = pd.DataFrame(
        {
            "order": ["top", "top", "random", "random"],
            "fraction": [0.1, 0.2, 0.1, 0.1],
            "value": [0.5, 0.6, 0.2, 0.4],
        }
    )
    assert value_at(curves, "top", 0.12) == 0.5
    assert value_at(curves, "random", 0.1) == pytest.approx(0.3)


def test_counts_always_span_none_to_all():
    assert neuron_counts(256)[:4] == (0, 3, 5, 8)
    assert neuron_counts(256)[-1] == 256
    assert neuron_counts(7, [0.5]) == (0, 4, 7)
    assert len(neuron_counts(2000)) == 101
