"""Padded or not, probabilities are those of PyTorch's softmax."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing.softmax import VECTOR, log_softmax, softmax


@pytest.mark.parametrize(
    ("ours", "theirs"), [(softmax, torch.softmax), (log_softmax, torch.log_softmax)]
)
@given(labels=st.integers(1, VECTOR + 2), scale=st.sampled_from([0.0, 1.0, 1e3]))
def test_it_is_pytorchs_for_any_number_of_labels(ours, theirs, labels, scale):
    logits = scale * torch.randn(3, 2, labels, generator=torch.Generator().manual_seed(labels))
    found = ours(logits)
    torch.testing.assert_close(found, theirs(logits.double(), dim=-1).float(), rtol=1e-5, atol=1e-6)
    assert found.is_contiguous()


def test_what_is_not_a_number_stays_so():
    assert bool(softmax(torch.tensor([[0.0, torch.nan, 1.0]])).isnan().all())
