"""train.py as its users start it, in a folder and a home of its own, at sizes of seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

TRAIN = Path(__file__).resolve().parents[2] / "train.py"
LIMIT = 240  # seconds; a run takes about ten on an idle core

TINY = (
    *("debug=fast", "tracking=offline", "trainer.epochs=25", "trainer.batch_size=8"),
    "probe.epochs=10",
)
SPINE = (
    *("debug=fast", "trainer.epochs=25", "model.instances=1", "ranking=linear_correlation"),
    "ablation=probe_mask",
)

# Loaded by Python at its start: notes and refuses every connection beyond this machine.
FENCE = """
import os, socket
connect = socket.socket.connect
def fenced(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        with open(os.environ["FENCE_NOTES"], "a") as notes:
            notes.write(f"{address}\\n")
        raise OSError("fenced")
    return connect(self, address)
socket.socket.connect = fenced
"""


@dataclass(frozen=True)
class Finished:
    """A command that has ended, where it was started and the folder of its run."""

    code: int
    stdout: str
    stderr: str
    cwd: Path
    folder: Path

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads((self.folder / "metrics.json").read_text())

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(
            self.folder / name,
            keep_default_na=False,
            na_values={name: [""] for name in ("low", "high", "accuracy")},
        )


@dataclass(frozen=True)
class Started:
    """A command that runs."""

    process: subprocess.Popen[str]
    cwd: Path

    def finish(self) -> Finished:
        stdout, stderr = self.process.communicate(timeout=LIMIT)
        folder = (self.cwd / "outputs" / "latest").resolve()
        return Finished(self.process.returncode, stdout, stderr, self.cwd, folder)


Start = Callable[..., Started]
Train = Callable[..., Finished]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def fence_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fence")
    (folder / "sitecustomize.py").write_text(FENCE)
    return folder / "notes.txt"


@pytest.fixture(scope="session")
def environment(home: Path, fence_notes: Path) -> dict[str, str]:
    """No account, no network, no settings of who runs the tests."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "XDG_"))}
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    path = os.pathsep.join(filter(None, [str(fence_notes.parent), os.environ.get("PYTHONPATH")]))
    fence = {"PYTHONPATH": path, "FENCE_NOTES": str(fence_notes)}
    return own | nowhere | fence | {"HOME": str(home), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def start(environment: dict[str, str]) -> Start:
    def start(cwd: Path, *words: str) -> Started:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, str(TRAIN), *words]
        return Started(subprocess.Popen(command, cwd=cwd, env=environment, text=True, **pipes), cwd)

    return start


@pytest.fixture(scope="session")
def train(start: Start) -> Train:
    def train(cwd: Path, *words: str) -> Finished:
        return start(cwd, *words).finish()

    return train


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="session")
def default_run(workplace: Path, train: Train) -> Finished:
    """What ``python train.py`` does, smaller."""
    finished = train(workplace, *TINY)
    assert (finished.code, finished.stderr) == (0, "")
    return finished


@pytest.fixture(scope="session")
def spine_run(tmp_path_factory: pytest.TempPathFactory, train: Train) -> Finished:
    """One model, its probe, and nothing that compares models or ablates inside them."""
    finished = train(tmp_path_factory.mktemp("spine"), *SPINE)
    assert (finished.code, finished.stderr) == (0, "")
    return finished


@pytest.fixture(scope="session")
def inspect() -> Callable[[Path], list[dict[str, Any]]]:
    """The summaries of all W&B runs in a ``wandb/`` folder, oldest first."""
    leet = [sys.executable, "-m", "wandb", "leet", "inspect", "--help"]
    tried = subprocess.run(leet, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"`wandb leet` cannot run here: {tried.stderr.strip()[-200:]}")

    def summary(run: Path) -> dict[str, Any]:
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json"]
        both = []
        for options in (["--summary"], []):
            words = [*command, *options, str(run)]
            both.append(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        records = [json.loads(line) for line in both[1].splitlines()]
        run_record = next(record["run"] for record in records if record["type"] == "run")
        names = {"job_type": run_record["job_type"], "group": run_record["run_group"]}
        history = [r["history"]["item"] for r in records if r["type"] == "history"]
        return json.loads(both[0]) | names | {"history": history}

    def inspect(folder: Path) -> list[dict[str, Any]]:
        runs = sorted(folder.glob("offline-run-*"), key=lambda path: path.stat().st_mtime)
        return [summary(run) for run in runs]

    return inspect
