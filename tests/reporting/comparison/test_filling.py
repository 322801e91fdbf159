"""What the charts of a comparison are filled with."""

import pandas as pd
import pytest

from onegrain.reporting.comparison.differences import Differences
from onegrain.reporting.comparison.filling import RANKING, colour_keys, curve_rows


@pytest.fixture
def differ():
    values = pd.DataFrame({"seed": ["1", "2"] * 2, "size": ["8", "8", "16", "16"]})
    return Differences(values, chosen=("seed", "size"))


@pytest.fixture
def curves(differ):
    """Two rankings with one random order, measured in four runs at two shares."""
    rows = [
        {
            "run": run,
            "experiment": "model, bleu",
            "metric": "bleu",
            "ranking": ranking,
            "order": order,
            "fraction": fraction,
            "value": 10.0 * fraction + run % 2,
            "low": 0.0,
            "high": 20.0,
            **differ.of(run),
        }
        for run in range(4)
        for ranking in ("variance", "cross_model")
        for order in ("top", "random")
        for fraction in (0.0, 1.0)
    ]
    return pd.DataFrame(rows)


def test_colours_can_stand_for_every_setting_that_differs_the_seed_last(differ):
    assert colour_keys(differ) == ["size", "seed"]


def test_seeds_are_averaged_and_can_be_told_apart(curves, differ):
    rows = curve_rows(curves, differ)
    assert list(rows) == ["size", "seed", RANKING]
    start = [row for row in rows["size"] if row["fraction"] == 0.0 and row["order"] == "top"]
    assert {(row["group"], row["within"], row["value"], row["runs"]) for row in start} == {
        (size, ranking, 0.5, 2) for size in ("8", "16") for ranking in ("variance", "cross_model")
    }
    by_seed = [row for row in rows["seed"] if row["fraction"] == 0.0]
    assert {(row["group"], row["value"]) for row in by_seed} == {("1", 0.0), ("2", 1.0)}


def test_rankings_lie_over_each_other_within_a_group_of_runs_with_random_orders_once(
    curves, differ
):
    rows = curve_rows(curves, differ)[RANKING]
    assert {row["within"] for row in rows} == {"size=8", "size=16"}
    drawn = [(row["group"], row["order"]) for row in rows if row["within"] == "size=8"]
    assert sorted(set(drawn)) == [("cross_model", "top"), ("random", "random"), ("variance", "top")]
    assert len(drawn) == 2 * 3
    assert {row["runs"] for row in rows} == {2}


def test_a_band_of_two_seeds_does_not_flatten_the_lines_and_its_numbers_stay(curves, differ):
    rows = curve_rows(curves, differ)["size"]
    assert all(row["high"] - row["low"] > 12 for row in rows)  # Student's, of two
    values = [row["value"] for row in rows]
    reach = (max(values) - min(values)) / 2
    assert all(row["lower"] <= row["value"] <= row["upper"] for row in rows)
    assert max(row["upper"] for row in rows) == pytest.approx(max(values) + reach)
    assert min(row["lower"] for row in rows) >= 0
