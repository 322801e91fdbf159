"""What the probe minimises, and how far from its minimum a probe is.

For every point of the lambda grid, over N words x with labels l,

    L(W, b) = -(1/N) sum_i log softmax(W x_i + b)_{l_i} + lambda1 |W|_1 + R(W),

with R(W) = lambda2 |W|^2 (``penalty=squared``, Dalvi et al. 2019 as printed) or lambda2 |W|, the
unsquared Frobenius norm (``penalty=neurox``, as their code has it). The paper prints the sum of
the log-likelihood; their code, and we, take the mean, so that a lambda means the same for any
number of words. The bias b is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.most_probable import is_most_probable
from onegrain.probing.parts import Part, parts_of
from onegrain.ranks import ALONE, Ranks
from onegrain.settings import Penalty

Weights = Float[Tensor, "grid labels neurons"]
Biases = Float[Tensor, "grid labels"]


@dataclass(frozen=True, eq=False)
class Loss:
    """The smooth part of the objective without penalties, over a whole split.

    Attributes:
        cross_entropy: Mean over words, in nats.
        accuracy: Share of words whose label is predicted; NaN where it was not asked for.
        weight_gradient: Of the cross-entropy.
        bias_gradient: Of the cross-entropy.
    """

    cross_entropy: Float[Tensor, " grid"]
    accuracy: Float[Tensor, " grid"]
    weight_gradient: Weights
    bias_gradient: Biases


def errors(
    logits: Float[Tensor, "grid labels rows"], gold: Int[Tensor, " rows"]
) -> Float[Tensor, "rows grid labels"]:
    """Return softmax(logits) minus the gold label's indicator: the gradient by the logits."""
    return _less_gold(logits.softmax(dim=1), gold).permute(2, 0, 1).contiguous()


def cross_entropies(
    error: Float[Tensor, "rows grid labels"], gold: Int[Tensor, " rows"]
) -> Float[Tensor, "rows grid"]:
    """Read the cross-entropy of every word off the errors: at the gold label they are p - 1."""
    index = gold[:, None, None].expand(-1, error.shape[1], 1)
    return -(error.gather(2, index)[:, :, 0] + 1).clamp(min=1e-30).log()


def _less_gold(
    probabilities: Float[Tensor, "grid labels rows"], gold: Int[Tensor, " rows"]
) -> Float[Tensor, "grid labels rows"]:
    """Take 1 off the gold label's probability, in place."""
    index = _gold_index(probabilities, gold)
    return probabilities.scatter_add_(1, index, probabilities.new_tensor(-1.0).expand_as(index))


def _gold_index(
    values: Float[Tensor, "grid labels rows"], gold: Int[Tensor, " rows"]
) -> Int[Tensor, "grid 1 rows"]:
    return gold.expand(len(values), 1, -1)


class Logits:
    """The logits of fixed weights, with matrix products in ``dtype`` and sums in fp32.

    Words lie beside each other in memory: what goes over labels then takes vectors of words, and is
    as quick where labels are few.

    Where ``dtype`` is bf16 and ``exact`` is asked for, the weights are split into a sum of two
    bf16 matrices, which keeps 16 of their bits: rounded to 8, weights are off by up to 0.4%, too
    far to see whether they are optimal. (The logits are rounded too, but each on its own, so that
    over many words it comes to nothing.)
    """

    def __init__(
        self,
        weight: Weights,
        bias: Biases,
        dtype: torch.dtype,
        *,
        exact: bool,
        parts: Sequence[Part] | None = None,
    ) -> None:
        self.bias, self.dtype = bias, dtype
        self.split = exact and dtype is torch.bfloat16
        flat, parts = weight.flatten(0, 1), parts or parts_of(None, *weight.shape)
        self.matrices = [self._rounded(flat[part.rows, : part.columns]) for part in parts]

    def __call__(self, values: Float[Tensor, "rows neurons"]) -> Float[Tensor, "grid labels rows"]:
        """Return the logits of every grid point."""
        values = values.to(self.dtype)
        products = [self._times(values, matrix) for matrix in self.matrices]
        product = products[0] if len(products) == 1 else torch.cat(products)
        return product.view(*self.bias.shape, len(values)).add_(self.bias[:, :, None])

    def _rounded(
        self, weight: Float[Tensor, "points_labels columns"]
    ) -> Float[Tensor, "rows columns"]:
        matrix = weight.to(self.dtype)
        return torch.cat([matrix, (weight - matrix).to(self.dtype)]) if self.split else matrix

    def _times(
        self, values: Float[Tensor, "words neurons"], matrix: Float[Tensor, "rows columns"]
    ) -> Float[Tensor, "points_labels words"]:
        product = (matrix @ values[:, : matrix.shape[1]].T).float()
        if not self.split:
            return product
        high, low = product.chunk(2)
        return high + low


