"""In what runs differ, and how they are called for it."""

from pathlib import Path

import pandas as pd

from onegrain.reporting.comparison.differences import differences
from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.run_files import RunResults

NOTHING = pd.DataFrame()


def run(settings, overrides=()):
    return RunResults(
        folder=Path("run"),
        settings=settings,
        overrides=tuple(overrides),
        metrics={},
        curves=NOTHING,
        neurons=NOTHING,
        lambda_grid=NOTHING,
        agreement=NOTHING,
        minimal=NOTHING,
        neuron_sets=NOTHING,
        meaning=Meaning.nothing(),
    )


def settings_of(hidden, seed, name="nmt", **more):
    return {"model": {"name": name, "hidden": hidden}, "seed": seed, **more}


def test_only_what_differs_is_named_and_what_was_typed_comes_first():
    runs = [
        run(settings_of(64, 1), ["seed=1", "model.hidden=64"]),
        run(settings_of(128, 2), ["seed=2", "model.hidden=128"]),
    ]
    differ = differences(runs)
    assert differ.keys == differ.chosen == ("seed", "model.hidden")
    assert differ.groups == ("model.hidden",)
    assert differ.labels() == ["hidden=64", "hidden=128"]


def test_runs_that_differ_in_their_seed_alone_share_a_name():
    runs = [run(settings_of(64, seed), [f"seed={seed}"]) for seed in (1, 2, 3)]
    assert differences(runs).labels() == ["all"] * 3


def test_a_group_is_called_by_what_it_chose_and_an_experiment_by_itself():
    runs = [
        run(settings_of(64, 1, "nmt"), ["model=nmt", "experiment=one"]),
        run(settings_of(64, 1, "nlm"), ["model=nlm", "experiment=other"]),
    ]
    assert differences(runs).labels() == [
        "model=nmt, experiment=one",
        "model=nlm, experiment=other",
    ]


def test_a_default_stands_beside_what_another_run_typed():
    runs = [run(settings_of(64, 1)), run(settings_of(128, 1), ["model.hidden=128"])]
    assert differences(runs).labels() == ["hidden=64", "hidden=128"]


def test_where_and_how_a_run_is_tracked_makes_no_difference():
    runs = [
        run(settings_of(64, 1, tracking={"mode": mode}, store=mode), [f"tracking={mode}"])
        for mode in ("offline", "disabled")
    ]
    assert differences(runs).keys == ()


def test_what_follows_from_a_choice_is_told_apart_from_what_does_not():
    runs = [
        run({"model": {"name": "nmt", "beam": 5}, "seed": 1, "free": 1}, ["model=nmt"]),
        run({"model": {"name": "nlm"}, "seed": 1, "free": 1}, ["model=nlm"]),
        run({"model": {"name": "nlm"}, "seed": 1, "free": 2}, ["model=nlm"]),
    ]
    differ = differences(runs)
    assert differ.keys == ("model.name", "model.beam", "free")
    assert differ.telling == ("model.name", "free")


def test_a_run_is_named_with_its_number_and_its_seed():
    runs = [run(settings_of(64, seed), [f"seed={seed}"]) for seed in (1, 2)]
    assert differences(runs).run_labels() == ["1: all, seed=1", "2: all, seed=2"]
