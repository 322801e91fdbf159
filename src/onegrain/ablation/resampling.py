"""Values of other tokens, for ablation that keeps neurons within what they usually are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.data.vocabulary import EOS, PAD
from onegrain.probing.labelled import ActivationSource

POOL_TOKENS = 4096


@dataclass(frozen=True, eq=False)
class Resample:
    """Clamp to what another token had: all ablated neurons of a symbol take one token's values.

    Which token that is depends on the seed, the sentence and the position in it, and on nothing
    else: neither batches nor padding nor the mask change it, so that points of a curve differ by
    their masks alone.

    Attributes:
        pool: Activations of the tokens to draw from, all neurons of the model.
        seed: Of the draws.

    Raises:
        ValueError: If the pool is empty, or holds NaN or infinity.
    """

    pool: Float[Tensor, "tokens neurons"]
    seed: int

    def __post_init__(self) -> None:
        if len(self.pool) == 0:
            raise ValueError("there are no tokens to resample from")
        if not bool(self.pool.isfinite().all()):
            raise ValueError("the tokens to resample from hold NaN or infinity")

    @classmethod
    def from_source(
        cls, source: ActivationSource, seed: int, tokens: int = POOL_TOKENS
    ) -> Resample:
        """Draw a pool of ``tokens`` different rows, or of all where there are fewer."""
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randperm(source.shape[0], generator=generator)[:tokens]
        return cls(source.gather(rows.sort().values).float(), seed)

    def draw(self, ids: Int[Tensor, "batch time"]) -> Int[Tensor, "batch time"]:
        """Return the row of the pool that each symbol takes its values from.

        Args:
            ids: What the model reads, padded with `PAD`.

        Example:
            >>> resample = Resample(torch.zeros(1000, 3), seed=1)
            >>> together = resample.draw(torch.tensor([[4, 5, 6], [7, 8, 0]]))
            >>> alone = resample.draw(torch.tensor([[7, 8]]))
            >>> torch.equal(together[1, :2], alone[0])
            True
        """
        places = _scramble(torch.arange(1, ids.shape[1] + 1, device=ids.device))
        # EOS is left out as well: in a language model's batch the longest sentences have none.
        is_word = (ids != PAD) & (ids != EOS)
        sentences = (_scramble(ids + places) * is_word).sum(dim=1, keepdim=True)
        return _scramble(_scramble(sentences + self.seed) + places) % len(self.pool)


def _scramble(values: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
    """Return splitmix64 of every value (Steele, Lea & Flood 2014), with 64-bit overflow."""
    values = values + _signed(0x9E3779B97F4A7C15)
    values = (values ^ _shifted(values, 30)) * _signed(0xBF58476D1CE4E5B9)
    values = (values ^ _shifted(values, 27)) * _signed(0x94D049BB133111EB)
    return values ^ _shifted(values, 31)


def _shifted(values: Int[Tensor, "*shape"], bits: int) -> Int[Tensor, "*shape"]:
    """Shift right and fill with zeros; torch alone would repeat the sign."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def _signed(constant: int) -> int:
    return constant - (1 << 64)