def whole_loss(
    weight: Weights,
    bias: Biases,
    data: LabelledActivations,
    dtype: torch.dtype,
    *,
    exact: bool = True,
    ranks: Ranks = ALONE,
    parts: Sequence[Part] | None = None,
    with_accuracy: bool = True,
) -> Loss:
    """Go over all words of ``data`` once, with matrix products in ``dtype`` and sums in fp32.

    Args:
        weight: Of every point.
        bias: Of every point.
        data: The words; with several ``ranks``, what this process has of them.
        dtype: Of matrix products.
        exact: See `Logits`.
        ranks: Processes that share the words; the loss is that of all.
        parts: The products that the points need (`parts_of`); beyond them gradients are 0. None
            for all neurons.
        with_accuracy: Costs up to a seventh of a pass, most where labels are few.
    """
    grid, labels, neurons = weight.shape
    parts = parts or parts_of(None, grid, labels, neurons)
    gradient = weight.new_zeros(grid * labels, neurons)
    bias_gradient = torch.zeros_like(bias)
    cross_entropy, hits = weight.new_zeros(grid), weight.new_zeros(grid)
    logits_of = Logits(weight, bias, dtype, exact=exact, parts=parts)
    for values, gold in _blocks(data, weight.device, dtype):
        log_likelihood = logits_of(values).log_softmax(dim=1)
        cross_entropy -= log_likelihood.gather(1, _gold_index(log_likelihood, gold)).sum(dim=(1, 2))
        if with_accuracy:
            hits += is_most_probable(log_likelihood, gold).sum(dim=1)
        error = _less_gold(log_likelihood.exp_(), gold)
        bias_gradient += error.sum(dim=2)
        rounded = error.flatten(0, 1).to(dtype)
        for part in parts:
            product = rounded[part.rows] @ values[:, : part.columns]
            gradient[part.rows, : part.columns] += product.float()
    size = ranks.total(len(data))
    ranks.add_up(gradient, bias_gradient, cross_entropy, hits)
    return Loss(
        cross_entropy / size,
        hits / size if with_accuracy else torch.full_like(hits, torch.nan),
        gradient.view_as(weight) / size,
        bias_gradient / size,
    )


def accuracy(
    weight: Weights,
    bias: Biases,
    data: LabelledActivations,
    dtype: torch.dtype,
    parts: Sequence[Part] | None = None,
) -> Float[Tensor, " grid"]:
    """Return the share of words whose label is predicted, of every point."""
    logits_of = Logits(weight, bias, dtype, exact=True, parts=parts)
    hits = weight.new_zeros(len(weight))
    for values, gold in _blocks(data, weight.device, dtype):
        hits += is_most_probable(logits_of(values), gold).sum(dim=1)
    return hits / len(data)


def _blocks(
    data: LabelledActivations, device: torch.device, dtype: torch.dtype
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield activations in ``dtype`` and labels of all words, block by block."""
    for values, gold, _ in data.blocks(2048):
        yield values.to(device, dtype), gold.to(device)


def penalty(weight: Weights, grid: LambdaGrid) -> Float[Tensor, " grid"]:
    """Return the penalties of every point."""
    squared = weight.square().sum(dim=(1, 2))
    l2 = squared if grid.penalty is Penalty.squared else squared.sqrt()
    return grid.lambda1 * weight.abs().sum(dim=(1, 2)) + grid.lambda2 * l2


def l2_gradient(weight: Weights, grid: LambdaGrid) -> Weights:
    """Return the gradient of R(W); 0 for the unsquared norm of an all-zero W."""
    if grid.penalty is Penalty.squared:
        return 2 * grid.lambda2[:, None, None] * weight
    norm: Tensor = torch.linalg.vector_norm(weight, dim=(1, 2))
    return torch.where(norm > 0, grid.lambda2 / norm, 0.0)[:, None, None] * weight


def smallest_subgradient(weight: Weights, gradient: Weights, grid: LambdaGrid) -> Weights:
    """Return the smallest subgradient of every point: 0 where a weight is best left as it is.

    Weights that the grid does not allow are no variables and have none. For the unsquared norm an
    all-zero W is optimal within a ball, which is taken into account.

    Args:
        weight: The weights.
        gradient: Of the cross-entropy.
        grid: The penalties.
    """
    smooth = gradient + l2_gradient(weight, grid)
    lambda1 = grid.lambda1[:, None, None]
    beyond = (smooth.abs() - lambda1).clamp(min=0).copysign(smooth)
    slope = torch.where(weight != 0, smooth + lambda1 * weight.sign(), beyond)
    slope = grid.only_allowed(slope)
    if grid.penalty is Penalty.neurox:
        norm: Tensor = torch.linalg.vector_norm(slope, dim=(1, 2))
        shorter = torch.where(norm > grid.lambda2, 1 - grid.lambda2 / norm, 0.0)
        empty: Bool[Tensor, " grid"] = (weight == 0).flatten(1).all(dim=1)
        slope = slope * torch.where(empty, shorter, 1.0)[:, None, None]
    return slope


def residual(
    weight: Weights, gradient: Weights, bias_gradient: Biases, grid: LambdaGrid
) -> Float[Tensor, " grid"]:
    """Return the norm of the smallest subgradient: 0 at the optimum and only there."""
    slope = smallest_subgradient(weight, gradient, grid)
    return (slope.square().sum(dim=(1, 2)) + bias_gradient.square().sum(dim=1)).sqrt()
