"""Curves of several runs on common points, and their means over seeds."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from onegrain.reporting.comparison.curves import comparable_curves, over_replicates
from onegrain.reporting.comparison.differences import differences
from onegrain.reporting.run_files import read_run


def test_the_interval_over_seeds_is_students():
    values = [0.2, 0.5, 0.3, 0.7]
    rows = pd.DataFrame({"group": "a", "value": values, "low": 0.0, "high": 1.0})
    (row,) = over_replicates(rows, ["group"]).to_dict("records")
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (row["value"], row["low"], row["high"]) == pytest.approx((np.mean(values), low, high))
    assert row["runs"] == 4


def test_a_single_run_keeps_its_own_interval():
    rows = pd.DataFrame({"group": ["a"], "value": [0.5], "low": [0.4], "high": [0.6]})
    (row,) = over_replicates(rows, ["group"]).to_dict("records")
    assert (row["low"], row["high"], row["runs"]) == (0.4, 0.6, 1)


def test_models_of_other_sizes_are_read_at_common_shares(make_run, curves_of_size, tmp_path):
    folders = []
    for size in (256, 40):
        folder = make_run(curves=curves_of_size(size))
        folders.append(folder.rename(tmp_path / str(size)))
    runs = [read_run(folder) for folder in folders]
    table = comparable_curves(runs, differences(runs))
    shares = [set(part["fraction"]) for _, part in table.groupby("run")]
    assert shares[0] == shares[1]
    own = runs[1].curves.query("order == 'top'")
    read = table.query("run == 1 and order == 'top'")
    read = read.sort_values("fraction")
    expected = np.interp(read["fraction"], own["fraction"], own["value"])
    np.testing.assert_allclose(read["value"], expected)
