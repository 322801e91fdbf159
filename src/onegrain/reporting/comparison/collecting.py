"""Find the runs in folders: single runs, sweeps, whole days."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from onegrain.errors import UserError
from onegrain.reporting.run_files import (
    RunResults,
    read_hydra,
    read_run,
)
from onegrain.run_folder import LOG_FILE, METRICS_FILE, SWEEP_FILE, command_of

DEPTH = 3  # outputs / day / sweep / job
_NOT_RUNS = {"wandb", "store", "figures", "comparison"}
_ERROR = re.compile(r"^\S+ \S+ ERROR ")
_LOG_PREFIX = re.compile(r"^\S+ \S+ [A-Z]+ +\S+: ")


@dataclass(frozen=True)
class FailedJob:
    """A job that left no results.

    Attributes:
        folder: Where it ran.
        overrides: What was chosen on its command line.
        reason: The last error in its log, or its last line where there is none.
        unfinished: Its log has no error: it still runs, or was stopped.
    """

    folder: Path
    overrides: tuple[str, ...]
    reason: str
    unfinished: bool = False

    @property
    def command(self) -> str:
        """The command line that runs it again."""
        return command_of(self.overrides)

    @property
    def sweep_command(self) -> str | None:
        """The command line that goes on with the sweep it is a job of, where that can be told."""
        chosen = _sweep_choices(self.folder.parent / SWEEP_FILE)
        return None if chosen is None else command_of(("-m", *chosen, "resume=true"))


@dataclass(frozen=True, eq=False)
class Collected:
    """The runs that were found, and the jobs that left no results."""

    runs: tuple[RunResults, ...]
    failed: tuple[FailedJob, ...]

    @property
    def sweep_commands(self) -> tuple[str, ...]:
        """The command lines that go on with the sweeps of jobs that left no results."""
        found = (job.sweep_command for job in self.failed)
        return tuple(dict.fromkeys(command for command in found if command is not None))


def collect(places: Sequence[Path]) -> Collected:
    """Read all runs in these folders, each once, in the order in which they are named.

    Args:
        places: Folders of runs, of sweeps, or above those.

    Raises:
        UserError: If a folder is missing or has no run in it, or a run's files are damaged.
    """
    runs: dict[Path, RunResults] = {}
    failed: dict[Path, FailedJob] = {}
    for place in places:
        if not place.is_dir():
            raise UserError(f"{place}: no such folder; name a run's or a sweep's")
        found = list(_job_folders(place, DEPTH))
        if not found:
            raise UserError(f"{place}: there is no run in it")
        for folder in found:
            if (folder / METRICS_FILE).exists():
                runs[folder.resolve()] = read_run(folder)
            else:
                overrides = read_hydra(folder / ".hydra")[1] or ()
                failed[folder.resolve()] = FailedJob(folder, overrides, *_last_words(folder))
    return Collected(tuple(runs.values()), tuple(failed.values()))


def _job_folders(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / METRICS_FILE).exists() or (folder / ".hydra").is_dir():
        yield folder
    elif depth > 0:
        inside = (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        for path in sorted(inside, key=_by_number):
            if path.name not in _NOT_RUNS and not path.name.startswith("."):
                yield from _job_folders(path, depth - 1)


def _by_number(path: Path) -> tuple[int, str]:
    """Job 10 comes after job 9."""
    return (int(path.name) if path.name.isdecimal() else -1, path.name)


def _last_words(folder: Path) -> tuple[str, bool]:
    """Why a job left nothing, and whether its log has no error."""
    path = folder / LOG_FILE
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]  # a launcher may go on talking
    if not lines:
        return "it left no log", True
    return _LOG_PREFIX.sub("", (errors or lines)[-1])[:300], not errors


def _sweep_choices(file: Path) -> list[str] | None:
    """What was chosen on the command line of a sweep, from Hydra's note of it."""
    try:
        noted = yaml.safe_load(file.read_text(encoding="utf-8"))
        return [str(each) for each in noted["hydra"]["overrides"]["task"]]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return None
