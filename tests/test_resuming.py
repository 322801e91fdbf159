"""The sweep that goes on is the newest that the same command line began."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from onegrain.errors import UserError
from onegrain.resuming import is_finished, newest_sweep, without_resume

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
    assert newest_sweep(tmp_path, [*SWEPT, "resume=true"]) == wanted


def test_where_there_is_none_the_line_says_what_to_do(tmp_path: Path) -> None:
    damaged = tmp_path / "2026-11-24/09-00-00-aaaa"
    damaged.mkdir(parents=True)
    (damaged / "multirun.yaml").write_text("a: [", encoding="utf-8")
    begin(tmp_path, "2026-11-24/09-00-01-aaaa", ["seed=1,2"])
    with pytest.raises(UserError, match=r"no sweep in .* was begun by this command line"):
        newest_sweep(tmp_path, SWEPT)


def test_the_command_line_is_what_it_was_the_first_time() -> None:
    assert without_resume(["seed=1,2", "resume=true"]) == ["seed=1,2"]


def test_a_job_is_finished_when_its_page_is_there(tmp_path: Path) -> None:
    assert not is_finished(tmp_path)
    (tmp_path / "metrics.json").touch()
    assert not is_finished(tmp_path)
    (tmp_path / "report.html").touch()
    assert is_finished(tmp_path)
