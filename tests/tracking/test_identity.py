from __future__ import annotations

from pathlib import Path

from onegrain.tracking.identity import discard_halves, run_id


def job_of(sweep: Path, number: int) -> Path:
    job = sweep / str(number)
    job.mkdir(parents=True, exist_ok=True)
    (sweep / "multirun.yaml").touch()
    return job


def test_a_job_that_runs_again_writes_into_the_same_runs(tmp_path: Path) -> None:
    job = job_of(tmp_path, 0)
    assert run_id(job, "train", "nmt #1") == run_id(job, "train", "nmt #1") is not None


def test_no_two_runs_of_a_sweep_are_one(tmp_path: Path) -> None:
    names = [("train", "nmt #1"), ("train", "nmt #2"), ("analyze", "nmt #1")]
    jobs = [job_of(tmp_path, number) for number in (0, 1)]
    assert len({run_id(job, *name) for job in jobs for name in names}) == 6


def test_two_sweeps_in_one_place_after_each_other_are_two(tmp_path: Path) -> None:
    job = job_of(tmp_path, 0)
    first = run_id(job, "train", "nmt")
    (job / ".tracking").unlink()
    assert run_id(job, "train", "nmt") != first


def test_a_run_that_is_no_job_is_never_the_same_again(tmp_path: Path) -> None:
    assert run_id(tmp_path, "train", "nmt") is None
    assert not list(tmp_path.iterdir())


def test_only_the_half_of_the_run_that_begins_again_is_removed(tmp_path: Path) -> None:
    for name in ("offline-run-20261128_100000-aaaa", "offline-run-20261128_100000-bbbb"):
        (tmp_path / "wandb" / name).mkdir(parents=True)
    discard_halves(tmp_path, "aaaa")
    assert [path.name[-4:] for path in (tmp_path / "wandb").iterdir()] == ["bbbb"]
