"""What a probe on all neurons and their correlations tell of probes on some of them.

Where such a probe starts, and how its objective curves: enough for `minimise` to be quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations, mean_square
from onegrain.probing.lbfgs import Points
from onegrain.probing.parts import most_used_first
from onegrain.settings import Penalty

CORRELATED_WORDS = 20_000  # neither a start nor a guess of the curvature need be exact
TRIED_WORDS = 4_000
CONSTANT = 1e-5  # a neuron that deviates less, relative to its mean, only repeats the bias
RIDGE = 1e-3  # of a neuron's variance, so that no neuron is an exact sum of others
SHARES = (1.0, 0.5, 0.25, 0.0)  # of the predicted logits, from which the best start is chosen
LEAST_CURVATURE = 1e-3  # of a label's logit, where all words are certain

Factor = tuple[Int[Tensor, " _"], Float[Tensor, "_ _"]]


@dataclass(frozen=True, eq=False)
class Sample:
    """Some of the training words, and how neurons vary together.

    Attributes:
        center: Nearly the mean of every neuron.
        values: Activations less the center.
        gold: The words' labels.
        prior: Log frequencies of the labels over all words.
        correlation: Of all neurons; 0 for constant ones.
        per_deviation: 1 / standard deviation of every neuron over all words; 0 for constant ones.
    """

    center: Float[Tensor, " neurons"]
    values: Float[Tensor, "words neurons"]
    gold: Int[Tensor, " words"]
    prior: Float[Tensor, " labels"]
    correlation: Float[Tensor, "neurons neurons"]
    per_deviation: Float[Tensor, " neurons"]

    @classmethod
    def of(cls, train: LabelledActivations, labels: int, device: torch.device) -> Sample:
        """Read words that are evenly spread, and the deviations of neurons over all words.

        A neuron may be silent on all sampled words and not on others.
        """
        center = train.rough_mean()
        centered = train.centered(center)
        deviation = mean_square(centered.activations).sqrt()
        per_deviation = torch.where(deviation > CONSTANT * center.abs(), 1 / deviation, 0.0)
        spread = centered.spread(CORRELATED_WORDS)
        values = spread.activations.gather(torch.arange(len(spread))).to(device)
        scaled = values * per_deviation.to(device)
        few = slice(None, None, max(1, -(-len(values) // TRIED_WORDS)))
        return cls(
            center=center.to(device),
            values=values[few].clone(),
            gold=spread.labels[few].to(device),
            prior=log_frequencies(train.labels, labels).to(device),
            correlation=(scaled.T @ scaled) / len(scaled),
            per_deviation=per_deviation.to(device),
        )


def log_frequencies(labels: Int[Tensor, " words"], count: int) -> Float[Tensor, " labels"]:
    """Return the log share of each label; one that does not occur counts as half a word."""
    counted = torch.bincount(labels, minlength=count).clamp(min=0.5)
    return (counted / counted.sum()).log()


@dataclass(frozen=True, eq=False)
class Nearby:
    """Starts for probes on some neurons, and a guess of how their objectives curve.

    Attributes:
        neurons: Those of any of the probes, of most of them first: the columns of what follows.
        start: Weights and, in one column more, biases of every probe, for centred activations.
        factors: Of every probe, the columns of its neurons and the Cholesky factor of their
            correlations.
        per_deviation: 1 / standard deviation of every neuron.
        label_curvature: The mean of p (1 - p) of every label, p as the start predicts it.
    """

    neurons: Int[Tensor, " neurons"]
    start: Points
    factors: Sequence[Factor]
    per_deviation: Float[Tensor, " neurons"]
    label_curvature: Float[Tensor, "points labels"]

    def metric(self, slopes: Points, points: Int[Tensor, " points"]) -> Points:
        """Multiply slopes of some points by the inverse of a curvature.

        The curvature of cross-entropy is the mean of (diag(p) - p p') times x x' over words. This
        is the mean of p (1 - p) times the mean of x x': it leaves out how labels meet and which
        words are uncertain, and keeps what makes the problem hard, that neurons correlate.
        """
        scaled = slopes / self.label_curvature[points][..., None]
        turned = torch.zeros_like(scaled)
        turned[..., -1] = scaled[..., -1]
        for row, point in enumerate(points.tolist()):
            columns, factor = self.factors[point]
            unit = self.per_deviation[columns]
            solved = torch.cholesky_solve((scaled[row][:, columns] * unit).T, factor)
            turned[row, :, columns] = solved.T * unit
        return turned


def nearby(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    sample: Sample,
    allowed: Bool[Tensor, "points neurons"],
    shrinkage: float = 0.0,
) -> Nearby:
    """Start each probe where the logits of the one on all neurons are best predicted.

    Best in squares, over words: what a neuron outside of a mask contributes is predicted from
    those inside by ridge regression. Few neurons predict badly, and then less of the prediction
    is the better start: of some mixtures with the labels' frequencies the likeliest is taken.

    Args:
        weight: Of the probe on all neurons.
        bias: Of the same, for centred activations.
        sample: Of the words that are fitted on.
        allowed: The neurons of each probe, at least one.
        shrinkage: What the penalty adds to the curvature of a weight.
    """
    neurons = most_used_first(allowed)
    column_of = torch.empty(allowed.shape[1], dtype=torch.long, device=neurons.device)
    column_of[neurons] = torch.arange(len(neurons), device=neurons.device)
    unit = sample.per_deviation
    certainty = _label_curvature(sample.values @ weight.T + bias).mean()
    correlation = sample.correlation.clone()
    correlation.diagonal().clamp_(min=1).add_(RIDGE + shrinkage / certainty * unit.square())
    deviation = torch.where(unit > 0, 1 / unit, 0.0)
    target = (weight * deviation) @ sample.correlation
    start = torch.zeros(len(allowed), len(bias), len(neurons) + 1, device=weight.device)
    label_curvature = torch.empty(len(allowed), len(bias), device=weight.device)
    factors = []
    for point, mask in enumerate(allowed):
        kept = mask.nonzero()[:, 0]
        columns = column_of[kept]
        factor = torch.linalg.cholesky(correlation[kept][:, kept])
        predicted = torch.cholesky_solve(target[:, kept].T, factor).T * unit[kept]
        logits = sample.values[:, kept] @ predicted.T + bias
        share = min(SHARES, key=lambda each: _cross_entropy(_mixed(each, logits, sample), sample))
        start[point, :, columns] = share * predicted
        start[point, :, -1] = _mixed(share, bias, sample)
        label_curvature[point] = _label_curvature(_mixed(share, logits, sample))
        factors.append((columns, factor))
    return Nearby(neurons, start, factors, unit[neurons], label_curvature)


def shrinkage(grid: LambdaGrid, weight: Float[Tensor, "labels neurons"]) -> float:
    """Return what the L2 penalty of a grid's points adds to the curvature near these weights."""
    lambda2 = float(grid.lambda2[0])
    if grid.penalty is Penalty.squared:
        return 2 * lambda2
    return lambda2 / max(float(weight.norm()), 1.0)


def _mixed(
    share: float, logits: Float[Tensor, "*words labels"], sample: Sample
) -> Float[Tensor, "*words labels"]:
    return share * logits + (1 - share) * sample.prior


def _cross_entropy(logits: Float[Tensor, "words labels"], sample: Sample) -> float:
    return float(torch.nn.functional.cross_entropy(logits, sample.gold))


def _label_curvature(logits: Float[Tensor, "words labels"]) -> Float[Tensor, " labels"]:
    probability = logits.softmax(dim=-1)
    return (probability * (1 - probability)).mean(dim=0).clamp(min=LEAST_CURVATURE)
