"""The sweep that goes on is the newest that the same command line began."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from onegrain.resuming import (
    begin_again,
    begun_sweep,
    is_finished,
    mark_finished,
    without_resume,
)

SWEPT = ["model.hidden=8,12", "debug=fast"]


def begin(root: Path, name: str, overrides: list[str]) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    content = OmegaConf.create({"hydra": {"overrides": {"task": overrides}}})
    OmegaConf.save(content, folder / "multirun.yaml")
    return folder


def test_the_newest_sweep_of_the_command_line_is_found_in_any_order(tmp_path: Path) -> None:
    begin(tmp_path, "2026-11-23/10-00-00-aaaa", SWEPT)
    wanted = begin(tmp_path, "2026-11-24/09-00-00-aaaa", SWEPT[::-1])
    begin(tmp_path, "2026-11-24/10-00-00-aaaa", ["model.hidden=12,8", "debug=fast"])
    begin(tmp_path, "2026-11-24/11-00-00-aaaa", SWEPT[:1])
    begun = begun_sweep(tmp_path, [*SWEPT, "resume=true"])
    assert begun is not None
    assert begun.folder == wanted


def test_jobs_keep_their_numbers_when_the_order_is_another(tmp_path: Path) -> None:
    first = ["seed=1,2", "model.hidden=8,12"]  # job 1 has seed 1 and 12 units
    begin(tmp_path, "2026-11-24/09-00-00-aaaa", first)
    begun = begun_sweep(tmp_path, first[::-1])
    assert begun is not None
    assert list(begun.overrides) == first


def test_a_sweep_may_go_on_with_another_launcher(tmp_path: Path) -> None:
    begin(tmp_path, "2026-11-24/09-00-00-aaaa", SWEPT)  # Hydra writes its own choices elsewhere
    begun = begun_sweep(tmp_path, ["hydra/launcher=joblib", *SWEPT, "hydra.launcher.n_jobs=2"])
    assert begun is not None
    assert begun.overrides == (*SWEPT, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.mark.parametrize("content", ["a: [", "", "hydra: {}", "\x00"])
def test_a_sweep_that_was_killed_before_it_was_one_is_none(tmp_path: Path, content: str) -> None:
    damaged = tmp_path / "2026-11-24/09-00-00-aaaa"
    damaged.mkdir(parents=True)
    (damaged / "multirun.yaml").write_text(content, encoding="utf-8")
    begin(tmp_path, "2026-11-24/09-00-01-aaaa", ["seed=1,2"])
    assert begun_sweep(tmp_path, SWEPT) is None


def test_the_command_line_is_what_it_was_the_first_time() -> None:
    assert without_resume(["seed=1,2", "resume=true"]) == ["seed=1,2"]


def test_a_job_is_finished_when_it_said_so_with_the_same_settings(tmp_path: Path) -> None:
    config = OmegaConf.create({"seed": 1, "resume": False})
    assert not is_finished(tmp_path, config)
    (tmp_path / "metrics.json").touch()
    (tmp_path / "report.html").touch()
    assert not is_finished(tmp_path, config)
    mark_finished(tmp_path, config)
    assert is_finished(tmp_path, OmegaConf.create({"seed": 1, "resume": True}))
    assert not is_finished(tmp_path, OmegaConf.create({"seed": 2, "resume": False}))


def test_what_a_killed_job_left_is_not_taken_for_results(tmp_path: Path) -> None:
    config = OmegaConf.create({"seed": 1})
    for name in ("metrics.json", "report.html", "curves.csv"):
        (tmp_path / name).touch()
    mark_finished(tmp_path, config)
    begin_again(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["curves.csv"]
    assert not is_finished(tmp_path, config)
