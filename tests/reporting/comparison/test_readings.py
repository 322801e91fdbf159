"""What few neurons keep and where the top ones lie, as metrics that are drawn against a setting."""

from dataclasses import replace

import pandas as pd
import pytest

from onegrain.reporting.comparison.differences import differences
from onegrain.reporting.comparison.filling import trend_rows
from onegrain.reporting.comparison.neurons import distribution
from onegrain.reporting.comparison.readings import kept_metrics, kept_rows, layer_metrics
from onegrain.reporting.comparison.tables import kept_table
from onegrain.reporting.run_files import read_run


@pytest.fixture
def run_of(make_run, curves_of_size):
    plain = read_run(make_run())

    def run_of(task="pos", root="a", seed=1, epoch=1, worth=0.0):
        """The bottom neurons keep ``worth`` less than in the made-up curves."""
        curves = curves_of_size().assign(task=task, target="probe_retrain", clamp="")
        bottom = (curves["order"] == "bottom") & (curves["fraction"] < 1)
        curves.loc[bottom, "value"] -= worth
        settings = {"model": {"name": "nmt", "epoch": epoch}, "seed": seed}
        settings["task"] = {"name": task, "root": root}
        typed = (f"task={task}", f"task.root={root}", f"seed={seed}", f"model.epoch={epoch}")
        return replace(plain, settings=settings, overrides=typed, curves=curves)

    return run_of


def test_top_minus_bottom_over_training_is_one_curve(run_of):
    runs = [run_of(epoch=epoch, worth=worth) for epoch, worth in ((1, 0.0), (2, 0.1), (4, 0.3))]
    differ = differences(runs)
    kept = kept_rows(runs, differ)
    drawn = trend_rows(kept_metrics(kept), differ, ["model.epoch"])["model.epoch"][""]
    curve = [row for row in drawn if row["metric"] == "top − bottom at 10%, probe_retrain"]
    assert [(row["group"], row["x"]) for row in curve] == [
        ("linear_correlation", 1),
        ("linear_correlation", 2),
        ("linear_correlation", 4),
    ]
    first, second, last = (row["value"] for row in curve)
    assert (second - first, last - first) == pytest.approx((0.1, 0.3), abs=1e-5)


def test_the_layers_of_top_neurons_over_training_are_one_curve_each(run_of):
    runs = [run_of(epoch=1), run_of(epoch=2)]
    differ = differences(runs)
    places = distribution(runs, differ.run_labels())
    drawn = trend_rows(layer_metrics(places, differ), differ, ["model.epoch"])["model.epoch"][""]
    shares = pd.DataFrame(drawn).groupby("x")["value"].sum()
    assert shares.to_dict() == pytest.approx({1: 1.0, 2: 1.0}, abs=1e-5)
    assert {row["metric"] for row in drawn} == {
        f"share of the top 10% in {direction} layer {layer}"
        for direction in ("forward", "backward")
        for layer in (1, 2)
    }


def test_runs_without_probe_curves_have_no_such_metrics(run_of):
    runs = [replace(run_of(), curves=run_of().curves.iloc[:0])]
    assert kept_metrics(kept_rows(runs, differences(runs))).empty


def test_tasks_are_averaged_where_each_was_read_from_files_of_its_own(run_of):
    runs = [run_of("pos", "ud", worth=0.0), run_of("sem", "pmb", worth=0.2)]
    differ = differences(runs)
    kept = kept_rows(runs, differ)
    table = kept_table(kept, differ)
    assert len(table.rows) == kept["fraction"].nunique()
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["tasks"].value == 2
    of_both = kept[kept["fraction"] == kept["fraction"].min()]["difference"]
    assert row["top − bottom"].value == pytest.approx(of_both.mean())
