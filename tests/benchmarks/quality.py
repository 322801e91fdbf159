"""The same yardstick for both sides: fp32, plain, and not the code that is measured."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from onegrain.probing.labelled import LabelledActivations
from onegrain.settings import Penalty

from .neurox import Point


def objective(
    weight: Tensor, bias: Tensor, data: LabelledActivations, point: Point, penalty: Penalty
) -> float:
    """Return mean cross-entropy + lambda1 |W|_1 + lambda2 |W|^2 (or |W|, as NeuroX has it)."""
    total = 0.0
    for values, labels, _ in data.blocks(8192):
        total += float(cross_entropy(values.float() @ weight.T + bias, labels, reduction="sum"))
    norm = float(weight.norm())
    l2 = norm**2 if penalty is Penalty.squared else norm
    return total / len(data) + point[0] * float(weight.abs().sum()) + point[1] * l2


def accuracy(weight: Tensor, bias: Tensor, data: LabelledActivations) -> float:
    """Return the share of words labelled correctly."""
    hits = torch.tensor(0)
    for values, labels, _ in data.blocks(8192):
        hits += ((values.float() @ weight.T + bias).argmax(dim=1) == labels).sum()
    return int(hits) / len(data)
