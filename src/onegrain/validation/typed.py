"""A value as it is given on the command line."""

from __future__ import annotations

from enum import Enum
from typing import Any


def as_typed(value: Any) -> str:
    """Return a value as one types it: names of choices, lists in brackets."""
    if isinstance(value, list):
        return f"[{','.join(map(as_typed, value))}]"
    return value.name if isinstance(value, Enum) else str(value)
