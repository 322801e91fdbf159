"""train.py as its users start it; where a job runs, a pipeline of a few lines stands in."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

TRAIN = Path(__file__).resolve().parents[1] / "train.py"
LIMIT = 240  # seconds: for what hangs, not for what is slow

# Runs train.py with a pipeline that writes down what it was given, or fails as it is told to.
STAND_IN = """
import gc, json, logging, math, runpy, sys, time, types
from onegrain.errors import UserError
def run(settings, folder, overrides):
    logging.getLogger("onegrain.stand_in").info("hidden is %d", settings.model.hidden)
    seen = {"hidden": settings.model.hidden, "overrides": overrides}
    (folder / "seen.json").write_text(json.dumps(seen))
    garbage = {"collected": gc.isenabled(), "spared": gc.get_freeze_count()}
    (folder / "garbage.json").write_text(json.dumps(garbage))
    if settings.seed == 13:
        raise UserError("a.en:3: not UTF-8")
    if settings.seed == 16:
        (folder / "metrics.json").write_text("{}")
        raise RuntimeError("no page")
    if settings.seed == 14:
        raise RuntimeError("a bug")
    if settings.seed == 15:
        for _ in range(6000):  # one long sleep would not hear a signal of just before it
            time.sleep(0.01)
    if settings.seed == 17:
        score = -(math.log10(settings.lambda_grid.lambda1[0]) + 4) ** 2
        (folder / "metrics.json").write_text(json.dumps({"probe/selection_score": score}))
module = types.ModuleType("onegrain.pipeline")
module.run = run
sys.modules["onegrain.pipeline"] = module
sys.argv[0] = sys.argv.pop(1)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def train(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", STAND_IN, str(TRAIN), *words]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT, check=False
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run_folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("*/*") if path.parent.name != "latest")


@pytest.mark.parametrize(
    "words",
    [["--cfg", "job"], ["--cfg", "job", "--resolve"], ["--info", "defaults-tree"], ["--help"]],
)
def test_looking_at_the_configuration_leaves_nothing(tmp_path: Path, words: list[str]) -> None:
    command = [sys.executable, str(TRAIN), *words]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "grammar" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_help_shows_the_groups_that_one_chooses_from_and_no_others(tmp_path: Path) -> None:
    shown = train("--help", cwd=tmp_path).stdout.partition("== Settings")[0]
    listed = {line.partition(":")[0] for line in shown.splitlines() if ": " in line}
    assert {"model", "task", "experiment", "hydra/launcher"} <= listed
    assert not {"schema", "model/scale", "model/debug", "property/words", "data/sized"} & listed
    assert "model: nlm, nmt, recorded, tagger, transformer\n" in shown


