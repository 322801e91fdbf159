"""What a sweep says at its end of the jobs that failed."""

from __future__ import annotations

from pathlib import Path

from onegrain.errors import UserError
from onegrain.resuming import FINISHED_FILE


def describe_failures(sweep: Path, again: str) -> str:
    """Return a line for each job that failed and the command that runs it again.

    Args:
        sweep: The folder of the sweep.
        again: The command that goes on with the sweep.

    Returns:
        Lines; none where no job of the sweep failed.
    """
    from onegrain.reporting.comparison.collecting import collect  # pandas: half a second

    try:
        found = collect([sweep])
    except UserError:  # no job was begun
        return ""
    failed = [job for job in found.failed if not (job.folder / FINISHED_FILE).exists()]
    if not failed:
        return ""
    lines = [f"{len(failed)} of {len(found.failed) + len(found.runs)} jobs failed:"]
    for job in failed:
        lines += [f"  {job.folder}: {job.reason}", f"    {job.command}"]
    lines.append(f"all that are not finished, in the same folder: {again}")
    return "\n".join(lines) + "\n"
