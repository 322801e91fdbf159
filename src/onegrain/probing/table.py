"""The lambda grid as a table: ``lambda_grid.csv``."""

from __future__ import annotations

import math

import pandas as pd

from onegrain.probing.probe import Probe
from onegrain.probing.scoring import Scores


def lambda_grid_table(probe: Probe, dev: Scores, test: Scores, selected: int) -> pd.DataFrame:
    """Return one row for each grid point, with everything that is known about it."""
    points = probe.grid.points()
    return pd.DataFrame(
        {
            "lambda1": [lambda1 for lambda1, _ in points],
            "lambda2": [lambda2 for _, lambda2 in points],
            "accuracy_dev": dev.accuracy.tolist(),
            "accuracy_test": test.accuracy.tolist(),
            "objective": probe.objective.tolist(),
            "nonzero": probe.nonzero.tolist(),
            "selected": [index == selected for index in range(len(points))],
            "accuracy_train": probe.train_accuracy.tolist(),
            "macro_f1_dev": dev.macro_f1.tolist(),
            "macro_f1_test": test.macro_f1.tolist(),
            "residual": probe.residual.tolist(),
            "converged": probe.converged.tolist(),
            "fitted": probe.complete.tolist(),
            "epochs": [math.nan] * len(points) if probe.epochs is None else probe.epochs.tolist(),
        }
    )
