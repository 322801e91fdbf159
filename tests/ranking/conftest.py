"""Models that share something, as recordings of the same words."""

import pytest
import torch

from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.labelled import InMemory

NEURONS = 12


@pytest.fixture
def layout():
    return NeuronLayout((Block("encoder", 1, "forward", NEURONS),))


@pytest.fixture
def instances():
    """Three models that mix the same six causes, each with noise of its own."""
    generator = torch.Generator().manual_seed(7)
    causes = torch.randn(400, 6, generator=generator)

    def model():
        mixed = causes @ torch.randn(6, NEURONS, generator=generator)
        noise = torch.randn(400, NEURONS, generator=generator)
        scale = torch.rand(NEURONS, generator=generator) + 0.1
        return scale * (mixed + 2 * noise) + torch.randn(NEURONS, generator=generator)

    return [model() for _ in range(3)]


@pytest.fixture
def record():
    """Return a function that takes tensors for recordings."""
    return lambda *values: [InMemory(each) for each in values]
