"""The certificate of the benchmarks (`tests.benchmarks.duality`)."""

import torch
from tests.benchmarks.duality import duality_gap
from torch.nn.functional import cross_entropy

from onegrain.probing.labelled import InMemory, LabelledActivations

POINT = LAMBDA1, LAMBDA2 = 1e-3, 1e-3


def made_up(words=300, neurons=6, labels=4):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(words, neurons, generator=generator)
    truth = torch.randn(labels, neurons, generator=generator)
    noise = torch.randn(words, labels, generator=generator)
    gold = (values @ truth.T + noise).argmax(dim=1)
    return LabelledActivations(InMemory(values), gold, torch.arange(words))


def optimum_of(data, labels=4, steps=1500, rate=0.5):
    """Proximal gradient steps, long past convergence."""
    values, gold = data.activations.values, data.labels
    weight = torch.zeros(labels, values.shape[1], requires_grad=True)
    bias = torch.zeros(labels, requires_grad=True)
    for _ in range(steps):
        loss = cross_entropy(values @ weight.T + bias, gold) + LAMBDA2 * weight.square().sum()
        by_weight, by_bias = torch.autograd.grad(loss, (weight, bias))
        with torch.no_grad():
            stepped = weight - rate * by_weight
            weight.copy_((stepped.abs() - rate * LAMBDA1).clamp(min=0) * stepped.sign())
            bias -= rate * by_bias
    return weight.detach(), bias.detach()


def test_the_bound_is_below_the_optimum_wherever_it_is_taken_and_meets_it_there():
    data = made_up()
    weight, bias = optimum_of(data)
    near = duality_gap(weight, bias, data, POINT)
    assert -1e-6 < near.relative < 1e-3
    for scale in (0.0, 0.5, 0.9, 1.2):
        far = duality_gap(scale * weight, bias, data, POINT)
        assert far.bound <= near.objective
        assert far.relative > near.relative
