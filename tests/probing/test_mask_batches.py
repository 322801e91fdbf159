"""How masks are parted into batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing import mask_batches as module
from onegrain.probing.mask_batches import REMEMBERED, mask_batches
from onegrain.probing.refitting import prefix_masks


@given(seed=st.integers(0, 99), words=st.sampled_from([10, 10**5, 10**8]))
def test_every_mask_that_needs_a_fit_is_in_one_batch(seed, words):
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(8, 5, generator=generator) < torch.rand(8, 1, generator=generator)
    counts = masks.sum(dim=1)
    wanted = ((counts > 0) & (counts < 5)).nonzero()[:, 0].tolist()
    assert sorted(index for batch in mask_batches(masks, words, 20) for index in batch) == wanted


def test_masks_share_a_batch_where_data_is_small_and_not_where_it_is_large():
    order = torch.arange(100)
    masks = torch.cat([prefix_masks(each, [10, 50, 90], 100) for each in (order, order.flip(0))])
    assert len(mask_batches(masks, 10, 2)) == 1
    assert len(mask_batches(masks[[1, 4]], 10**8, 40)) == 2


def test_nested_masks_share_a_batch_however_large_the_data_is():
    order = torch.arange(100)
    masks = torch.cat([prefix_masks(each, [10, 50, 90], 100) for each in (order, order.flip(0))])
    assert mask_batches(masks, 10**8, 40) == [[2, 1, 0], [5, 4, 3]]


def test_a_batch_fits_into_memory(monkeypatch: pytest.MonkeyPatch):
    masks = prefix_masks(torch.arange(100), [10, 50, 90, 99], 100)
    a_refit = 4 * 99 * (2 * REMEMBERED + 99)
    monkeypatch.setattr(module, "MEMORY_BYTES", 2 * a_refit)
    assert [len(batch) for batch in mask_batches(masks, 10, 2)] == [2, 2]
