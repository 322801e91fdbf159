"""A probe's points, taken and replaced."""

import torch

from onegrain.probing.grid import LambdaGrid
from onegrain.probing.probe import Probe


def test_replaced_values_stand_at_their_points_and_the_rest_is_as_before():
    probe = Probe(
        grid=LambdaGrid.product([1e-3, 1e-2], [0.0, 1e-3]),
        labels=("A", "B"),
        weight=torch.arange(4 * 2 * 3.0).view(4, 2, 3),
        bias=torch.zeros(4, 2),
        objective=torch.arange(4.0),
        residual=torch.ones(4),
        train_accuracy=torch.ones(4),
        tolerance=1e-3,
        epochs=torch.tensor([5, 6, 7, 8]),
    )
    points = torch.tensor([3, 1])
    better = {"objective": torch.tensor([-3.0, -1.0]), "epochs": torch.tensor([80, 60])}
    changed = probe.replaced(points, better)
    assert changed.objective.tolist() == [0.0, -1.0, 2.0, -3.0]
    assert changed.epochs is not None
    assert changed.epochs.tolist() == [5, 60, 7, 80]
    assert torch.equal(changed.weight, probe.weight)
    assert probe.objective.tolist() == [0.0, 1.0, 2.0, 3.0]  # the one before is left alone
