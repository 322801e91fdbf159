"""Settings of Weights & Biases."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class TrackingMode(Enum):
    """Where Weights & Biases writes."""

    offline = "offline"
    online = "online"
    disabled = "disabled"


@dataclass
class TrackingSettings:
    """Weights & Biases."""

    mode: TrackingMode = TrackingMode.offline
    project: str = "onegrain"
    entity: str | None = None
    group: str | None = None  # null: the sweep's or the run's folder name
    name: str | None = None  # null: made from what was chosen
    tags: list[str] = field(default_factory=list)
