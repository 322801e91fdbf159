"""Remembered gradients and losses."""

import torch
from torch.nn.functional import cross_entropy

from onegrain.probing.batches import Batch, Drawn
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.memory import GradientMemory


def memory_and_words(words=40, grid=2, labels=3, neurons=5):
    torch.manual_seed(0)
    memory = GradientMemory(
        words, torch.zeros(grid, labels, neurons), torch.zeros(grid, labels), torch.float32
    )
    return memory, torch.randn(words, neurons), some_errors(words, grid, labels)


def some_errors(words=40, grid=2, labels=3):
    """Errors of words whose label is 0."""
    error = torch.randn(words, grid, labels).softmax(dim=2)
    error[:, :, 0] -= 1
    return error


def batch(values, rows, *counted):
    """Some rows; of each pair of them, how many, and of how many words they are."""
    draws = counted or ((len(rows), len(values)),)
    draws = tuple(Drawn(count, words / count) for count, words in draws)
    return Batch(rows, values[rows], torch.zeros(len(rows), dtype=torch.long), draws)


def mean_gradient(values, error):
    return torch.einsum("wgl,wn->gln", error, values) / len(values)


def test_the_first_pass_gives_plain_batch_gradients():
    memory, values, error = memory_and_words()
    for rows in torch.arange(40).split(10):
        gradient, bias = memory.estimate(batch(values, rows), error[rows])
        torch.testing.assert_close(gradient, mean_gradient(values[rows], error[rows]))
        torch.testing.assert_close(bias, error[rows].mean(dim=0))
    assert memory.complete


def test_after_a_pass_every_batch_gives_the_gradient_over_all_words():
    """Errors that did not change carry no noise at all, however the batch was drawn."""
    memory, values, error = memory_and_words()
    memory.estimate(batch(values, torch.arange(40)), error)
    rows = torch.tensor([3, 1, 8])
    for draws in [(), ((2, 4), (1, 36))]:
        gradient, bias = memory.estimate(batch(values, rows, *draws), error[rows])
        torch.testing.assert_close(gradient, mean_gradient(values, error))
        torch.testing.assert_close(bias, error.mean(dim=0))


def unbiased(batches):
    """Return the mean estimate over batches, and what it should be."""
    memory, values, error = memory_and_words()
    memory.estimate(batch(values, torch.arange(40)), error)
    remembered = (memory.mean.clone(), memory.errors.clone())
    fresh, total = some_errors(), torch.zeros_like(memory.mean)
    for rows, *draws in batches:
        memory.mean, memory.errors = remembered[0].clone(), remembered[1].clone()
        total += memory.estimate(batch(values, rows, *draws), fresh[rows])[0] / len(batches)
    return total, mean_gradient(values, fresh)


def test_the_estimate_is_unbiased_when_errors_change():
    total, expected = unbiased([(rows,) for rows in torch.arange(40).split(10)])
    torch.testing.assert_close(total, expected, rtol=1e-4, atol=1e-5)


def test_the_estimate_is_unbiased_where_some_words_come_more_often():
    """Four batches of all of the first eight words and of eight of the others each."""
    drawn = [torch.cat([torch.arange(8), rows]) for rows in torch.arange(8, 40).split(8)]
    total, expected = unbiased([(rows, (8, 8), (8, 32)) for rows in drawn])
    torch.testing.assert_close(total, expected, rtol=1e-4, atol=1e-5)


def test_the_mean_stays_that_of_what_is_remembered_where_some_words_come_more_often():
    memory, values, error = memory_and_words()
    memory.estimate(batch(values, torch.arange(40)), error)
    rows, fresh = torch.tensor([0, 5, 30]), some_errors()
    memory.estimate(batch(values, rows, (2, 8), (1, 32)), fresh[rows])
    error[rows] = fresh[rows]
    torch.testing.assert_close(memory.mean, mean_gradient(values, error))
    torch.testing.assert_close(memory.bias_mean, error.mean(dim=0))


def test_losses_are_those_of_each_word_when_it_was_last_seen():
    memory, values, _ = memory_and_words()
    logits, labels = torch.randn(40, 2, 3), torch.zeros(40, dtype=torch.long)
    error = logits.softmax(dim=2) - torch.tensor([1.0, 0.0, 0.0])
    memory.estimate(batch(values, torch.arange(40)), error)
    each = torch.stack([cross_entropy(logits[:, g], labels, reduction="none") for g in (0, 1)], 1)
    torch.testing.assert_close(memory.cross_entropy(), each.mean(dim=0), rtol=1e-4, atol=1e-4)
    unsure = 1 - logits.softmax(dim=2)[:, :, 0]
    expected = (unsure / unsure.sum(dim=0)).mean(dim=1)
    torch.testing.assert_close(memory.uncertainty(), expected, rtol=1e-4, atol=1e-5)


def test_grid_points_can_leave():
    memory, values, error = memory_and_words()
    memory.estimate(batch(values, torch.arange(40)), error)
    stays = memory.losses[:, 1:].mean(dim=0)
    memory.keep(torch.tensor([1]))
    torch.testing.assert_close(memory.mean, mean_gradient(values, error[:, 1:]))
    torch.testing.assert_close(memory.cross_entropy(), stays)


def test_the_mean_of_what_is_remembered_can_be_counted_anew():
    memory, values, error = memory_and_words()
    memory.estimate(batch(values, torch.arange(40)), error)
    memory.mean += 0.1
    memory.bias_mean -= 0.1
    data = LabelledActivations(InMemory(values), torch.zeros(40).long(), torch.arange(40))
    memory.recount(torch.tensor([1]), data)
    expected = mean_gradient(values, error)
    torch.testing.assert_close(memory.mean, torch.stack([expected[0] + 0.1, expected[1]]))
    expected = error.mean(dim=0)
    torch.testing.assert_close(memory.bias_mean, torch.stack([expected[0] - 0.1, expected[1]]))
