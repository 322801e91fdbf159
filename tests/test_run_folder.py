from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from onegrain import run_folder
from onegrain.errors import UserError
from onegrain.run_folder import (
    discard_unmade_run,
    give_back_latest,
    latest_folder,
    link_latest,
    new_run_folder,
    shared_folder,
)

NOON = datetime(2026, 11, 21, 12, 0, 0)


def test_a_folder_is_named_by_day_time_and_id(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path, NOON)
    assert folder.is_dir()
    assert folder.parent == tmp_path / "2026-11-21"
    assert folder.name.startswith("12-00-00-")
    assert len(folder.name) == len("12-00-00-k3f9")


def test_runs_of_the_same_second_never_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "ID_LENGTH", 1)  # 31 ids, so that they do collide
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: new_run_folder(tmp_path, NOON), range(25)))
    assert len(set(folders)) == 25


def test_a_root_that_is_a_file_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match=r"output_root=.*file"):
            new_run_folder(root, NOON)


def test_latest_points_to_the_newest_and_moves_with_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    first, second = new_run_folder(root, NOON), new_run_folder(root, NOON)
    for folder in (first, second):
        link_latest(root, folder)
        assert (root / "latest").resolve() == folder.resolve()
    moved = root.rename(tmp_path / "elsewhere")
    assert (moved / "latest").resolve() == (moved / second.relative_to(root)).resolve()


def test_what_cannot_be_linked_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "mine").touch()
    link_latest(tmp_path, new_run_folder(tmp_path, NOON))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11-21", "latest"]
    assert (tmp_path / "latest" / "mine").exists()


def test_jobs_of_a_sweep_share_its_folder_and_a_run_has_its_own(tmp_path: Path) -> None:
    job = tmp_path / "0"
    job.mkdir()
    assert shared_folder(job) == job
    (tmp_path / "multirun.yaml").touch()
    assert shared_folder(job) == tmp_path


def test_a_run_that_made_nothing_is_gone_and_one_that_made_something_is_not(
    tmp_path: Path,
) -> None:
    unmade, made = new_run_folder(tmp_path, NOON), new_run_folder(tmp_path, NOON)
    for folder in (unmade, made):
        (folder / ".hydra").mkdir()
        (folder / "run.log").touch()
    (made / "metrics.json").touch()
    assert discard_unmade_run(unmade)
    assert not discard_unmade_run(made)
    assert list(tmp_path.glob("*/*")) == [made]


def test_latest_can_be_set_back(tmp_path: Path) -> None:
    first, second = new_run_folder(tmp_path, NOON), new_run_folder(tmp_path, NOON)
    assert latest_folder(tmp_path) is None
    link_latest(tmp_path, first)
    before = latest_folder(tmp_path)
    link_latest(tmp_path, second)
    link_latest(tmp_path, before)
    assert latest_folder(tmp_path) == first.resolve()
    link_latest(tmp_path, None)
    assert latest_folder(tmp_path) is None


def test_what_has_nothing_to_show_gives_the_link_back(tmp_path: Path) -> None:
    good, failed, other = (new_run_folder(tmp_path, NOON) for _ in range(3))
    link_latest(tmp_path, failed)
    give_back_latest(tmp_path, failed, good)
    assert latest_folder(tmp_path) == good.resolve()
    link_latest(tmp_path, other)  # taken by a run beside it
    give_back_latest(tmp_path, failed, good)
    assert latest_folder(tmp_path) == other.resolve()
    for folder in (failed, other):
        folder.rmdir()
    give_back_latest(tmp_path, other, failed)  # what was before is gone as well
    assert latest_folder(tmp_path) == good.resolve()
    good.rmdir()
    give_back_latest(tmp_path, other, None)
    assert not (tmp_path / "latest").is_symlink()
