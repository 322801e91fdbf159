"""The gradient each word last contributed, so that mini-batches lose their noise."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.objective import Biases, Weights
from onegrain.ranks import ALONE, Ranks


class GradientMemory:
    """SAGA (Defazio et al., NeurIPS 2014) for linear models, in matrix-product form.

    A word's gradient is the outer product of its error (softmax minus gold) and its activations,
    so remembering the errors, ``[words, grid, labels]``, remembers all gradients. A
    mini-batch's estimate is then the mean over all words as last seen, corrected by what changed
    for the words of the batch: unbiased, and without noise at the optimum. It takes the same one
    product with the activations that a plain mini-batch gradient takes.

    Where several processes share the words, each remembers its own, and sums are over all.

    The first pass over the data fills the memory and gives plain mini-batch gradients.
    """

    def __init__(
        self,
        words: int,
        weight: Weights,
        bias: Biases,
        dtype: torch.dtype,
        ranks: Ranks = ALONE,
    ) -> None:
        grid, labels, _ = weight.shape
        self.ranks, self.words = ranks, ranks.total(words)
        self.errors = torch.zeros(words, grid, labels, dtype=dtype, device=weight.device)
        self.mean = torch.zeros_like(weight)
        self.bias_mean = torch.zeros_like(bias)
        self.seen = 0

    def estimate(
        self,
        rows: Int[Tensor, " rows"],
        values: Float[Tensor, "rows neurons"],
        error: Float[Tensor, "rows grid labels"],
    ) -> tuple[Weights, Biases]:
        """Return an estimate of the gradient over all words, and remember the batch."""
        new = error.to(self.errors.dtype)
        change = new - self.errors.index_select(0, rows)  # several times as fast as errors[rows]
        self.errors.index_copy_(0, rows, new)
        total = (change.flatten(1).to(values.dtype).T @ values).float().view_as(self.mean)
        bias_total = change.float().sum(dim=0)
        size = self.ranks.total(len(rows))
        self.ranks.add_up(total, bias_total)
        gradient, bias_gradient = total / size, bias_total / size
        if self.complete:
            gradient += self.mean
            bias_gradient += self.bias_mean
        self.mean.add_(total, alpha=1 / self.words)
        self.bias_mean.add_(bias_total, alpha=1 / self.words)
        self.seen += size
        return gradient, bias_gradient

    @property
    def complete(self) -> bool:
        """Whether every word was seen."""
        return self.seen >= self.words

    def keep(self, points: Int[Tensor, " points"]) -> None:
        """Go on with some grid points only."""
        self.errors = self.errors.index_select(1, points)
        self.mean, self.bias_mean = self.mean[points], self.bias_mean[points]