def test_a_file_that_is_not_there_costs_one_line_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("a\n")
    ended = train("data=files", "data.source=a.en", "data.target=a.fr", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "error: data.target=a.fr: no such file\n"
    assert names(tmp_path) == ["a.en"]


def test_looking_imports_nothing_heavy_and_so_is_instant(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", str(TRAIN), "--cfg", "job"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert not imported & {"torch", "numpy", "pandas", "wandb", "pytorch_lightning", "altair"}


def test_a_run_has_a_folder_of_its_own_and_latest_leads_to_it(tmp_path: Path) -> None:
    result = train("model.hidden=32", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "hidden is 32\n"
    (folder,) = run_folders(tmp_path / "outputs")
    seen = json.loads((folder / "seen.json").read_text())
    assert seen == {"hidden": 32, "overrides": ["model.hidden=32"]}
    assert (tmp_path / "outputs" / "latest").resolve() == folder.resolve()
    assert "INFO    onegrain.stand_in: hidden is 32" in (folder / "run.log").read_text()
    assert "hidden: 32" in (folder / ".hydra" / "config.yaml").read_text()
    assert names(tmp_path) == ["outputs"]


@pytest.mark.parametrize("name", ["elsewhere", "with space", "it's", 'a"b', "a,b=[c]"])
def test_output_root_is_where_runs_go(tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '\\"') + '"'
    assert train(f"output_root={quoted}", cwd=tmp_path).returncode == 0
    assert names(tmp_path) == [name]
    (folder,) = run_folders(tmp_path / name)
    assert (folder / "seen.json").exists()


def test_a_folder_that_was_asked_for_is_used(tmp_path: Path) -> None:
    assert train("hydra.run.dir=mine", cwd=tmp_path).returncode == 0
    assert names(tmp_path) == ["mine"]
    assert (tmp_path / "mine" / "seen.json").exists()


def test_each_job_of_a_sweep_has_a_folder_and_a_log_of_its_own(tmp_path: Path) -> None:
    result = train("seed=2", "-m", "model.hidden=32,64", cwd=tmp_path)  # -m between overrides
    assert (result.returncode, result.stderr) == (0, "")
    (sweep,) = run_folders(tmp_path / "outputs")
    assert (tmp_path / "outputs" / "latest").resolve() == sweep.resolve()
    for job, hidden, other in (("0", 32, 64), ("1", 64, 32)):
        assert json.loads((sweep / job / "seen.json").read_text())["hidden"] == hidden
        text = (sweep / job / "run.log").read_text()
        assert f"hidden is {hidden}" in text
        assert f"hidden is {other}" not in text


def test_garbage_is_collected_but_not_looked_for_in_what_was_imported(tmp_path: Path) -> None:
    assert train("-m", "seed=1,2", cwd=tmp_path).returncode == 0
    (sweep,) = run_folders(tmp_path / "outputs")
    jobs = [json.loads((sweep / job / "garbage.json").read_text()) for job in "01"]
    assert [job["collected"] for job in jobs] == [True, True]
    assert jobs[0]["spared"] >= jobs[1]["spared"] > 0  # and nothing that a job made


@pytest.mark.parametrize(
    "words", [["model.hiden=32"], ["-m", "model.hidden=32,0"], ["-m", "data=grammer,grammar"]]
)
def test_a_mistake_costs_one_line_and_leaves_nothing(tmp_path: Path, words: list[str]) -> None:
    result = train(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_users_error_in_the_pipeline_is_one_line_with_the_rest_in_the_log(tmp_path: Path) -> None:
    result = train("seed=13", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "error: a.en:3: not UTF-8\n")
    (folder,) = run_folders(tmp_path / "outputs")
    text = (folder / "run.log").read_text()
    assert "DEBUG" in text
    assert "Traceback" in text


def test_a_job_that_fails_lets_the_others_run_and_is_told_at_the_end(tmp_path: Path) -> None:
    result = train("-m", "seed=13,1,14", cwd=tmp_path)
    assert result.returncode == 2
    assert "job 0: a.en:3: not UTF-8" in result.stdout
    assert "job 2: RuntimeError: a bug (see " in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    (sweep,) = run_folders(tmp_path / "outputs")
    assert (sweep / "1" / "seen.json").exists()
    assert "RuntimeError: a bug" in (sweep / "2" / "run.log").read_text()
    told = result.stderr[result.stderr.index("2 of 3 jobs failed:") :]
    assert "a.en:3: not UTF-8\n    python train.py seed=13\n" in told
    assert "    python train.py seed=14\n" in told
    assert told.endswith("in the same folder: python train.py -m seed=13,1,14 resume=true\n")


def test_a_sweep_that_only_bugs_stopped_ends_as_a_bug(tmp_path: Path) -> None:
    result = train("-m", "seed=14,1", cwd=tmp_path)
    assert result.returncode == 1
    assert "1 of 2 jobs failed:" in result.stderr


def test_a_job_that_fails_with_its_last_step_has_no_results(tmp_path: Path) -> None:
    result = train("-m", "seed=1,16", cwd=tmp_path)
    assert "1 of 2 jobs failed:" in result.stderr
    assert "python train.py seed=16\n" in result.stderr
    (sweep,) = run_folders(tmp_path / "outputs")
    assert not (sweep / "1" / "metrics.json").exists()


def test_a_sweep_goes_on_with_what_failed_and_only_that(tmp_path: Path) -> None:
    train("-m", "seed=13,1", "model.hidden=8", cwd=tmp_path)
    (sweep,) = run_folders(tmp_path / "outputs")
    before = (sweep / "1" / "seen.json").stat().st_mtime_ns
    again = train("-m", "model.hidden=8", "seed=13,1", "resume=true", cwd=tmp_path)
    assert again.returncode == 2
    assert run_folders(tmp_path / "outputs") == [sweep]
    assert "job 1 is finished" in again.stdout
    assert "job 0: a.en:3: not UTF-8" in again.stdout
    assert (sweep / "1" / "seen.json").stat().st_mtime_ns == before


def test_a_sweep_that_was_never_begun_begins_when_it_is_to_go_on(tmp_path: Path) -> None:
    result = train("-m", "seed=1,2", "resume=true", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "has no sweep of this command line; it begins now" in result.stdout
    again = train("-m", "seed=1,2", "resume=true", cwd=tmp_path)
    assert again.stdout.count("is finished") == 2


def test_an_experiment_that_is_a_sweep_is_one_without_m(tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    own = "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: '1,2'}}}\n"
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(own)
    words = ("--config-dir", "mine", "experiment=own")
    assert train(*words, cwd=tmp_path).returncode == 0
    (sweep,) = run_folders(tmp_path / "outputs")
    assert {"0", "1", "multirun.yaml"} <= set(names(sweep))
    again = train(*words, "resume=true", cwd=tmp_path)
    assert again.stdout.count("is finished") == 2
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(own.replace("1,2", "1,-2"))
    wrong = train(*words, cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "seed=-2" in wrong.stderr


def test_a_job_whose_settings_changed_since_is_run_again(tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    own = "# @package _global_\nmodel: {hidden: 8}\n"
    words = ("--config-dir", "mine", "-m", "experiment=own", "seed=1,2", "resume=true")
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(own)
    train(*words, cwd=tmp_path)
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(own.replace("8", "12"))
    again = train(*words, cwd=tmp_path)
    assert "is finished" not in again.stdout
    (sweep,) = run_folders(tmp_path / "outputs")
    assert json.loads((sweep / "0" / "seen.json").read_text())["hidden"] == 12


def test_an_error_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    result = train("seed=14", cwd=tmp_path)
    assert result.returncode == 1
    assert "RuntimeError: a bug" in result.stderr
    (folder,) = run_folders(tmp_path / "outputs")
    assert "RuntimeError: a bug" in (folder / "run.log").read_text()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seed=15"], "interrupted\n"),
        (
            ["-m", "seed=1,15,2"],
            "interrupted; to go on: python train.py -m seed=1,15,2 resume=true\n",
        ),
    ],
    ids=["a run", "a sweep"],
)
def test_ctrl_c_ends_with_one_line_and_130(tmp_path: Path, words: list[str], told: str) -> None:
    command = [sys.executable, "-c", STAND_IN, str(TRAIN), *words]

    def hear_ctrl_c() -> None:  # a shell lets what it starts in the background ignore it
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c
    )
    begun = "outputs/*/*/seen.json" if len(words) == 1 else "outputs/*/*/1/seen.json"
    for _ in range(20_000):
        if list(tmp_path.glob(begun)):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=LIMIT)[1] == told
    assert process.returncode == 130


def test_own_experiments_come_from_a_folder_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    own = "# @package _global_\ndefaults: [override /scale: real]\nmodel: {hidden: 48}\n"
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(own)
    result = train("--config-dir", "mine", "experiment=own", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "hidden is 48\n")
    (tmp_path / "mine" / "experiment" / "own.yaml").write_text(own.replace("hidden", "hiden"))
    wrong = train("--config-dir", "mine", "experiment=own", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "experiment/own" in wrong.stderr
    assert "hiden" in wrong.stderr


STUDY = (
    *("experiment=lambda_study", "seed=17", "hydra.sweeper.n_trials=6"),
    "hydra.sweeper.sampler.n_startup_trials=3",
)


def study(folder: Path) -> tuple[dict[str, float], float]:
    """The best settings of a study and what they returned."""
    found = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    return found["best_params"], found["best_value"]


def test_a_study_gets_the_score_of_each_job_also_of_those_that_were_finished(
    tmp_path: Path,
) -> None:
    assert train(*STUDY, cwd=tmp_path).returncode == 0
    (sweep,) = run_folders(tmp_path / "outputs")
    jobs = [sweep / str(number) for number in range(6)]
    scores = [json.loads((job / "metrics.json").read_text()) for job in jobs]
    parameters, best = study(sweep)
    assert best == max(score["probe/selection_score"] for score in scores)
    assert best == pytest.approx(-((math.log10(parameters["lambda_grid.lambda1.0"]) + 4) ** 2))

    (jobs[3] / ".finished").unlink()  # as if it had been killed
    before = {job: (job / "seen.json").stat().st_mtime_ns for job in jobs}
    assert train(*STUDY, "resume=true", cwd=tmp_path).returncode == 0
    assert study(sweep) == (parameters, best)
    assert [job for job in jobs if (job / "seen.json").stat().st_mtime_ns != before[job]] == [
        jobs[3]
    ]


def test_a_study_goes_on_after_a_job_that_failed_and_fails_at_its_end(tmp_path: Path) -> None:
    result = train(
        *("-m", "hydra/sweeper=study", "hydra.sweeper.n_trials=3", "lambda_grid=single"),
        *("lambda_grid.lambda1.0=interval(0.1,1)", "seed=choice(13,16)"),
        cwd=tmp_path,
    )
    assert result.returncode == 1
    (sweep,) = run_folders(tmp_path / "outputs")
    assert {"0", "1", "2"} <= set(names(sweep))
    assert "of 3 jobs failed:" in result.stderr


def test_both_ends_of_an_interval_are_checked_before_a_study_begins(tmp_path: Path) -> None:
    result = train(
        *("-m", "hydra/sweeper=study", "model.hidden=int(interval(8,16))"),
        "probe.delta=interval(0.0,1.5)",
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert result.stderr == "error: probe.delta=1.5: must lie in [0, 1]\n"
    assert list(tmp_path.iterdir()) == []
