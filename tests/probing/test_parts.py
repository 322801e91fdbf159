"""Products over parts of the columns are those over all of them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.objective import accuracy, whole_loss
from onegrain.probing.parts import most_used_first, parts_of
from onegrain.probing.refitting import prefix_masks


@given(seed=st.integers(0, 99), points=st.integers(1, 6), labels=st.sampled_from([2, 30, 70]))
def test_parts_cover_all_points_and_every_neuron_that_they_use(seed, points, labels):
    allowed = torch.rand(points, 9, generator=torch.Generator().manual_seed(seed)) < 0.3
    parts = parts_of(allowed, points, labels, 9)
    rows = [row for part in parts for row in range(part.rows.start, part.rows.stop)]
    assert rows == list(range(points * labels))
    for part in parts:
        chosen = allowed[part.rows.start // labels : part.rows.stop // labels]
        assert not bool(chosen[:, part.columns :].any())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_loss_over_parts_is_that_over_all_columns(dtype):
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(300, 12, generator=generator)
    gold = torch.randint(40, (300,), generator=generator)
    data = LabelledActivations(InMemory(values), gold, torch.arange(300))
    allowed = prefix_masks(torch.randperm(12, generator=generator), [11, 7, 6, 2, 1], 12)
    allowed = allowed[:, most_used_first(allowed)]
    data = data.columns(torch.arange(allowed.shape[1]))
    weight = torch.randn(5, 40, allowed.shape[1], generator=generator) * allowed[:, None]
    bias = torch.randn(5, 40, generator=generator)
    parts = parts_of(allowed, 5, 40, allowed.shape[1])
    assert [part.columns for part in parts] == [11, 6, 1]
    whole = whole_loss(weight, bias, data, dtype)
    parted = whole_loss(weight, bias, data, dtype, parts=parts, with_accuracy=False)
    torch.testing.assert_close(parted.cross_entropy, whole.cross_entropy)
    torch.testing.assert_close(parted.bias_gradient, whole.bias_gradient)
    near = {"rtol": 1e-4, "atol": 1e-6} if dtype is torch.float32 else {"rtol": 0.02, "atol": 1e-4}
    for part in parts:
        chosen = (slice(part.rows.start // 40, part.rows.stop // 40), ..., slice(part.columns))
        torch.testing.assert_close(
            parted.weight_gradient[chosen], whole.weight_gradient[chosen], **near
        )
        outside = parted.weight_gradient[chosen[0], :, part.columns :]
        assert not bool(outside.any())
    assert bool(parted.accuracy.isnan().all())
    torch.testing.assert_close(accuracy(weight, bias, data, dtype, parts), whole.accuracy)


@given(seed=st.integers(0, 99))
def test_nested_masks_use_the_first_columns_only(seed):
    generator = torch.Generator().manual_seed(seed)
    counts = sorted(torch.randint(1, 30, (4,), generator=generator).tolist(), reverse=True)
    masks = prefix_masks(torch.randperm(30, generator=generator), counts, 30)
    columns = masks[:, most_used_first(masks)]
    assert [part.columns for part in parts_of(columns, 4, 64, columns.shape[1])] == counts
