"""Which words a fit looks at more often than at others: those that the probe is unsure of.

Once a probe is right about most words, what the rest of them contribute to a gradient is all that
changes. Drawing these more often, with the weights that keep estimates unbiased, takes most of the
noise out of steps (Schmidt et al., AISTATS 2015, section 3.3, draw by each word's smoothness).
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

UNCERTAIN = 0.2  # of all words
TRUST = 0.75  # how far they are drawn by their share: what is certain now may not stay so


@dataclass(frozen=True, eq=False)
class Emphasis:
    """Words in two parts, and how batches are drawn from them.

    Attributes:
        uncertain: The words that are drawn more often.
        others: All others.
        share: Of a batch, its part that is drawn from ``uncertain``.
    """

    uncertain: Int[Tensor, " uncertain"]
    others: Int[Tensor, " others"]
    share: float

    @classmethod
    def of(cls, uncertainty: Float[Tensor, " words"]) -> Emphasis:
        """Draw the most uncertain fifth by what it holds of all uncertainty.

        Where all words are alike, so are their chances.

        Example:
            >>> import torch
            >>> Emphasis.of(torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])).uncertain
            tensor([2])
            >>> round(Emphasis.of(torch.ones(50)).share, 3)
            0.2
        """
        values, order = uncertainty.sort(descending=True, stable=True)
        size = max(1, round(UNCERTAIN * len(order)))
        total, alike = float(values.sum()), size / len(order)
        held = float(values[:size].sum()) / total if total > 0 else alike
        return cls(order[:size], order[size:], alike + TRUST * max(held - alike, 0.0))

    def drawn(self, batch_size: int) -> int:
        """Return how many words of a batch are drawn from ``uncertain``; of both parts some."""
        wanted = min(round(self.share * batch_size), len(self.uncertain), batch_size - 1)
        return max(wanted, batch_size - len(self.others), 1)
