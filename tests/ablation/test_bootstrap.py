"""The interval over sentences."""

import torch

from onegrain.ablation.bootstrap import bootstrap_accuracy


def test_the_interval_covers_the_true_accuracy_about_95_times_in_100():
    generator = torch.Generator().manual_seed(0)
    words, truth, covered, trials = 12, 0.7, 0, 300
    for trial in range(trials):
        correct = (torch.rand(150, words, generator=generator) < truth).sum(dim=1)
        low, high = bootstrap_accuracy(correct, torch.full((150,), words), 400, seed=trial)
        covered += int(low <= truth <= high)
    assert 0.90 <= covered / trials <= 0.98


def test_words_of_a_sentence_are_drawn_together():
    """All-or-nothing sentences are worth one observation each, not one for each word."""
    words = torch.full((50,), 20)
    together = torch.where(torch.arange(50) % 2 == 0, 20, 0)
    spread = torch.full((50,), 10)
    low, high = bootstrap_accuracy(torch.stack([together, spread]), words)
    assert high[0] - low[0] > 0.2
    assert high[1] - low[1] == 0


def test_the_same_seed_draws_the_same_sentences():
    correct, words = torch.randint(0, 9, (3, 40)), torch.full((40,), 9)
    first, again = (torch.stack(bootstrap_accuracy(correct, words, 200, 7)) for _ in range(2))
    assert torch.equal(first, again)
