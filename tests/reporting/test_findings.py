from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from onegrain.reporting.findings import (
    asked_share,
    counted,
    curves_of,
    finding,
    selected_point,
    shown_fractions,
)
from onegrain.reporting.run_contract import CURVE_COLUMNS, NEURON_COLUMNS
from onegrain.reporting.run_files import read_run

MakeRun = Callable[..., Path]


def test_the_random_curve_is_the_mean_of_its_orders_and_their_range(make_run: MakeRun) -> None:
    table = read_run(make_run()).curves
    (curve,) = curves_of(table)
    at_tenth = table[(table["order"] == "random") & (table["neurons"] == 26)]
    point = curve.at("random", 0.10)
    assert point is not None
    assert point.value == pytest.approx(at_tenth["value"].mean())
    assert (point.low, point.high) == (at_tenth["value"].min(), at_tenth["value"].max())
    assert curve.seeds == 5


def test_top_and_bottom_keep_their_intervals(make_run: MakeRun) -> None:
    table = read_run(make_run()).curves
    (curve,) = curves_of(table)
    for order in ("top", "bottom"):
        row = table[(table["order"] == order) & (table["neurons"] == 26)].iloc[0]
        point = curve.at(order, 0.10)
        assert point is not None
        assert (point.value, point.low, point.high) == (row["value"], row["low"], row["high"])


def test_curves_of_single_labels_are_left_to_others(make_run: MakeRun) -> None:
    table = read_run(make_run()).curves
    with_labels = pd.concat([table, table.assign(label="NOUN")])
    assert len(list(curves_of(with_labels))) == 1


def test_experiments_that_differ_are_never_averaged(make_run: MakeRun) -> None:
    table = read_run(make_run()).curves
    several = pd.concat(
        [table, table.assign(instance=1), table.assign(target="model", site="recurrent", clamp="")]
    )
    variants = [(curve.target, curve.variant) for curve in curves_of(several)]
    assert variants == [
        ("probe_mask", ("instance 0", "clamped to zero")),
        ("probe_mask", ("instance 1", "clamped to zero")),
        ("model", ("instance 0", "at recurrent")),
    ]


def test_the_finding_says_accuracy_majority_and_what_is_kept(make_run: MakeRun) -> None:
    assert finding(read_run(make_run())) == (
        "The probe reads pos at 91.2%, majority 84.0%; keeping the top 10% (26 of 256 neurons) "
        "leaves 42.6%, keeping the bottom 10% leaves 10.1%."
    )


def test_the_finding_says_what_ablation_in_the_model_costs(
    make_run: MakeRun, curves_in_model: Callable[..., pd.DataFrame]
) -> None:
    on_probe = read_run(make_run()).curves
    both = pd.concat([on_probe, curves_in_model("variance")])
    assert finding(read_run(make_run(curves=both))).endswith(
        "keeping the bottom 10% leaves 10.1%; in the model, ablating the top 5% "
        "(13 of 256 neurons) by variance takes BLEU from 25 to 9.05, the bottom to 25.00."
    )
    only = read_run(make_run(metrics={}, curves=curves_in_model("variance")))
    assert finding(only).startswith(
        "In the model, ablating the top 5% (13 of 256 neurons) by variance takes BLEU"
    )


def test_the_shares_shown_are_those_of_the_operation() -> None:
    chosen = {"ablation": {"keep": [0.5], "model": {"shown": [0.3, 0.4]}}}
    assert shown_fractions(chosen, "keep") == (0.5,)
    assert shown_fractions(chosen, "ablate") == (0.3, 0.4)
    assert shown_fractions({}, "keep") == (0.10, 0.15, 0.20)
    assert shown_fractions({}, "ablate") == (0.025, 0.10)


def test_a_share_is_what_was_asked_for_as_in_metrics_and_the_neurons_are_counted(
    curves_of_size: Callable[..., pd.DataFrame],
) -> None:
    few = curves_of_size(neurons=512)
    (curve,) = curves_of(few[few["neurons"] <= 51])  # a schedule that does not reach all of them
    point = curve.at("top", 0.025)
    assert point is not None
    assert (asked_share(0.025), counted(curve, point)) == ("2.5%", "15 of 512")  # the nearest


def test_the_finding_holds_without_a_probe_or_curves(make_run: MakeRun) -> None:
    empty = pd.DataFrame(columns=CURVE_COLUMNS)
    run = read_run(make_run(metrics={"probe/accuracy": 0.5}, curves=empty))
    assert finding(run) == "The probe reads pos at 50.0%."
    assert finding(read_run(make_run(metrics={}, curves=empty))) == "This run measured no probe."


def test_the_selected_point_is_the_marked_row(make_run: MakeRun) -> None:
    run = read_run(make_run())
    chosen = selected_point(run.lambda_grid)
    assert chosen is not None
    assert (chosen["lambda1"], chosen["lambda2"]) == (1e-5, 1e-5)
    assert selected_point(run.lambda_grid.assign(selected=False)) is None


def test_neuron_columns_hold_what_the_layout_says(make_run: MakeRun) -> None:
    neurons = read_run(make_run()).neurons
    assert set(NEURON_COLUMNS) <= set(neurons.columns)
    assert np.array_equal(neurons["rank"], np.arange(1, 257))
