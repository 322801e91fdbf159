"""How far a probe is from its optimum at most: the duality gap of the elastic-net softmax.

The objective P(W, b) = mean CE + l1 |W|_1 + l2 |W|^2 has the dual (Fenchel; for the L1 alone as in
Koh, Kim & Boyd, JMLR 2007)

    D(Q) = mean entropy(q_i) - sum_kj max(|G_kj| - l1, 0)^2 / (4 l2),  G = (Q - Y)^T X / n,

over rows q_i of the simplex whose means are the labels' frequencies (b has no penalty), since CE
has the conjugate -entropy, and l1 |w| + l2 w^2 the conjugate max(|v| - l1, 0)^2 / (4 l2). So any
such Q bounds the optimum from below: D(Q) <= min P <= P(W, b). Q are the probe's own probabilities
after Newton steps of b, mixed with as little of one fixed row as makes their means exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.probing.labelled import LabelledActivations

from .neurox import Point

NEWTON_STEPS = 8
BLOCK = 8192  # words


@dataclass(frozen=True)
class Gap:
    """An objective, and a number that the optimal one is certainly not below.

    Attributes:
        objective: P at the probe's weights, and the bias that is best for them.
        bound: D.
    """

    objective: float
    bound: float

    @property
    def relative(self) -> float:
        """How far above the optimum the objective is at most, as a share of the optimum."""
        return (self.objective - self.bound) / self.bound if self.bound > 0 else math.inf


def duality_gap(
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    data: LabelledActivations,
    point: Point,
) -> Gap:
    """Certify a probe of the squared L2 term; products in fp32, all sums in fp64.

    Every label must occur, and ``point`` must have an L2 term.
    """
    labels, (lambda1, lambda2) = data.labels, point
    blocks = [values.float() @ weight.T for values, _, _ in data.blocks(BLOCK)]
    logits = torch.cat(blocks).double()
    shares = torch.bincount(labels, minlength=len(bias)).double() / len(labels)
    bias = _best_bias(logits, bias.double(), shares)
    scores = (logits + bias).log_softmax(dim=1)
    loss = -float(scores.gather(1, labels[:, None]).mean())
    penalty = lambda1 * weight.double().abs().sum() + lambda2 * weight.double().square().sum()
    probabilities = _with_means(scores.exp(), shares)
    entropy = -float(torch.special.xlogy(probabilities, probabilities).sum(dim=1).mean())
    gradient = torch.zeros(weight.shape, dtype=torch.float64)
    rest = probabilities.clone()
    rest[torch.arange(len(labels)), labels] -= 1
    for (values, _, _), part in zip(data.blocks(BLOCK), rest.split(BLOCK), strict=True):
        gradient += (part.float().T @ values.float()).double()
    beyond = (gradient.abs() / len(labels) - lambda1).clamp(min=0)
    return Gap(loss + float(penalty), entropy - float(beyond.square().sum()) / (4 * lambda2))


def _best_bias(
    logits: Float[Tensor, "words labels"],
    bias: Float[Tensor, " labels"],
    shares: Float[Tensor, " labels"],
) -> Float[Tensor, " labels"]:
    """Return the bias at which probabilities have the labels' frequencies as means, nearly."""
    for _ in range(NEWTON_STEPS):
        probabilities = (logits + bias).softmax(dim=1)
        means = probabilities.mean(dim=0)
        hessian = means.diag() - probabilities.T @ probabilities / len(logits)
        bias = bias - torch.linalg.pinv(hessian, hermitian=True) @ (means - shares)
    return bias


def _with_means(
    probabilities: Float[Tensor, "words labels"], shares: Float[Tensor, " labels"]
) -> Float[Tensor, "words labels"]:
    """Mix in a share of one distribution, so that the means are ``shares`` exactly."""
    surplus = probabilities.mean(dim=0) - shares
    worst = float((surplus / shares).max())
    mixed = min(1.0, max(2 * worst, 1e-12) / (1 + max(2 * worst, 1e-12)))
    added = (shares - (1 - mixed) * (shares + surplus)) / mixed
    if bool((added < 0).any()):
        raise ValueError("the bias is too far from its optimum to certify anything")
    return (1 - mixed) * probabilities + mixed * added
