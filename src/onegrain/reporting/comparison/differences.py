"""What sets runs apart: the settings in which they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from onegrain.reporting.run_files import RunResults

REPLICATES = "seed"  # runs that differ in this alone are averaged
ABSENT = "–"
_OF_NO_RESULT = ("tracking", "output_root", "store", "trainer.progress", "trainer.devices")


@dataclass(frozen=True, eq=False)
class Differences:
    """The settings in which runs differ.

    Attributes:
        values: One row for each run, one column of text for each such setting; what was chosen
            on the command lines comes first.
        chosen: The columns that were chosen on the command lines.
    """

    values: pd.DataFrame
    chosen: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All settings in which the runs differ."""
        return tuple(map(str, self.values.columns))

    @property
    def groups(self) -> tuple[str, ...]:
        """Those that tell groups of runs apart: what was chosen, but for the seed."""
        named = self.chosen or self.keys
        return tuple(key for key in named if key != REPLICATES)

    def of(self, run: int) -> dict[str, str]:
        """The settings in which one run differs from others, by their names."""
        return {key: str(self.values[key].iloc[run]) for key in self.keys}

    def labels(self) -> list[str]:
        """Name each run by what was chosen for it; runs that differ in their seed share a name."""
        groups = self.groups
        return [
            ", ".join(f"{short_name(key, groups)}={row[key]}" for key in groups) or "all"
            for row in self.values.to_dict("records")
        ]

    def run_labels(self) -> list[str]:
        """Name each run for itself: its number, what was chosen for it, and its seed."""
        seeds = self.values[REPLICATES] if REPLICATES in self.keys else [""] * len(self.values)
        return [
            f"{number}: {label}" + (f", {REPLICATES}={seed}" if seed else "")
            for number, (label, seed) in enumerate(zip(self.labels(), seeds, strict=True), start=1)
        ]

    @property
    def telling(self) -> tuple[str, ...]:
        """The settings that must be seen to tell runs apart.

        Those that were chosen, and those that do not follow from them: ``model=nlm`` says by
        itself that there is no beam.
        """
        chosen = list(self.chosen)
        if not chosen:
            return self.keys
        groups = self.values.groupby(chosen, sort=False)
        free = [key for key in self.keys if key not in chosen and (groups[key].nunique() > 1).any()]
        return (*chosen, *free)


def differences(runs: Sequence[RunResults]) -> Differences:
    """Compare the settings of runs."""
    flat = [dict(_flat(run.settings)) for run in runs]
    typed = [
        _typed(run.overrides or (), settings) for run, settings in zip(runs, flat, strict=True)
    ]
    chosen = _differing(typed, flat)
    further = [key for key in _differing(flat, flat) if key not in chosen]
    rows = [
        {key: each.get(key, settings.get(key, ABSENT)) for key in (*chosen, *further)}
        for each, settings in zip(typed, flat, strict=True)
    ]
    columns = [*chosen, *further]
    return Differences(pd.DataFrame(rows, columns=columns, index=range(len(runs))), tuple(chosen))


def short_name(key: str, keys: Sequence[str]) -> str:
    """The last part of a setting's name, or all of it where another one ends in the same.

    Example:
        >>> short_name("model.hidden", ["model.hidden", "seed"])
        'hidden'
        >>> short_name("model.name", ["model.name", "task.name"])
        'model'
    """
    if key.endswith(".name"):
        return key.removesuffix(".name")
    last = key.rsplit(".", 1)[-1]
    return last if sum(other.rsplit(".", 1)[-1] == last for other in keys) <= 1 else key


def _differing(rows: Sequence[Mapping[str, str]], flat: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys of ``rows``, in their order, whose values are not all the same."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [
        key
        for key in keys
        if not key.startswith(_OF_NO_RESULT)
        and len({row.get(key, one.get(key)) for row, one in zip(rows, flat, strict=True)}) > 1
    ]


def _typed(overrides: Sequence[str], settings: Mapping[str, str]) -> dict[str, str]:
    """What was chosen on a command line, by the settings' own names and as they were understood.

    A group such as ``model=nlm`` is its name; one that is no setting, as ``experiment=``, stays.
    """
    found = {}
    for override in overrides:
        name, _, value = override.partition("=")
        name = name.lstrip("+~").partition("@")[0]
        if name in settings:
            found[name] = settings[name]
        elif f"{name}.name" in settings:
            found[f"{name}.name"] = settings[f"{name}.name"]
        else:
            found[name] = value
    return found


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ",".join(map(_text, value))
        else:
            yield f"{prefix}{name}", _text(value)


def _text(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
