"""What a sweep says at its end of the jobs that failed."""

from __future__ import annotations

from pathlib import Path

from onegrain.resuming import FINISHED_FILE
from onegrain.run_folder import METRICS_FILE


def describe_failures(sweep: Path, again: str) -> str:
    """Return a line for each job that failed and the command that runs it again.

    Args:
        sweep: The folder of the sweep.
        again: The command that goes on with the sweep.

    Returns:
        Lines; none where no job of the sweep failed.
    """
    jobs = [path.parent for path in sweep.glob("**/.hydra")]
    ended = (FINISHED_FILE, METRICS_FILE)
    left = [job for job in jobs if not any((job / name).exists() for name in ended)]
    if not left:
        return ""
    from onegrain.reporting.comparison.collecting import collect  # pandas: half a second

    failed = collect(sorted(left, key=_by_number)).failed
    lines = [f"{len(failed)} of {len(jobs)} jobs failed:"]
    for job in failed:
        lines += [f"  {job.folder}: {job.reason}", f"    {job.command}"]
    lines.append(f"all that are not finished, in the same folder: {again}")
    return "\n".join(lines) + "\n"


def _by_number(folder: Path) -> tuple[int, str]:
    return (int(folder.name) if folder.name.isdecimal() else -1, folder.name)
