"""Activations with labels, and what is read off them."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing.labelled import Centered, InMemory, LabelledActivations, mean_activation


def words(count, neurons=3, dtype=torch.float32):
    values = torch.randn(count, neurons, generator=torch.Generator().manual_seed(count)) + 5
    return LabelledActivations(
        InMemory(values.to(dtype)), torch.arange(count) % 4, torch.arange(count) // 2
    )


@given(count=st.integers(1, 60), most=st.integers(1, 70))
def test_a_spread_is_no_larger_than_asked_and_reaches_over_all_words(count, most):
    data = words(count)
    part = data.spread(most)
    assert 1 <= len(part) <= most
    where = [
        int((data.activations.values == row).all(dim=1).nonzero()[0])
        for row in part.activations.values
    ]
    assert where[0] == 0
    steps = {later - earlier for earlier, later in pairwise(where)}
    assert len(steps) <= 1
    if count <= most:
        assert len(part) == count
    assert torch.equal(part.labels, data.labels[where])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_centered_activations_are_differences_in_fp32_and_leave_the_source_alone(dtype):
    source = words(700, dtype=dtype).activations
    before, center = source.values.clone(), torch.tensor([1.0, 0.1, 5.0])
    centered = Centered(source, center)
    expected = source.values.float() - center
    rows = torch.tensor([699, 3, 3])
    assert torch.equal(centered.gather(rows), expected[rows])
    assert torch.equal(torch.cat(list(centered.blocks(256))), expected)
    assert torch.equal(source.values, before)


def test_a_copy_in_memory_has_every_row_in_its_place():
    data = words(700, dtype=torch.float16)
    held = data.centered(torch.ones(3)).in_memory(torch.bfloat16)
    expected = (data.activations.values.float() - 1).bfloat16()
    assert torch.equal(held.activations.values, expected)


def test_activations_are_held_where_memory_allows_their_copy_and_no_less():
    data = words(1024).centered(torch.ones(3))
    gigabytes = 1024 * 3 * 2 / 2**30
    assert isinstance(data.held(gigabytes, torch.bfloat16).activations, InMemory)
    assert data.held(gigabytes, torch.float32) is data
    assert data.held(0.99 * gigabytes, torch.bfloat16) is data


def test_the_mean_of_half_precision_words_does_not_lose_the_late_ones():
    values = torch.full((40_000, 1), 0.1).half()
    torch.testing.assert_close(mean_activation(InMemory(values)), values[0].float())
