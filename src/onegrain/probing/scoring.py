"""How well every grid point of a probe does on a split."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.objective import Logits
from onegrain.probing.probe import Probe


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of every grid point on one split.

    Attributes:
        accuracy: Share of words whose label is predicted.
        macro_f1: Mean F1 over the labels that occur or are predicted.
    """

    accuracy: Float[Tensor, " grid"]
    macro_f1: Float[Tensor, " grid"]


def score(probe: Probe, data: LabelledActivations, dtype: torch.dtype = torch.float32) -> Scores:
    """Score all grid points in one pass. A label unseen in training (-1) is always wrong."""
    predicted = predict(probe, data, dtype)
    unseen = len(probe.labels)
    gold = torch.where(data.labels < 0, unseen, data.labels)
    classes = unseen + 1
    return Scores(
        torch.stack(
            [multiclass_accuracy(each, gold, classes, average="micro") for each in predicted]
        ),
        torch.stack(
            [multiclass_f1_score(each, gold, classes, average="macro") for each in predicted]
        ),
    )


def predict(
    probe: Probe, data: LabelledActivations, dtype: torch.dtype
) -> Int[Tensor, "grid tokens"]:
    """Return the most probable label of every word at every grid point."""
    logits = Logits(probe.weight, probe.bias, dtype, exact=True)
    parts = [logits(values).argmax(dim=1) for values, _, _ in data.blocks(4096)]
    return torch.cat(parts, dim=1)
