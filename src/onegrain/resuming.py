"""A sweep that was stopped goes on: its finished jobs are left as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from onegrain.run_folder import METRICS_FILE, REPORT_FILE, SWEEP_FILE

RESUME = "resume"
FINISHED_FILE = ".finished"  # the last that a job writes: what it was made with


@dataclass(frozen=True)
class BegunSweep:
    """A sweep that an earlier start began.

    Attributes:
        folder: Where its jobs are.
        overrides: What was chosen, in the order of the first time: the order numbers the jobs.
    """

    folder: Path
    overrides: tuple[str, ...]


def without_resume(overrides: Sequence[str]) -> list[str]:
    """Return a command line as it was the first time."""
    return [each for each in overrides if not each.startswith(f"{RESUME}=")]


def begun_sweep(root: Path, overrides: Sequence[str]) -> BegunSweep | None:
    """Return the newest sweep below ``root`` that this command line began, if there is one.

    Where its jobs run (``hydra/launcher=``) may have changed since.

    Args:
        root: The output root, ``<day>/<time>-<id>/`` in it.
        overrides: What was chosen, in any order; values that are swept over in theirs.
    """
    wanted = _of_jobs(overrides)
    of_hydra = [each for each in without_resume(overrides) if each not in wanted]
    for file in sorted(root.glob(f"*/*/{SWEEP_FILE}"), reverse=True):
        chosen = _chosen(file)
        if chosen is not None and sorted(chosen) == sorted(wanted):
            return BegunSweep(file.parent, (*chosen, *of_hydra))
    return None


def note_begun(folder: Path, overrides: Sequence[str]) -> None:
    """Note what began a sweep; Hydra's own sweeper writes more of it there, others nothing."""
    chosen = {"hydra": {"overrides": {"task": list(overrides)}}}
    OmegaConf.save(OmegaConf.create(chosen), folder / SWEEP_FILE)


def forget_begun(folder: Path) -> None:
    """Remove the note of a sweep that did not come to its first job."""
    if [path.name for path in folder.iterdir()] == [SWEEP_FILE]:
        (folder / SWEEP_FILE).unlink()


def is_finished(folder: Path, config: DictConfig) -> bool:
    """Whether a job with exactly these settings has written all it writes."""
    try:
        return (folder / FINISHED_FILE).read_text(encoding="utf-8") == _fingerprint(config)
    except (OSError, UnicodeDecodeError):
        return False


def begin_again(folder: Path) -> None:
    """Let what a job that did not end well left in its folder not be taken for results."""
    for name in (FINISHED_FILE, METRICS_FILE, REPORT_FILE):
        (folder / name).unlink(missing_ok=True)


def mark_finished(folder: Path, config: DictConfig) -> None:
    """Note that a job has written all it writes, and with which settings."""
    part = folder / f"{FINISHED_FILE}.part"
    part.write_text(_fingerprint(config), encoding="utf-8")
    part.replace(folder / FINISHED_FILE)


def _fingerprint(config: DictConfig) -> str:
    settings = {name: value for name, value in config.items() if name != RESUME}
    return hashlib.sha256(OmegaConf.to_yaml(settings, resolve=True).encode()).hexdigest() + "\n"


def _chosen(file: Path) -> list[str] | None:
    """Return what was chosen on the command line of a sweep; None if nobody can tell."""
    try:
        chosen = OmegaConf.select(OmegaConf.load(file), "hydra.overrides.task")
    except (OSError, YAMLError, ValueError):
        return None
    return None if chosen is None else _of_jobs([str(each) for each in chosen])


def _of_jobs(overrides: Sequence[str]) -> list[str]:
    """Return the choices that say what jobs do, and not where they run."""
    return [each for each in without_resume(overrides) if not each.startswith(("hydra.", "hydra/"))]
