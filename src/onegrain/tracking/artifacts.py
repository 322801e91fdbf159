"""Trained models and recordings as W&B artifacts: references to the store, never copies."""

from __future__ import annotations

from pathlib import Path

import wandb


def store_artifact(kind: str, folder: Path) -> wandb.Artifact:
    """Return an artifact that says where an entry of the store lies.

    Files are referred to by their place and not read: an entry never changes, and its name is the
    hash of what made it.

    Args:
        kind: ``"model"`` or ``"activations"``.
        folder: The entry.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "3f9c"
        >>> folder.mkdir()
        >>> _ = (folder / "weights.bin").write_text("large")
        >>> artifact = store_artifact("model", folder)
        >>> [entry.ref for entry in artifact.manifest.entries.values()] == [
        ...     (folder / "weights.bin").resolve().as_uri()]
        True
    """
    artifact = wandb.Artifact(
        f"{kind}-{folder.name}", type=kind, metadata={"folder": str(folder.resolve())}
    )
    artifact.add_reference(folder.resolve().as_uri(), checksum=False)
    return artifact
