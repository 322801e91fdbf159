"""A run's folder: its own from the first moment, and easy to find."""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from onegrain.errors import UserError

ID_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that are read for one another
ID_LENGTH = 4
SWEEP_FILE = "multirun.yaml"  # Hydra's, in the folder of a sweep
LATEST = "latest"
LOG_FILE = "run.log"
METRICS_FILE = "metrics.json"
REPORT_FILE = "report.html"
SELECTION_SCORE = "probe/selection_score"  # of metrics.json: what a sweeper makes large


def new_run_folder(root: Path, now: datetime | None = None) -> Path:
    """Make ``<root>/<day>/<time>-<id>/``, which no other run has or will get.

    Raises:
        UserError: The folder cannot be made.
    """
    now = now or datetime.now()
    day = root / f"{now:%Y-%m-%d}"
    while True:
        name = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
        folder = day / f"{now:%H-%M-%S}-{name}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not folder.is_dir():  # something on the way there is a file
                raise UserError(f"output_root={root}: is not a folder") from None
        except OSError as error:
            raise UserError(
                f"output_root={root}: cannot be written to ({error.strerror})"
            ) from error
        else:
            return folder


def selection_score(folder: Path) -> float | None:
    """Return the score by which a finished run's grid point was chosen; None if it has none."""
    try:
        score = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))[SELECTION_SCORE]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if score is None else float(score)


def discard_unmade_run(folder: Path) -> bool:
    """Remove the folder of a run that was stopped before it made anything; say whether it was.

    Then it holds no more than its settings and its log.
    """
    if {path.name for path in folder.iterdir()} - {".hydra", LOG_FILE}:
        return False
    shutil.rmtree(folder)
    with contextlib.suppress(OSError):  # the day has other runs
        folder.parent.rmdir()
    return True


def latest_folder(root: Path) -> Path | None:
    """Return what ``<root>/latest`` points to, if it does."""
    link = root / LATEST
    return link.resolve() if link.is_symlink() and link.exists() else None


def link_latest(root: Path, folder: Path | None) -> None:
    """Point ``<root>/latest`` to a run or a sweep, or to nothing.

    Where links cannot be made there is none.
    """
    link = root / LATEST
    if folder is None:
        with contextlib.suppress(OSError):
            link.unlink()
        return
    fresh = root / f".{LATEST}-{folder.name}"
    with contextlib.suppress(OSError):
        fresh.symlink_to(folder.resolve().relative_to(root.resolve()), target_is_directory=True)
        try:
            fresh.replace(link)  # never absent, never half-made
        except OSError:
            fresh.unlink()


def give_back_latest(root: Path, mine: Path, before: Path | None) -> None:
    """Point ``<root>/latest`` away from a run that has nothing to show.

    A link that another run has taken meanwhile stays.

    Args:
        root: The output root.
        mine: That run's folder, which may be gone.
        before: What the link pointed to; where that is gone too, the newest run that is there.
    """
    link = root / LATEST
    if link.exists() and link.resolve() != mine.resolve():
        return
    if before is None or not before.is_dir():
        there = (path for path in root.glob("????-??-??/*") if path.is_dir() and path != mine)
        before = max(there, default=None, key=lambda path: (path.parent.name, path.name))
    link_latest(root, before)


def command_of(overrides: Sequence[str]) -> str:
    """The command line that makes a run with these choices."""
    return shlex.join(("python", "train.py", *overrides))


def shared_folder(folder: Path) -> Path:
    """The folder that a run shares with the other jobs of its sweep; its own where it is alone."""
    return folder.parent if (folder.parent / SWEEP_FILE).exists() else folder
