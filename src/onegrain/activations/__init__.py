"""What the neurons did on every word: recorded once, then mapped from disk."""
