from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from onegrain.reporting.notes import doubts, notes
from onegrain.reporting.page import write_report
from onegrain.reporting.run_files import read_run

MakeRun = Callable[..., Path]
BELOW = {"probe/accuracy": 0.7, "probe/majority_accuracy": 0.8}


def test_notes_tell_of_unfinished_points_unknown_words_and_what_was_counted(
    make_run: MakeRun,
) -> None:
    counted = {"probe/unknown_share": 0.2, "task/dropped_sentences": 1, "ranking/unranked": 12}
    unfinished, unknown, unranked, dropped = notes(read_run(make_run(metrics=counted)))
    assert unfinished.startswith("5 of 25 λ points had not reached lambda_grid.tolerance")
    assert unknown.startswith("20.0% of the test words")
    assert unranked.startswith("ranking: 12 neurons have no score")
    assert dropped == "task: 1 sentence was longer than the limit and was dropped."


def test_notes_say_so_when_the_chosen_point_is_unfinished(make_run: MakeRun) -> None:
    reached = {"probe/residual": 3e-4, "probe/tolerance": 1e-4}
    run = read_run(make_run(metrics=reached))
    probe, *_ = notes(run)
    assert probe.startswith("The probe had not reached probe.tolerance (3.0e-04, not 1.0e-04)")
    assert probe in doubts(run)  # which the log has too
    lost = read_run(make_run(metrics=reached | {"probe/residual": float("nan")}))
    assert notes(lost)[0].startswith("The probe had not reached")
    grid = read_run(make_run()).lambda_grid
    single = grid[grid["selected"]].assign(converged=False)
    probe, *_ = notes(read_run(make_run(metrics=reached, lambda_grid=single)))
    assert probe.startswith("The probe had not")
    near = {"probe/residual": 1e-4, "probe/tolerance": 1e-4}
    assert not any("probe.tolerance" in note for note in notes(read_run(make_run(metrics=near))))


def test_points_that_a_search_gave_up_are_not_counted_as_unfinished(make_run: MakeRun) -> None:
    grid = read_run(make_run()).lambda_grid
    searched = grid.assign(converged=False, fitted=[True] * 4 + [False] * (len(grid) - 4))
    note, *_ = notes(read_run(make_run(lambda_grid=searched)))
    assert note.startswith("4 of 4 λ points that the search did not give up had not reached")


def test_a_run_with_nothing_to_warn_of_has_no_notes(make_run: MakeRun) -> None:
    run = read_run(make_run())
    grid = run.lambda_grid.drop(columns="converged")
    clean = {"probe/unknown_share": 0.0, "task/dropped_sentences": 0}
    assert notes(read_run(make_run(metrics=clean, lambda_grid=grid))) == []


def test_a_probe_below_the_majority_is_doubted_on_the_page_and_in_the_log(
    make_run: MakeRun, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_run(metrics=BELOW)
    (doubt,) = doubts(read_run(folder))
    assert doubt.startswith("On test the probe (70.0%) is below MAJ (80.0%)")
    with caplog.at_level(logging.WARNING):
        page = write_report(folder).read_text(encoding="utf-8")
    assert "On test the probe (70.0%) is below MAJ (80.0%)" in page
    assert caplog.messages == [doubt]
    assert doubts(read_run(make_run(metrics={**BELOW, "probe/accuracy": 0.8}))) == []


def test_rankings_are_doubted_where_some_random_order_does_as_well_as_their_top(
    make_run: MakeRun,
) -> None:
    good = read_run(make_run()).curves
    is_top, is_random = good["order"] == "top", good["order"] == "random"
    best = good[is_random].groupby("fraction")["value"].max()
    chance = good.assign(value=good["value"].where(~is_top, good["fraction"].map(best)))
    early = good["fraction"] < 0.12  # at 10%, not at 15% and 20%
    first = good.assign(value=good["value"].where(~(is_top & early), 0.1))
    curves = [
        good,
        chance.assign(ranking="variance"),
        chance.assign(ranking="cross_model"),
        first.assign(ranking="gaussian"),
        chance.assign(ranking="in_the_model", target="model"),
    ]
    run = read_run(make_run(curves=pd.concat(curves, ignore_index=True)))
    assert doubts(run) == [
        "Ranked by variance and cross_model, the top 10%, 15% and 20% of the neurons, kept in the "
        "probe (pos, clamped to zero), do no better than the best of 5 random orders.",
        "Ranked by gaussian, the top 10% of the neurons, kept in the probe (pos, clamped to "
        "zero), do no better than the best of 5 random orders.",
    ]
    single = chance[~is_random | (chance["seed"] == 1)]
    (doubt,) = doubts(read_run(make_run(curves=single)))
    assert doubt.endswith("do no better than a random order.")
    assert doubts(read_run(make_run(curves=chance[~is_random]))) == []


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ((1e-5, 1e-5), []),
        ((0.0, 1e-5), []),  # nothing lies below 0
        ((1e-3, 1e-5), ["The chosen λ1 = 1e-3 is the largest of the grid: a larger one"]),
        ((1e-5, 1e-3), ["The chosen λ2 = 1e-3 is the largest of the grid: a larger one"]),
        ((1e-6, 1e-6), ["The chosen λ1 = 1e-6 is the smallest", "The chosen λ2 = 1e-6 is the"]),
    ],
)
def test_a_chosen_strength_at_an_edge_of_the_grid_is_doubted_and_the_side_is_said(
    make_run: MakeRun, chosen: tuple[float, float], said: list[str]
) -> None:
    grid = read_run(make_run()).lambda_grid
    if chosen == (1e-6, 1e-6):
        grid = grid[(grid["lambda1"] > 0) & (grid["lambda2"] > 0)]
    marked = (grid["lambda1"] == chosen[0]) & (grid["lambda2"] == chosen[1])
    found = doubts(read_run(make_run(lambda_grid=grid.assign(selected=marked))))
    assert len(found) == len(said)
    assert all(doubt.startswith(start) for doubt, start in zip(found, said, strict=True))
    single = grid[marked].assign(selected=True)  # a grid of one point has no edge
    assert doubts(read_run(make_run(lambda_grid=single))) == []
