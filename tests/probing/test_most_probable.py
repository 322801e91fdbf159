"""Whether a word's label is the most probable is what argmax says, ties included."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from onegrain.probing.most_probable import is_most_probable


@given(st.integers(0, 2**31), st.integers(1, 20), st.integers(0, 50), st.integers(1, 5))
@example(seed=0, labels=4, words=0, values=5)
@example(seed=0, labels=1, words=9, values=1)
def test_it_is_what_argmax_says_of_equal_logits_too(seed, labels, words, values):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randint(values, (labels, words), generator=generator).float()
    gold = torch.randint(labels, (words,), generator=generator)
    assert torch.equal(is_most_probable(logits, gold), logits.argmax(dim=0) == gold)
    points = torch.stack([logits, logits.flip(0), torch.zeros_like(logits)])
    assert torch.equal(is_most_probable(points, gold), points.argmax(dim=1) == gold)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_logits_without_equal_ones_are_answered_in_every_number_format(dtype):
    generator = torch.Generator().manual_seed(0)
    logits = torch.stack([torch.randperm(31, generator=generator) for _ in range(200)], 1).to(dtype)
    gold = logits.argmax(dim=0)
    gold[::3] = (gold[::3] + 1) % 31
    before = logits.clone()
    assert is_most_probable(logits, gold).nonzero()[:, 0].tolist() == [
        word for word in range(200) if word % 3
    ]
    assert torch.equal(logits, before)


def test_an_impossible_label_is_not_taken_where_others_are_possible():
    logits = torch.tensor([[-torch.inf, 1.0], [0.0, -torch.inf], [-1.0, 1.0]])
    assert is_most_probable(logits, torch.tensor([0, 1])).tolist() == [False, False]
    assert is_most_probable(logits, torch.tensor([1, 0])).tolist() == [True, True]
