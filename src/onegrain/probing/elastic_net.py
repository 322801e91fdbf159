"""The elastic-net probe: every point of a lambda grid fitted in the same passes over the data."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection

import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.probing.batches import Batch, WordBatches
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.memory import GradientMemory
from onegrain.probing.objective import (
    Biases,
    Logits,
    Weights,
    errors,
    penalty,
    residual,
    whole_loss,
)
from onegrain.probing.proximal import ProximalAdam
from onegrain.probing.step_lengths import StepLengths
from onegrain.probing.uncertain import Emphasis
from onegrain.ranks import ALONE, Ranks

logger = logging.getLogger(__name__)

WARM_UP_EPOCHS = 2
COOLED_SHARE = 0.25  # of all epochs, the last ones, in which steps shrink
AVERAGED_SHARE = 0.25  # of an epoch's steps, its last ones, are averaged
SAMPLE_WORDS = 20_000  # for what need not be exact


class ElasticNetProbe(pl.LightningModule):
    """Softmax regression from neurons to labels under an elastic net.

    The objective is stated in `onegrain.probing.objective`. Two epochs of proximal Adam bring all
    grid points near; from then on gradients are variance-reduced (`GradientMemory`) in a fixed
    metric, so that every point converges to its optimum, where its sparsity, and with it the
    ranking, belongs. A point leaves the work as soon as its optimality residual, relative to the
    gradient at all-zero weights, is below ``tolerance``, checked on all words; ``max_epochs``
    bounds the work for points that have no finite optimum (lambda = 0) or are slow.

    Args:
        grid: The points to fit.
        labels: Number of labels.
        batches: The words to fit on.
        tolerance: Relative optimality residual at which a point is done.
        max_epochs: Passes over the data at most.
        learning_rate: Of Adam and of the steps that follow.
        dtype: Of matrix products; weights, gradients and sums are fp32.
        ranks: The processes that share the words; ``batches`` has this one's.
        looks: The epochs after which some points may be given up (`onegrain.probing.looks`).
        staying: Says then, by ``weight``, ``bias``, ``epochs`` and ``given_up``, which stay.

    Attributes:
        weight: ``[grid, labels, neurons]``, final after fitting.
        bias: ``[grid, labels]``.
        objective: The minimised value of every point.
        relative_residual: The optimality residual of every point, relative to that at zero.
        train_accuracy: Accuracy of every point on the training words.
        epochs: Passes over the training words that every point took.
        given_up: Whether a point was given up before its end; it stays as it was then, with
            objective, residual and accuracy as they are on 20,000 words.
    """

    def __init__(
        self,
        grid: LambdaGrid,
        labels: int,
        batches: WordBatches,
        *,
        tolerance: float,
        max_epochs: int,
        learning_rate: float,
        dtype: torch.dtype,
        ranks: Ranks = ALONE,
        looks: Collection[int] = (),
        staying: Callable[[ElasticNetProbe], Bool[Tensor, " grid"]] | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.grid, self.batches, self.train_data = grid, batches, batches.data
        self.ranks, self.words = ranks, batches.words
        self.tolerance, self.max_epochs = tolerance, max_epochs
        self.learning_rate, self.compute_dtype = learning_rate, dtype
        self.looks, self.staying = looks, staying
        size = len(grid)
        self.weight = torch.nn.Parameter(torch.zeros(size, labels, batches.data.neurons), False)
        self.bias = torch.nn.Parameter(torch.zeros(size, labels), False)
        for name in ("objective", "relative_residual", "train_accuracy"):
            self.register_buffer(name, torch.full((size,), torch.nan))
        self.register_buffer("epochs", torch.zeros(size, dtype=torch.int64))
        self.register_buffer("given_up", torch.zeros(size, dtype=torch.bool))
        self.epochs: Tensor
        self.given_up: Tensor
        self.objective: Tensor
        self.relative_residual: Tensor
        self.train_accuracy: Tensor

    def forward(self, values: Float[Tensor, "rows neurons"]) -> Float[Tensor, "rows grid labels"]:
        """Return the logits of every grid point."""
        logits = Logits(self.weight, self.bias, self.compute_dtype, exact=True)
        return logits(values).permute(2, 0, 1)

    def configure_optimizers(self) -> None:
        """Proximal steps are taken by hand."""

    def on_fit_start(self) -> None:
        """Start from no weights and the labels' frequencies."""
        counts = torch.bincount(self.train_data.labels, minlength=self.bias.shape[1])
        self.ranks.add_up(counts)
        prior = counts + 0.5
        self.bias.copy_((prior / prior.sum()).log().expand_as(self.bias))
        self.sample = self._spread(SAMPLE_WORDS)
        self.reference = self._gradient_norm_at_zero()
        self.active = torch.arange(len(self.grid), device=self.device)
        self.solver = ProximalAdam(
            self.weight.clone(),
            self.bias.clone(),
            self.grid.to(self.device),
            self.learning_rate,
        )
        self.memory: GradientMemory | None = None
        self.lengths: StepLengths | None = None

    def on_train_epoch_start(self) -> None:
        """Begin to remember gradients in the last epoch of warming up."""
        self.epochs[self.active] += 1
        if self.current_epoch == WARM_UP_EPOCHS - 1 and self.max_epochs > WARM_UP_EPOCHS:
            self.memory = GradientMemory(
                len(self.train_data),
                self.solver.weight,
                self.solver.bias,
                self.compute_dtype,
                self.ranks,
            )

    def training_step(self, batch: Batch, batch_index: int) -> None:
        """Take one proximal step for all active grid points."""
        solver = self.solver
        exact = solver.frozen  # while warming up, bf16's rounding is the smaller noise
        logits = Logits(solver.weight, solver.bias, self.compute_dtype, exact=exact)(batch.values)
        error = errors(logits, batch.labels)
        if self.memory is not None:
            gradient, bias_gradient = self.memory.estimate(batch, error)
        else:
            error /= self.ranks.total(len(batch.rows))
            flat = error.flatten(1).to(batch.values.dtype)
            gradient = (flat.T @ batch.values).float().view_as(solver.weight)
            bias_gradient = error.sum(dim=0)
            self.ranks.add_up(gradient, bias_gradient)
        solver.pace = self._pace()
        late = batch_index >= (1 - AVERAGED_SHARE) * self._batches - 1
        solver.step(gradient, bias_gradient, average=solver.frozen and late)

    def on_train_epoch_end(self) -> None:
        """Settle the metric after warming up; from then on retire points that are done.

        Where it is time for a look, give up the points that then do not stay.
        """
        last = self.current_epoch + 1 >= self.max_epochs
        weight, bias = self.solver.weight, self.solver.bias
        if self.solver.frozen:
            assert self.lengths is not None
            self.lengths.adapt()
            weight, bias = self._retire_where_done(check_all=last)
        elif last:
            everyone = torch.arange(len(self.active), device=self.device)
            self._settle(everyone, weight, bias, exact=False)
        elif self.memory is not None:
            self.solver.freeze()
            self.lengths = StepLengths(self.solver, self.memory)
        if self.current_epoch + 1 in self.looks and len(self.active) and not last:
            self._give_up(weight, bias)
        if self.solver.frozen and len(self.active):
            self.batches.emphasis = self._emphasis()
        self.trainer.should_stop = len(self.active) == 0

    def _emphasis(self) -> Emphasis | None:
        """Draw uncertain words more often; all alike while most points forget what they saw."""
        assert self.memory is not None
        if self.solver.resting.float().mean() > 0.5:
            return None
        return Emphasis.of(self.memory.uncertainty().cpu())

    def _pace(self) -> float:
        """Half a cosine from 1 to 0 while warming up, and again over the last epochs there are.

        So a point whose bound on epochs comes before its optimum ends without noise at least.
        """
        if self.solver.frozen:
            cooling = COOLED_SHARE * self.max_epochs
            left = self.max_epochs - self.current_epoch
            return 0.5 * (1 - math.cos(math.pi * min(1.0, left / (cooling + 1))))
        total = self._batches * min(WARM_UP_EPOCHS, self.max_epochs)
        return 0.5 * (1 + math.cos(math.pi * self.solver.steps / total))

    @property
    def _batches(self) -> int:
        return int(self.trainer.num_training_batches)  # fewer where only a share is read

    def _spread(self, most: int) -> LabelledActivations:
        """Return what this process has of at most ``most`` words, evenly spread over all."""
        stride = max(1, -(-self.words // most))
        first = -self.ranks.rows(self.words).start % stride
        return self.train_data.select(torch.arange(first, len(self.train_data), stride))

    def _retire_where_done(self, *, check_all: bool) -> tuple[Weights, Biases]:
        """Check on all words the points whose remembered gradient says that they are done.

        Returns:
            What the others have reached.
        """
        memory, solver = self.memory, self.solver
        assert memory is not None
        weight, bias = solver.settled(memory.mean, memory.bias_mean)
        estimate = residual(weight, memory.mean, memory.bias_mean, solver.grid)
        near = (estimate <= self.tolerance * self.reference) & ~solver.resting
        points = torch.arange(len(near), device=self.device)
        if not check_all:
            points = points[near]
        if not len(points):
            return weight, bias
        done = self._settle(points, weight[points], bias[points], exact=True)
        if not done.all():  # remembered gradients are small but the true one is not
            memory.recount(points[~done], self.train_data)
            solver.slow_down(points[~done])
        stays = self._drop(points[done])
        if done.any():
            logger.info(
                "probe: after %d epochs %d of %d grid points are within tolerance",
                self.current_epoch + 1,
                len(self.grid) - len(self.active) - int(self.given_up.sum()),
                len(self.grid),
            )
        return weight[stays], bias[stays]

    def _give_up(self, weight: Weights, bias: Biases) -> None:
        """Leave the active points, which have reached this, where they are if they do not stay."""
        self.weight[self.active], self.bias[self.active] = weight, bias
        stays = torch.zeros(len(self.grid), device=self.device)
        if self.ranks.rank == 0:  # others could find a tie the other way round
            assert self.staying is not None
            stays.copy_(self.staying(self))
        self.ranks.add_up(stays)
        left = (stays[self.active] == 0).nonzero()[:, 0]
        if not len(left):
            return
        self.given_up[self.active[left]] = True
        self._settle(left, weight[left], bias[left], exact=False)
        self._drop(left)
        logger.info(
            "probe: after %d epochs %d of %d grid points go on",
            self.current_epoch + 1,
            len(self.active),
            len(self.grid),
        )

    def _settle(
        self,
        points: Int[Tensor, " points"],
        weight: Float[Tensor, "points labels neurons"],
        bias: Float[Tensor, "points labels"],
        *,
        exact: bool,
    ) -> Bool[Tensor, " points"]:
        """Write down points with what they reach on all words, and say which are done.

        Not ``exact`` is for points far from their optimum, where neither all words nor all bits
        matter.
        """
        where, grid = self.active[points], self.solver.grid.select(points)
        data = self.train_data if exact else self.sample
        loss = whole_loss(weight, bias, data, self.compute_dtype, exact=exact, ranks=self.ranks)
        relative = residual(weight, loss.weight_gradient, loss.bias_gradient, grid) / self.reference
        self.weight[where], self.bias[where] = weight, bias
        self.objective[where] = loss.cross_entropy + penalty(weight, grid)
        self.relative_residual[where] = relative
        self.train_accuracy[where] = loss.accuracy
        return relative <= self.tolerance

    def _drop(self, points: Int[Tensor, " points"]) -> Int[Tensor, " stays"]:
        """Go on without some of the active points; return where the others were among them."""
        stays = torch.ones(len(self.active), dtype=torch.bool, device=self.device)
        stays[points] = False
        keep = stays.nonzero()[:, 0]
        if not len(points):
            return keep
        assert self.memory is not None
        solver, self.active = self.solver, self.active[keep]
        solver.keep(keep, solver.weight[keep], solver.bias[keep])
        self.memory.keep(keep)
        if self.lengths is not None:
            self.lengths.keep(keep)
        return keep

    def _gradient_norm_at_zero(self) -> Tensor:
        """Return the gradient's norm at W = 0 on the sample."""
        zero = torch.zeros_like(self.weight[:1])
        at_zero = (zero, self.bias[:1], self.sample, self.compute_dtype)
        loss = whole_loss(*at_zero, exact=False, ranks=self.ranks)
        free = LambdaGrid.product([0.0], [0.0]).to(self.device)
        return residual(zero, loss.weight_gradient, loss.bias_gradient, free)[0]
