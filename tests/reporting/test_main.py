from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from onegrain.reporting.__main__ import main

MakeRun = Callable[..., Path]


def test_a_runs_page_is_made_again_from_its_files(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run()
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert (folder / "report.html").is_file()


def test_a_wrong_folder_is_one_line_and_status_2(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    command = [sys.executable, "-m", "onegrain.reporting", str(tmp_path / "none"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none/metrics.json: no such file" in done.stderr
    assert done.stdout.strip() == str(folder / "report.html")  # the others are made all the same
