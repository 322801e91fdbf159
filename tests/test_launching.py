"""A sweep on each launcher: jobs in processes of their own, threads shared out, nothing lost."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from onegrain.configuration import register_schemas

LAUNCHED = Path(__file__).with_name("launched.py")
CONF = Path(__file__).resolve().parents[1] / "conf"
PACKAGES = {
    "joblib": "hydra_joblib_launcher",
    "submitit_local": "hydra_submitit_launcher",
    "ray": "hydra_ray_launcher",
}


def needs(launcher: str) -> None:
    if importlib.util.find_spec(f"hydra_plugins.{PACKAGES[launcher]}") is None:
        pytest.skip(f"hydra/launcher={launcher}: {PACKAGES[launcher]} is not installed")


def launch(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    here = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    here |= {"HOME": str(cwd), "RAY_AUTH_MODE": "disabled", "RAY_TMPDIR": "/tmp"}
    return subprocess.run(
        [sys.executable, str(LAUNCHED), *words],
        cwd=cwd, env=here, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("launcher", PACKAGES)
def test_jobs_run_beside_each_other_and_one_that_fails_is_told(
    launcher: str, tmp_path: Path
) -> None:
    needs(launcher)
    words = ("-m", f"hydra/launcher={launcher}", "seed=1,13")
    done = launch(tmp_path, *words)
    assert done.returncode == 2, done.stderr
    assert "1 of 2 jobs failed:" in done.stderr
    assert "job 1: a.en:3: not UTF-8\n    python train.py seed=13\n" in done.stderr
    assert "Warning" not in done.stdout + done.stderr.replace("RuntimeWarning", "")
    sweep = (tmp_path / "outputs" / "latest").resolve()
    seen = [json.loads((sweep / job / "seen.json").read_text()) for job in "01"]
    assert [each["seed"] for each in seen] == [1, 13]
    assert len({each["process"] for each in seen}) == 2
    assert all(2 * each["threads"] <= max(2, os.cpu_count() or 1) for each in seen)
    assert [(sweep / job / ".finished").exists() for job in "01"] == [True, False]


def test_a_sweep_may_be_begun_on_one_launcher_and_end_on_another(tmp_path: Path) -> None:
    needs("joblib")
    launch(tmp_path, "-m", "seed=1,13")
    again = launch(tmp_path, "-m", "seed=1,13", "hydra/launcher=joblib", "resume=true")
    assert "job 0 is finished" in again.stdout
    assert len(list((tmp_path / "outputs").glob("[0-9]*/*"))) == 1


def test_slurm_jobs_go_on_when_their_time_is_up() -> None:
    register_schemas()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["hydra/launcher=submitit_slurm", "hydra.launcher.partition=gpu"]
        launcher = compose("train", overrides=words, return_hydra_config=True).hydra.launcher
    assert launcher.partition == "gpu"
    assert launcher.max_num_timeout > 0
    assert launcher.cpus_per_task * launcher.tasks_per_node >= 1
