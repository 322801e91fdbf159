"""Weights & Biases, and nothing else that knows of it."""
