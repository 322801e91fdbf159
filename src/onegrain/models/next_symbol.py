"""The most probable next symbol, found in bf16 where that is fast, and yet that of fp32."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear

from onegrain.data.vocabulary import BOS, PAD, UNK
from onegrain.precision import has_fast_bf16

NEVER_WRITTEN = [PAD, UNK, BOS]
BLOCK = 64  # symbols
CANDIDATES = 8
BF16_ROUNDING = 2.0**-9 * 1.01  # relative, of one number; the rest is for the bounds' own rounding
FP32_ROUNDING = 2.0**-24


@dataclass(frozen=True, eq=False)
class Screen:
    """A bf16 product with the output vocabulary that knows where it can be wrong.

    With x = x' + r and w = w' + s, where x' and w' are the bf16 numbers, x'w' differs from xw by
    rw + x's, at most |r| |w| + |x'| |s| (Cauchy-Schwarz), and its rounding to bf16 by 2^-9 of
    itself; fp32 sums of n products are off by n 2^-24 |x| |w|. Where the lead of the first symbol
    over the second is larger than what both can be wrong by, it is the first in fp32 too. In other
    rows, a tenth in a trained translator, the highest symbols are multiplied once more in fp32: the
    eight that come first, or all if the ninth may be the highest.

    Attributes:
        output: The layer whose highest logit is looked for.
        weight: Its weights in bf16.
        bias: In fp32; minus infinity for symbols that are never written.
        largest: Of the norms of the weights of one symbol.
        largest_rest: Of the norms of what bf16 leaves of them.
        largest_bias: Of its absolute values.
    """

    output: nn.Linear
    weight: Tensor
    bias: Float[Tensor, " symbols"]
    largest: float
    largest_rest: float
    largest_bias: float

    @classmethod
    def of(cls, output: nn.Linear) -> Screen:
        """Prepare an output layer in fp32."""
        weight, bias = output.weight.detach(), output.bias.detach()
        rounded = weight.bfloat16()
        return cls(
            output,
            rounded,
            writable(bias[None].clone())[0],
            float(weight.norm(dim=1).max()),
            float((weight - rounded.float()).norm(dim=1).max()),
            float(bias.abs().max()),
        )

    def most_probable(self, read: Float[Tensor, "rows units"]) -> Int[Tensor, " rows"]:
        """Return the first highest writable symbol of each row."""
        rounded = read.bfloat16()
        scores = linear(rounded, self.weight).float().add_(self.bias)
        error = self._error(read, rounded.float())
        symbols, best, second = _two_highest(scores)
        doubtful = (~self._is_ahead(best, second, error)).nonzero()[:, 0]
        if len(doubtful):
            rows = (part[doubtful] for part in (read, scores, error))
            symbols[doubtful] = self._among_candidates(*rows)
        return symbols

    def _among_candidates(
        self,
        read: Float[Tensor, "rows units"],
        scores: Float[Tensor, "rows symbols"],
        error: Float[Tensor, " rows"],
    ) -> Int[Tensor, " rows"]:
        """Multiply the few that may be the highest in fp32, or all if they are not few."""
        highest = scores.topk(min(CANDIDATES + 1, scores.shape[1]), dim=1)
        candidates = highest.indices[:, :CANDIDATES].sort(dim=1).values
        exact = torch.einsum("rcu,ru->rc", self.output.weight[candidates], read)
        exact += self.bias[candidates]
        symbols = candidates.gather(1, exact.argmax(dim=1, keepdim=True))[:, 0]
        ahead = self._is_ahead(highest.values[:, 0], highest.values[:, -1], error)
        rest = (~ahead).nonzero()[:, 0]
        if len(rest):
            symbols[rest] = most_probable(writable(self.output(read[rest])))
        return symbols

    def _error(
        self, read: Float[Tensor, "rows units"], rounded: Float[Tensor, "rows units"]
    ) -> Float[Tensor, " rows"]:
        """Return how far a score can be from the exact one, the rounding of the score aside."""
        sums = 2 * (read.shape[1] + 1) * FP32_ROUNDING  # of the bf16 product and of the fp32 one
        error: Tensor = (read - rounded).norm(dim=1) * self.largest
        error += rounded.norm(dim=1) * (self.largest_rest + sums * self.largest)
        return error

    def _is_ahead(
        self,
        one: Float[Tensor, " rows"],
        other: Float[Tensor, " rows"],
        error: Float[Tensor, " rows"],
    ) -> Bool[Tensor, " rows"]:
        """Whether one score is certainly above another and all below that one."""
        rounding = BF16_ROUNDING * (one.abs() + other.abs() + 2 * self.largest_bias)
        ahead: Tensor = one - other > 2 * error + rounding
        return ahead


def screen_of(output: nn.Linear) -> Screen | None:
    """Return a screen where it is exact and pays: for fp32 weights on a CPU with bf16 products.

    CUDA may add up bf16 products in bf16, which the bounds are not for.
    """
    weight = output.weight
    pays = weight.device.type == "cpu" and has_fast_bf16("cpu")
    return Screen.of(output) if pays and weight.dtype is torch.float32 else None


def writable(scores: Float[Tensor, "rows symbols"]) -> Float[Tensor, "rows symbols"]:
    """Rule out, in place, the symbols that are not text."""
    forbidden = torch.tensor(NEVER_WRITTEN, device=scores.device)
    return scores.index_fill_(1, forbidden, -math.inf)


def most_probable(scores: Float[Tensor, "rows symbols"]) -> Int[Tensor, " rows"]:
    """Return the first highest symbol of each row.

    First the block of symbols it is in, then the symbol: on a CPU torch's argmax over a whole
    vocabulary takes a quarter of the time of the product before it, and amax does not.
    """
    first = _first_of_block(_block_maxima(scores).argmax(dim=1), scores.shape[1])
    return first + _block_at(scores, first).argmax(dim=1)


def _two_highest(
    scores: Float[Tensor, "rows symbols"],
) -> tuple[Int[Tensor, " rows"], Float[Tensor, " rows"], Float[Tensor, " rows"]]:
    """Return the first highest symbol of each row, its score, and the next score."""
    maxima = _block_maxima(scores)
    place = maxima.argmax(dim=1, keepdim=True)
    elsewhere = maxima.scatter(1, place, -math.inf).amax(dim=1)
    first = _first_of_block(place[:, 0], scores.shape[1])
    block = _block_at(scores, first)
    inside = block.argmax(dim=1, keepdim=True)
    best = block.gather(1, inside)[:, 0]
    beside = block.scatter_(1, inside, -math.inf).amax(dim=1)
    return first + inside[:, 0], best, torch.maximum(elsewhere, beside)


def _block_maxima(scores: Float[Tensor, "rows symbols"]) -> Float[Tensor, "rows blocks"]:
    """Return the highest score of each whole block, and each score that is in none."""
    whole = scores.shape[1] - scores.shape[1] % BLOCK
    blocks = scores[:, :whole].unflatten(1, (whole // BLOCK, BLOCK)).amax(dim=2)
    return torch.cat([blocks, scores[:, whole:]], dim=1)


def _first_of_block(best: Int[Tensor, " rows"], symbols: int) -> Int[Tensor, " rows"]:
    """Return the first symbol of what `_block_maxima` has at ``best``."""
    blocks = symbols // BLOCK
    return torch.where(best < blocks, best * BLOCK, best - blocks + blocks * BLOCK)


def _block_at(
    scores: Float[Tensor, "rows symbols"], first: Int[Tensor, " rows"]
) -> Float[Tensor, "rows block"]:
    """Return the block of scores that begins at ``first`` of each row.

    The vocabulary's end is padded, so that the last symbol does not stand there twice.
    """
    window = first[:, None] + torch.arange(BLOCK, device=scores.device)
    beyond = window >= scores.shape[1]
    found = scores.gather(1, window.clamp(max=scores.shape[1] - 1))
    return found.masked_fill(beyond, -math.inf)
