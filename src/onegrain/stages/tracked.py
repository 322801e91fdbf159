"""What every stage that trains a model needs: a tracked run to open, and what it measured."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from onegrain.tracking.runs import TrackedRun

METRICS_FILE = "metrics.json"


@runtime_checkable
class OpenRun(Protocol):
    """Opens a tracked run for one trained model."""

    def __call__(self, *, name: str) -> AbstractContextManager[TrackedRun]:
        """Open the run."""
        ...


def training_metrics(folder: Path) -> dict[str, Any]:
    """Return what was measured in a folder of the store, by metric name."""
    metrics: dict[str, Any] = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    return metrics
