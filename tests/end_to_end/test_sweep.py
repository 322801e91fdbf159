from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SWEEP = (
    *("-m", "debug=fast", "tracking=offline", "data.pair=en-de", "model.hidden=8,12"),
    *("model.instances=1", "ranking=linear_correlation", "ablation=probe_mask"),
)


@pytest.fixture(scope="module")
def sweep(train: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    finished = train(tmp_path_factory.mktemp("sweep"), *SWEEP)
    assert (finished.code, finished.stderr) == (0, "")
    return finished


def test_each_job_has_a_whole_folder_of_its_own(sweep: Any) -> None:
    for job, hidden in (("0", 8), ("1", 12)):
        folder = sweep.folder / job
        assert f"hidden: {hidden}" in (folder / ".hydra" / "config.yaml").read_text()
        assert (folder / "report.html").stat().st_size > 0
        neurons = (folder / "neurons.csv").read_text().splitlines()
        assert len(neurons) == 1 + 2 * hidden
        assert not (folder / "wandb").exists()


def test_all_tracked_runs_share_a_folder_and_a_group(
    sweep: Any, inspect: Callable[[Path], list[dict[str, Any]]]
) -> None:
    runs = inspect(sweep.folder / "wandb")
    kinds = [(run["job_type"], run["config"]["model"]["hidden"]) for run in runs]
    assert kinds == [("train", 8), ("analyze", 8), ("train", 12), ("analyze", 12)]
    assert {run["group"] for run in runs} == {sweep.folder.name}
    analyzed = [run for run in runs if run["job_type"] == "analyze"]
    assert len({run["name"] for run in analyzed}) == 2
    assert all("probe/accuracy" in run["summary"] for run in analyzed)


def test_a_sweep_ends_in_a_comparison_of_its_jobs(sweep: Any) -> None:
    page = (sweep.folder / "comparison.html").read_text(encoding="utf-8")
    assert "model.hidden: 8, 12" in page
    runs = (sweep.folder / "comparison" / "runs.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[1] for row in runs] == ["model.hidden", "8", "12"]


def test_a_sweep_goes_on_with_the_jobs_that_are_not_finished(
    sweep: Any, train: Callable[..., Any], inspect: Callable[[Path], list[dict[str, Any]]]
) -> None:
    curves = (sweep.folder / "1" / "curves.csv").read_bytes()
    untouched = (sweep.folder / "0" / "metrics.json").stat().st_mtime_ns
    (sweep.folder / "1" / ".finished").unlink()
    (sweep.folder / "comparison.html").unlink()
    again = train(sweep.cwd, *SWEEP, "resume=true")
    assert (again.code, again.stderr, again.folder) == (0, "", sweep.folder)
    assert "job 0 is finished" in again.stdout
    assert (sweep.folder / "0" / "metrics.json").stat().st_mtime_ns == untouched
    assert (sweep.folder / "1" / "curves.csv").read_bytes() == curves
    assert (sweep.folder / "comparison.html").exists()
    assert "resume: false" in (sweep.folder / "1" / ".hydra" / "config.yaml").read_text()
    assert (
        len(inspect(sweep.folder / "wandb")) == 4
    )  # the job's runs took the place of those before


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_killed_sweep_ends_with_the_tables_of_an_undisturbed_one(
    sweep: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.killed_sweep", "--kills", "1"]
    command += ["--reference", str(sweep.folder), "--seconds", "20", "--scratch", str(tmp_path)]
    words = [*command, "--", *SWEEP[1:]]
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "killed after" in done.stdout
    assert re.search(r"^2 jobs, [1-9] tables: the same$", done.stdout, re.M)


def test_only_a_sweep_can_be_resumed(train: Callable[..., Any], tmp_path: Path) -> None:
    refused = train(tmp_path, "debug=fast", "resume=true")
    assert refused.code == 2
    assert refused.stderr.startswith("error: resume=true: is for a sweep (-m)")
    assert len(refused.stderr.splitlines()) == 1
