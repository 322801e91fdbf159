"""A sweep that was stopped goes on: its finished jobs are left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf
from yaml import YAMLError

from onegrain.errors import UserError
from onegrain.run_folder import METRICS_FILE, REPORT_FILE, SWEEP_FILE

RESUME = "resume"


def without_resume(overrides: Sequence[str]) -> list[str]:
    """Return a command line as it was the first time."""
    return [each for each in overrides if not each.startswith(f"{RESUME}=")]


def newest_sweep(root: Path, overrides: Sequence[str]) -> Path:
    """Return the folder of the newest sweep below ``root`` that this command line began.

    Args:
        root: The output root, ``<day>/<time>-<id>/`` in it.
        overrides: What was chosen, in any order; values that are swept over in theirs.

    Raises:
        UserError: If there is none.
    """
    wanted = sorted(without_resume(overrides))
    for file in sorted(root.glob(f"*/*/{SWEEP_FILE}"), reverse=True):
        if _chosen(file) == wanted:
            return file.parent
    raise UserError(
        f"resume=true: no sweep in {root} was begun by this command line; without resume=true it "
        "begins, and what is in the store is not made again"
    )


def is_finished(folder: Path) -> bool:
    """Whether a job has written all it writes; its page is the last."""
    return (folder / METRICS_FILE).exists() and (folder / REPORT_FILE).exists()


def _chosen(file: Path) -> list[str] | None:
    """Return what was chosen on the command line of a sweep, sorted; None if nobody can tell."""
    try:
        chosen = OmegaConf.select(OmegaConf.load(file), "hydra.overrides.task")
    except (OSError, YAMLError, ValueError):
        return None
    return None if chosen is None else sorted(without_resume([str(each) for each in chosen]))
