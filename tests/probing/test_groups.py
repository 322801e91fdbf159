"""Means of groups in one pass: what selecting each group and averaging says."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from onegrain.probing.groups import group_means
from onegrain.probing.labelled import InMemory


@given(
    seed=st.integers(0, 2**31),
    tokens=st.integers(1, 40),
    groups=st.integers(1, 6),
    block_words=st.integers(1, 50),
    dtype=st.sampled_from([torch.float16, torch.float32]),
)
def test_means_and_variance_are_those_of_the_words_of_each_group(
    seed: int, tokens: int, groups: int, block_words: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = (10 + torch.randn(tokens, 3, generator=generator)).to(dtype)
    ids = torch.randint(-1, groups, (tokens,), generator=generator)
    other = torch.arange(tokens) % 2
    found = group_means(InMemory(values), {"one": ids, "other": other}, block_words)
    for name, grouping in {"one": ids, "other": other}.items():
        known = values[grouping >= 0].double()
        means = found[name]
        assert means.words == len(known)
        assert means.counts.tolist() == torch.bincount(grouping[grouping >= 0]).tolist()
        for group, mean in enumerate(means.means):
            rows = values[grouping == group].double()
            expected = rows.mean(dim=0) if len(rows) else torch.zeros(3).double()
            torch.testing.assert_close(mean, expected)
        if len(known):
            torch.testing.assert_close(means.mean, known.mean(dim=0))
            torch.testing.assert_close(means.variance, known.var(dim=0, correction=0))


@pytest.mark.parametrize("value", [0.1, 1e4, -3e-7])
def test_a_constant_neuron_has_no_variance_by_rounding(value: float) -> None:
    values = torch.full((1001, 2), value)
    means = group_means(InMemory(values), {"a": torch.arange(1001) % 7}, block_words=64)["a"]
    assert means.variance.tolist() == [0.0, 0.0]
    assert (means.means == values[0, 0].double()).all()


def test_small_deviations_beside_a_large_mean_are_not_lost() -> None:
    deviation = torch.randn(
        5000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    values = (1000 + 1e-2 * deviation).float()
    means = group_means(InMemory(values), {"a": torch.zeros(5000).long()})["a"]
    expected = values.double().var(correction=0)
    assert float(means.variance[0]) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("ids", [torch.full((4,), -1), torch.zeros(0).long()])
def test_no_words_are_no_groups(ids: Tensor) -> None:
    means = group_means(InMemory(torch.randn(len(ids), 2)), {"a": ids})["a"]
    assert means.means.shape == (0, 2)
    assert means.words == 0
    assert means.variance.tolist() == [0.0, 0.0]


def test_a_grouping_of_other_words_is_refused() -> None:
    with pytest.raises(ValueError, match="'pos' groups 3 words, and there are 4"):
        group_means(InMemory(torch.randn(4, 2)), {"pos": torch.zeros(3).long()})
