"""What each word last contributed, so that mini-batches lose their noise."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.probing.batches import Batch
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.objective import Biases, Weights, cross_entropies
from onegrain.ranks import ALONE, Ranks

BLOCK = 2048  # words of a product, in fp32 sums
LEAST = 1e-30  # of all uncertainty: where every word is certain there is none


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
        self.losses = torch.zeros(words, grid, device=weight.device)
        self.mean = torch.zeros_like(weight)
        self.bias_mean = torch.zeros_like(bias)
        self.seen = 0

    def estimate(
        self, batch: Batch, error: Float[Tensor, "rows grid labels"]
    ) -> tuple[Weights, Biases]:
        """Return an estimate of the gradient over all words, and remember the batch."""
        rows, values, labels, draws = batch
        new = error.to(self.errors.dtype)
        change = new - self.errors.index_select(0, rows)  # several times as fast as errors[rows]
        self.errors.index_copy_(0, rows, new)
        self.losses.index_copy_(0, rows, cross_entropies(error, labels))
        known = 1.0 if self.complete else 0.0
        gradient, bias_gradient = known * self.mean, known * self.bias_mean
        sizes = [drawn.size for drawn in draws]
        for drawn, part, of_words in zip(
            draws, change.split(sizes), values.split(sizes), strict=True
        ):
            total = (part.flatten(1).to(of_words.dtype).T @ of_words).float().view_as(self.mean)
            bias_total = part.float().sum(dim=0)
            self.ranks.add_up(total, bias_total)
            gradient.add_(total, alpha=drawn.stands_for / self.words)
            bias_gradient.add_(bias_total, alpha=drawn.stands_for / self.words)
            self.mean.add_(total, alpha=1 / self.words)
            self.bias_mean.add_(bias_total, alpha=1 / self.words)
        if not self.complete:
            self.seen += self.ranks.total(len(rows))
        return gradient, bias_gradient

    def recount(self, points: Int[Tensor, " points"], data: LabelledActivations) -> None:
        """Sum up anew what is remembered of some grid points, of all words of ``data``.

        Products in bf16 are rounded, and so is what steps have added to the mean, most while steps
        were large: in the end the mean would be beside what it is of.
        """
        total, bias_total = (
            torch.zeros_like(self.mean[points]),
            torch.zeros_like(self.bias_mean[points]),
        )
        parts = zip(data.blocks(BLOCK), self.errors.split(BLOCK), strict=True)
        for (values, _, _), errors in parts:
            part = errors.index_select(1, points)
            values = values.to(part)
            total += (part.flatten(1).T @ values).float().view_as(total)
            bias_total += part.float().sum(dim=0)
        self.ranks.add_up(total, bias_total)
        self.mean[points], self.bias_mean[points] = total / self.words, bias_total / self.words

    @property
    def complete(self) -> bool:
        """Whether every word was seen."""
        return self.seen >= self.words

    def cross_entropy(self) -> Float[Tensor, " grid"]:
        """Return the mean over all words, as each was last seen."""
        total = self.losses.sum(dim=0)
        self.ranks.add_up(total)
        return total / self.words

    def uncertainty(self) -> Float[Tensor, " all_words"]:
        """Return how unsure the probe was of each word, relative to all, as the grid's mean.

        That is 1 - p of the gold label, half of what the error's values add up to.
        """
        unsure = -torch.expm1(-self.losses)
        total = unsure.sum(dim=0)
        self.ranks.add_up(total)
        everywhere = torch.zeros(self.words, device=unsure.device)
        here = self.ranks.rows(self.words)
        everywhere[here.start : here.stop] = (unsure / total.clamp(min=LEAST)).mean(dim=1)
        self.ranks.add_up(everywhere)
        return everywhere

    def keep(self, points: Int[Tensor, " points"]) -> None:
        """Go on with some grid points only."""
        self.errors = self.errors.index_select(1, points)
        self.losses = self.losses.index_select(1, points)
        self.mean, self.bias_mean = self.mean[points], self.bias_mean[points]
