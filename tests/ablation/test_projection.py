import pytest
import torch

from onegrain.ablation.projection import Projection
from onegrain.neurons import NeuronLayout

LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=3)


def test_what_is_left_is_the_mean_along_the_directions_and_itself_across():
    generator = torch.Generator().manual_seed(0)
    full = torch.linalg.qr(torch.randn(6, 6, generator=generator))[0].T
    mean, states = torch.randn(6, generator=generator), torch.randn(4, 7, 6, generator=generator)
    found = Projection(full[:2].contiguous(), mean, LAYOUT).remove(states)
    torch.testing.assert_close(found @ full[:2].T, (mean @ full[:2].T).expand(4, 7, 2))
    torch.testing.assert_close(found @ full[2:].T, states @ full[2:].T)


def test_no_direction_changes_nothing():
    states = torch.randn(5, 6)
    assert torch.equal(Projection(torch.zeros(0, 6), torch.ones(6), LAYOUT).remove(states), states)


def test_directions_of_other_neurons_are_refused():
    with pytest.raises(ValueError, match=r"directions of 12 neurons .* has 6"):
        Projection(torch.eye(12)[:2], torch.zeros(12), LAYOUT)


def test_directions_that_are_not_orthonormal_are_refused():
    with pytest.raises(ValueError, match="orthonormal"):
        Projection(torch.tensor([[1.0, 1, 0, 0, 0, 0]]), torch.zeros(6), LAYOUT)
