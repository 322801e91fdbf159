"""Means, variances and covariances of models that read the same words, in one pass over these.

Every block is shifted by the mean of a sample before it is multiplied, so that fp32 products (the
speed of BLAS) lose nothing to means that are large beside the deviations; their sums are in fp64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.errors import UserError
from onegrain.probing.labelled import ActivationSource

BLOCK_WORDS = 4096  # a product of this many rows runs at full speed
_SAMPLE_WORDS = 1024  # the mean of so many is within 3% of a standard deviation

Pairs = Iterable[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Moments:
    """What the neurons of several models have in common, measured over the same words.

    Attributes:
        words: How many words every model has read; sums are divided by it, not by words - 1.
        means: Of the neurons of each model.
        variances: Of the neurons of each model; exactly 0 where a neuron is constant.
        covariances: Of the neurons of two models (rows and columns) for the pairs that were asked
            for, the smaller index first.

    Example:
        >>> from onegrain.probing.labelled import InMemory
        >>> values = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
        >>> moments = Moments.of([InMemory(values), InMemory(values[:, :1])])
        >>> moments.correlation(0, 1).flatten().tolist()
        [1.0, -1.0]
    """

    words: int
    means: tuple[Float[Tensor, " _"], ...]
    variances: tuple[Float[Tensor, " _"], ...]
    covariances: Mapping[tuple[int, int], Float[Tensor, "_ _"]]

    @classmethod
    def of(
        cls,
        recordings: Sequence[ActivationSource],
        pairs: Pairs | None = None,
        block_words: int = BLOCK_WORDS,
    ) -> Moments:
        """Read all recordings once.

        Memory holds one block of each model and one fp64 matrix for each pair.

        Args:
            recordings: One for each model, with the same words in the same order.
            pairs: The models whose covariance is wanted, `every_pair` by default. A model paired
                with itself gives the covariances among its own neurons.
            block_words: How many words are multiplied at a time.

        Raises:
            ValueError: If the recordings differ in their number of words.
            UserError: If there are no words, or an activation is not a number or infinite.
        """
        words = _common_words(recordings)
        shifts = [_sample_mean(recording) for recording in recordings]
        first = [torch.zeros_like(shift) for shift in shifts]
        second = [torch.zeros_like(shift) for shift in shifts]
        wanted = every_pair(len(recordings)) if pairs is None else pairs
        products = {
            (one, other): torch.zeros(len(first[one]), len(first[other]), dtype=torch.float64)
            for one, other in map(sorted, wanted)
        }
        for blocks in _shifted_blocks(recordings, shifts, block_words):
            for model, block in enumerate(blocks):
                first[model] += block.sum(dim=0)
                second[model] += block.square().sum(dim=0)
                _refuse_infinite(second[model], model)
            for (one, other), product in products.items():
                product += blocks[one].T @ blocks[other]
        offsets = [total / words for total in first]
        for (one, other), product in products.items():
            product.div_(words).addr_(offsets[one], offsets[other], alpha=-1)
        squares = zip(second, offsets, strict=True)
        return cls(
            words,
            means=tuple(shift + offset for shift, offset in zip(shifts, offsets, strict=True)),
            variances=tuple((total / words - mean**2).clamp(min=0) for total, mean in squares),
            covariances=products,
        )

    def covariance(self, one: int, other: int) -> Float[Tensor, "neurons others"]:
        """Return the covariance of every neuron of ``one`` with every neuron of ``other``.

        Raises:
            KeyError: If this pair was not asked for.
        """
        return self.covariances[one, other] if one <= other else self.covariances[other, one].T

    def correlation(self, one: int, other: int) -> Float[Tensor, "neurons others"]:
        """Return Pearson's correlation of all pairs of neurons; 0 where one is constant.

        Raises:
            KeyError: If this pair was not asked for.
        """
        rows, columns = (_reciprocal_root(self.variances[model]) for model in (one, other))
        return (self.covariance(one, other) * rows[:, None]).mul_(columns).clamp_(-1, 1)

    def others(self, instance: int) -> list[int]:
        """Return the models that ``instance`` can be compared with.

        Raises:
            UserError: If there is no other.
        """
        others = [model for model in range(len(self.means)) if model != instance]
        if not others:
            raise UserError("model.instances=1: a ranking that compares instances needs 2 or more")
        return others


def every_pair(models: int, *, within: bool = False) -> list[tuple[int, int]]:
    """Return all pairs of different models; also each with itself for ``within``.

    Example:
        >>> every_pair(3)
        [(0, 1), (0, 2), (1, 2)]
    """
    pairs = combinations_with_replacement if within else combinations
    return list(pairs(range(models), 2))


def _common_words(recordings: Sequence[ActivationSource]) -> int:
    words = {recording.shape[0] for recording in recordings}
    if len(words) != 1:
        raise ValueError(f"recordings of the same words are needed, these have {sorted(words)}")
    if words == {0}:
        raise UserError("neurons cannot be ranked on a text without words")
    return words.pop()


def _sample_mean(recording: ActivationSource) -> Float[Tensor, " neurons"]:
    """Return the mean of evenly spread words, rounded to fp32: exact for a constant neuron."""
    words = recording.shape[0]
    rows = torch.arange(0, words, -(-words // _SAMPLE_WORDS))
    mean = recording.gather(rows).double().mean(dim=0).float().double()
    return mean.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)  # the pass itself says where they are


def _shifted_blocks(
    recordings: Sequence[ActivationSource],
    shifts: Sequence[Float[Tensor, " _"]],
    block_words: int,
) -> Iterator[list[Float[Tensor, "rows _"]]]:
    """Yield the same words' activations of all models, in fp32 and near a mean of 0."""
    in_fp32 = [shift.float() for shift in shifts]
    sources = [recording.blocks(block_words) for recording in recordings]
    for blocks in zip(*sources, strict=True):
        yield [(block - shift).float() for block, shift in zip(blocks, in_fp32, strict=True)]


def _refuse_infinite(squares: Float[Tensor, " neurons"], model: int) -> None:
    wrong = (~squares.isfinite()).nonzero()
    if len(wrong):
        raise UserError(
            f"instance {model + 1}: neuron {int(wrong[0])} is not a number or infinite on some "
            f"word, as are {len(wrong) - 1} other neurons; look at how the model was trained"
        )


def _reciprocal_root(variance: Float[Tensor, " neurons"]) -> Float[Tensor, " neurons"]:
    return torch.where(variance > 0, variance.rsqrt(), 0.0)
