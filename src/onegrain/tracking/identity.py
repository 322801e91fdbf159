"""Which W&B run a job of a sweep writes into, when it is run again too."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from pathlib import Path

from onegrain.run_folder import shared_folder

TOKEN_FILE = ".tracking"  # in a job's folder: sets it apart from all other jobs anywhere
ID_DIGITS = 12


def run_id(job: Path, job_type: str, name: str) -> str | None:
    """Return the id of a job's run: the same when a killed job is run again.

    Args:
        job: The job's folder.
        job_type: Which of the job's runs.
        name: That of the run, the job's own.

    Returns:
        The id; None for a run that is no job of a sweep, which is never the same again.
    """
    if shared_folder(job) == job:
        return None
    token = job / TOKEN_FILE
    if not token.exists():
        part = job / f"{TOKEN_FILE}.part"
        part.write_text(secrets.token_hex(8), encoding="utf-8")
        part.replace(token)
    text = "\n".join((token.read_text(encoding="utf-8"), job_type, name))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


def discard_halves(folder: Path, identity: str) -> None:
    """Remove what a killed job has tracked offline under an id: it is tracked again, whole.

    Args:
        folder: The sweep's, with ``wandb/`` in it.
        identity: Of the run.
    """
    for half in (folder / "wandb").glob(f"offline-run-*-{identity}"):
        shutil.rmtree(half, ignore_errors=True)
