"""Which runs are found, and what is said of those that left nothing."""

import shutil

import pytest

from onegrain.errors import UserError
from onegrain.reporting.comparison.collecting import collect


@pytest.fixture
def sweep(make_run, tmp_path):
    """Three finished jobs, numbers 1, 2 and 10, and one that failed."""
    folder = tmp_path / "sweep"
    for job in ("10", "2", "1"):
        shutil.copytree(make_run(), folder / job)
    failed = folder / "3"
    (failed / ".hydra").mkdir(parents=True)
    shutil.copy(folder / "1" / ".hydra" / "config.yaml", failed / ".hydra")
    (failed / ".hydra" / "overrides.yaml").write_text("- task.root=no where\n- seed=2\n")
    (failed / "run.log").write_text(
        "2026-11-21 10:00:00,000 INFO    onegrain: begins\n"
        "2026-11-21 10:00:01,000 ERROR   onegrain.command_line: job 3: task.root: no such folder\n"
    )
    return folder


def test_jobs_come_in_the_order_of_their_numbers_and_failed_ones_apart(sweep):
    found = collect([sweep])
    assert [run.folder.name for run in found.runs] == ["1", "2", "10"]
    (failed,) = found.failed
    assert failed.reason == "job 3: task.root: no such folder"
    assert failed.command == "python train.py 'task.root=no where' seed=2"
    assert not failed.unfinished


def test_a_job_whose_log_has_no_error_still_runs_or_was_stopped(sweep):
    (sweep / "3" / "run.log").write_text("2026-11-21 10:00:00,000 INFO    onegrain: epoch 1\n")
    (failed,) = collect([sweep]).failed
    assert failed.unfinished
    assert failed.reason == "epoch 1"


def test_the_sweep_of_a_job_without_results_can_go_on_where_hydra_noted_its_command(sweep):
    assert collect([sweep]).sweep_commands == ()
    (sweep / "multirun.yaml").write_text("hydra: {overrides: {task: ['seed=1,2', model=nmt]}}\n")
    assert collect([sweep]).sweep_commands == ("python train.py -m seed=1,2 model=nmt resume=true",)
    (sweep / "multirun.yaml").write_text("hydra: [")
    assert collect([sweep]).sweep_commands == ()


def test_a_run_that_is_named_twice_counts_once(sweep):
    assert len(collect([sweep, sweep / "1", sweep.parent / "sweep"]).runs) == 3


def test_a_folder_above_sweeps_has_their_runs(sweep, tmp_path):
    assert {run.folder.parent for run in collect([tmp_path]).runs} >= {sweep}


@pytest.mark.parametrize(("place", "said"), [("none", "no such folder"), ("empty", "no run in it")])
def test_a_place_without_runs_is_refused_by_its_name(tmp_path, place, said):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=rf"{place}: .*{said}"):
        collect([tmp_path / place])
