"""Explained variance: an analysis of variance says the same, and planted properties are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.feature_selection import f_classif
from torch import Tensor

from onegrain.analysis.explained import (
    encoded_table,
    explained_share,
    explained_table,
    linear_share,
)
from onegrain.analysis.properties import Property
from onegrain.probing.groups import GroupMeans, group_means
from onegrain.probing.labelled import InMemory


def means_of(values: Tensor, groups: Tensor) -> GroupMeans:
    return group_means(InMemory(values), {"a": groups})["a"]


@given(seed=st.integers(0, 2**31), groups=st.integers(2, 6))
@example(seed=274223, groups=2)  # a share of 1e-8, of which rounding is more than 1e-9
def test_shares_are_those_of_an_analysis_of_variance(seed: int, groups: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.cat([torch.arange(groups), torch.randint(groups, (60,), generator=generator)])
    effects = torch.randn(groups, 4, generator=generator)
    values = effects[ids] + torch.randn(len(ids), 4, generator=generator)
    f, _ = f_classif(values.double().numpy(), ids.numpy())
    between, within = groups - 1, len(ids) - groups
    expected = f * between / (f * between + within)
    found = explained_share(means_of(values, ids))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@given(seed=st.integers(0, 2**31), scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_shares_do_not_change_with_scale_shift_or_names(
    seed: int, scale: float, shift: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, (50,), generator=generator)
    values = torch.randn(50, 3, dtype=torch.float64, generator=generator) + ids[:, None]
    share = explained_share(means_of(values, ids))
    moved = explained_share(means_of(shift - scale * values, ids))
    renamed = explained_share(means_of(values, torch.tensor([7, 0, 9, 2])[ids]))
    torch.testing.assert_close(moved, share, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(renamed, share)


def test_a_constant_neuron_is_explained_by_nothing() -> None:
    values = torch.stack([torch.full((30,), 0.3), torch.arange(30) % 3.0], dim=1)
    means = means_of(values, torch.arange(30) % 3)
    assert explained_share(means).tolist() == pytest.approx([0.0, 1.0])
    assert linear_share(means, torch.tensor([0.0, 0.5, 1.0])).tolist() == pytest.approx([0.0, 1.0])
    assert linear_share(means, torch.ones(3)).tolist() == [0.0, 0.0]


def test_words_without_the_property_do_not_count() -> None:
    values = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    ids = torch.arange(40) % 4 - 1
    known = ids >= 0
    torch.testing.assert_close(
        explained_share(means_of(values, ids)), explained_share(means_of(values[known], ids[known]))
    )


def test_no_words_explain_nothing() -> None:
    means = means_of(torch.randn(5, 2), torch.full((5,), -1))
    assert explained_share(means).tolist() == [0.0, 0.0]
    assert linear_share(means, torch.zeros(0)).tolist() == [0.0, 0.0]


@given(seed=st.integers(0, 2**31))
def test_the_share_of_a_number_is_the_squared_correlation(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, (50,), generator=generator)
    numbers = torch.randn(5, generator=generator)
    values = torch.randn(50, 3, generator=generator) - 2 * numbers[ids, None]
    expected = [np.corrcoef(column, numbers[ids])[0, 1] ** 2 for column in values.T]
    assert linear_share(means_of(values, ids), numbers).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("knowing", [1, 3, 50])
def test_the_neurons_that_encode_a_label_are_those_with_the_largest_share(knowing: int) -> None:
    generator = torch.Generator().manual_seed(knowing)
    ids = torch.randint(6, (3000,), generator=generator)
    values = torch.randn(3000, 120, generator=generator)
    chosen = torch.randperm(120, generator=generator)[:knowing]
    values[:, chosen] += torch.randn(6, knowing, generator=generator)[ids] * 2
    known = Property(ids)
    table = explained_table({"pos": means_of(values, ids)}, {"pos": known})
    best = table.nlargest(knowing, "share")["neuron"]
    assert set(best) == set(chosen.tolist())
    others = table[~table["neuron"].isin(chosen.tolist())]
    assert others["share"].mean() == pytest.approx(others["chance"].iloc[0], rel=0.2)


def test_a_table_has_every_neuron_for_every_property_and_chance_for_each() -> None:
    values = torch.randn(101, 3)
    ids = torch.arange(101) % 5
    properties = {"pos": Property(ids), "place": Property(ids, torch.arange(5.0))}
    means = group_means(InMemory(values), {name: each.groups for name, each in properties.items()})
    table = explained_table(means, properties)
    assert table["neuron"].tolist() == [0, 1, 2] * 2
    chance = table.groupby("property")["chance"].first().to_dict()
    assert chance == pytest.approx({"pos": 0.04, "place": 0.01})
    nothing = explained_table({}, {})
    assert nothing.empty
    assert list(nothing.columns) == ["neuron", "property", "share", "chance"]


def test_the_top_of_each_ranking_stands_beside_all_neurons_and_the_probes() -> None:
    ids = torch.arange(60) % 3
    values = torch.randn(60, 4)
    values[:, 1] = ids
    table = explained_table({"pos": means_of(values, ids)}, {"pos": Property(ids)})
    tops = {"good": torch.tensor([1]), "pair": torch.tensor([1, 2])}
    encoded = encoded_table(table, tops, found=torch.tensor([2, 3])).set_index("ranking")
    shares = table.set_index("neuron")["share"]
    assert encoded["share"].to_dict() == pytest.approx({"good": 1.0, "pair": (1 + shares[2]) / 2})
    assert encoded["all_neurons"].tolist() == pytest.approx([shares.mean()] * 2)
    assert encoded["probe_share"].to_dict() == {"good": 0.0, "pair": 0.5}
    assert encoded["top"].to_dict() == {"good": 1, "pair": 2}
    assert encoded_table(table, {}, torch.tensor([0])).empty
