"""Remembered gradients."""

import torch

from onegrain.probing.memory import GradientMemory


def memory_and_words(words=40, grid=2, labels=3, neurons=5):
    torch.manual_seed(0)
    memory = GradientMemory(
        words, torch.zeros(grid, labels, neurons), torch.zeros(grid, labels), torch.float32
    )
    return memory, torch.randn(words, neurons), torch.randn(words, grid, labels)


def mean_gradient(values, error):
    return torch.einsum("wgl,wn->gln", error, values) / len(values)


def test_the_first_pass_gives_plain_batch_gradients():
    memory, values, error = memory_and_words()
    for rows in torch.arange(40).split(10):
        gradient, bias = memory.estimate(rows, values[rows], error[rows])
        torch.testing.assert_close(gradient, mean_gradient(values[rows], error[rows]))
        torch.testing.assert_close(bias, error[rows].mean(dim=0))
    assert memory.complete


def test_after_a_pass_every_batch_gives_the_gradient_over_all_words():
    """Errors that did not change carry no noise at all."""
    memory, values, error = memory_and_words()
    memory.estimate(torch.arange(40), values, error)
    rows = torch.tensor([3, 1, 8])
    gradient, bias = memory.estimate(rows, values[rows], error[rows])
    torch.testing.assert_close(gradient, mean_gradient(values, error))
    torch.testing.assert_close(bias, error.mean(dim=0))


def test_the_estimate_is_unbiased_when_errors_change():
    memory, values, error = memory_and_words()
    memory.estimate(torch.arange(40), values, error)
    remembered = (memory.mean.clone(), memory.errors.clone())
    fresh = torch.randn_like(error)
    total = torch.zeros_like(memory.mean)
    for rows in torch.arange(40).split(10):
        memory.mean, memory.errors = remembered[0].clone(), remembered[1].clone()
        total += memory.estimate(rows, values[rows], fresh[rows])[0] / 4
    torch.testing.assert_close(total, mean_gradient(values, fresh), rtol=1e-4, atol=1e-5)


def test_grid_points_can_leave():
    memory, values, error = memory_and_words()
    memory.estimate(torch.arange(40), values, error)
    memory.keep(torch.tensor([1]))
    torch.testing.assert_close(memory.mean, mean_gradient(values, error[:, 1:]))
