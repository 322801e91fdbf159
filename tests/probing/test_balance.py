"""The penalty along the direction that cross-entropy does not see."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.probing.balance import balanced
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.objective import penalty
from onegrain.settings import Penalty

STRENGTHS = st.sampled_from([0.0, 1e-5, 1e-2, 1.0, 30.0])


def some_weights(labels, seed):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(1, labels, 4, generator=generator)
    return weight * (torch.rand(weight.shape, generator=generator) > 0.3)


@given(labels=st.integers(2, 7), seed=st.integers(0, 99), lambda1=STRENGTHS, lambda2=STRENGTHS)
def test_no_common_move_has_a_smaller_penalty(labels, seed, lambda1, lambda2):
    weight = some_weights(labels, seed)
    found = balanced(weight, LambdaGrid.product([lambda1], [lambda2]))
    moves = (found - weight)[0]
    torch.testing.assert_close(moves, moves[:1].expand_as(moves), rtol=0, atol=1e-5)
    tried = weight[0, :, :, None] - torch.linspace(-3, 3, 1201)
    smallest = (lambda1 * tried.abs() + lambda2 * tried**2).sum(dim=0).min(dim=-1).values
    reached = (lambda1 * found[0].abs() + lambda2 * found[0] ** 2).sum(dim=0)
    assert bool((reached <= smallest + 1e-5 * (1 + smallest)).all())


@given(labels=st.integers(2, 7), seed=st.integers(0, 99), lambda1=STRENGTHS, lambda2=STRENGTHS)
def test_the_penalty_never_grows_with_the_unsquared_norm_either(labels, seed, lambda1, lambda2):
    weight = some_weights(labels, seed)
    grid = LambdaGrid.product([lambda1], [lambda2], Penalty.neurox)
    before, after = penalty(weight, grid), penalty(balanced(weight, grid), grid)
    assert bool((after <= before * (1 + 1e-6)).all())


def test_neurons_that_most_labels_do_not_use_stay_as_they_are():
    weight = torch.zeros(1, 5, 3)
    weight[0, 1] = torch.tensor([2.0, -1.0, 0.5])
    assert torch.equal(balanced(weight, LambdaGrid.product([1e-3], [1e-5])), weight)
    nothing = torch.zeros_like(weight)
    for kind in Penalty:
        assert torch.equal(balanced(nothing, LambdaGrid.product([0.0], [0.0], kind)), nothing)
