"""The files of a run's folder: the contract between the work and all that looks at it."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from onegrain.errors import UserError
from onegrain.reporting.explorer_data import ExplorerData, read_explorer, to_json
from onegrain.reporting.meaning_files import MEANING_COLUMNS, Meaning
from onegrain.reporting.run_contract import (
    AGREEMENT_COLUMNS,
    AGREEMENT_FILE,
    CONTROL_COLUMNS,
    CONTROL_FILE,
    CURVE_COLUMNS,
    CURVES_FILE,
    EXPLORER_FILE,
    JUDGE_COLUMNS,
    JUDGES_FILE,
    LABEL_ORDER_COLUMNS,
    LABEL_ORDERS_FILE,
    LAMBDA_GRID_COLUMNS,
    LAMBDA_GRID_FILE,
    MINIMAL_COLUMNS,
    MINIMAL_FILE,
    NEURON_COLUMNS,
    NEURON_SET_COLUMNS,
    NEURON_SETS_FILE,
    NEURONS_FILE,
)
from onegrain.reporting.sensitivity_files import SENSITIVITY_COLUMNS, LabelNeurons
from onegrain.reporting.table_files import read_group, read_optional, read_table, read_text, to_csv
from onegrain.run_folder import METRICS_FILE, command_of

Metric = float | int | str  # a text is a BLEU signature and its like


@dataclass(frozen=True, eq=False)
class RunResults:
    """What a run's folder says.

    Attributes:
        folder: Where it was read.
        settings: The composed settings, nested; empty for a run made without a command line.
        overrides: What was chosen on the command line; None for a run made without one.
        metrics: ``stage/name`` to a number, or to a text such as a BLEU signature.
        curves: Ablation results, `CURVE_COLUMNS`.
        neurons: Ranked neurons, `NEURON_COLUMNS` and what the analyses know.
        lambda_grid: The probe at every grid point, `LAMBDA_GRID_COLUMNS` and more.
        agreement: How far rankings agree, `AGREEMENT_COLUMNS`.
        minimal: Disjoint sets of few neurons that do as well as all, `MINIMAL_COLUMNS`.
        neuron_sets: The neurons of these sets and of clusters, `NEURON_SET_COLUMNS`.
        control: How often translations take another value, `CONTROL_COLUMNS`.
        meaning: What the neurons mean.
        judges: How well each ranking does before each judge, `JUDGE_COLUMNS`.
        label_neurons: Which neurons each label lives by.
    """

    folder: Path
    settings: dict[str, Any]
    overrides: tuple[str, ...] | None
    metrics: dict[str, Metric]
    curves: pd.DataFrame
    neurons: pd.DataFrame
    lambda_grid: pd.DataFrame
    agreement: pd.DataFrame
    minimal: pd.DataFrame
    neuron_sets: pd.DataFrame
    control: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CONTROL_COLUMNS))
    meaning: Meaning = field(default_factory=Meaning.nothing)
    judges: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(JUDGE_COLUMNS)))
    label_neurons: LabelNeurons = field(default_factory=lambda: LabelNeurons.of({}))

    @cached_property
    def explorer(self) -> ExplorerData | None:
        """What the explorer of single neurons shows; None in runs made before there was one.

        The file is large and read only where it is asked for.

        Raises:
            UserError: If it is not what `write_run_files` writes.
        """
        return read_explorer(self.folder / EXPLORER_FILE)

    @property
    def name(self) -> str:
        """The folder's last two parts: day and time of a run, sweep and number of a job."""
        return "/".join(self.folder.resolve().parts[-2:])

    @property
    def command(self) -> str | None:
        """The command line that makes this run again."""
        if self.overrides is None:
            return None
        return command_of(self.overrides)

    @property
    def report_command(self) -> str:
        """The command line that makes the run's page again."""
        return shlex.join(("python", "-m", "onegrain.reporting", str(self.folder)))


def read_run(folder: Path) -> RunResults:
    """Read a run's folder.

    Raises:
        UserError: If a file is missing or is not what `write_run_files` writes.
    """
    settings, overrides = read_hydra(folder / ".hydra")
    return RunResults(
        folder=folder,
        settings=settings,
        overrides=overrides,
        metrics=_read_metrics(folder / METRICS_FILE),
        curves=read_table(folder / CURVES_FILE, CURVE_COLUMNS),
        neurons=read_table(folder / NEURONS_FILE, NEURON_COLUMNS),
        lambda_grid=read_table(folder / LAMBDA_GRID_FILE, LAMBDA_GRID_COLUMNS),
        agreement=read_optional(folder / AGREEMENT_FILE, AGREEMENT_COLUMNS),
        minimal=read_optional(folder / MINIMAL_FILE, MINIMAL_COLUMNS),
        neuron_sets=read_optional(folder / NEURON_SETS_FILE, NEURON_SET_COLUMNS),
        control=read_optional(folder / CONTROL_FILE, CONTROL_COLUMNS),
        meaning=Meaning(**read_group(folder, MEANING_COLUMNS)),
        label_neurons=LabelNeurons.of(read_group(folder, SENSITIVITY_COLUMNS)),
        judges=read_optional(folder / JUDGES_FILE, JUDGE_COLUMNS),
    )


def write_run_files(
    folder: Path,
    *,
    metrics: Mapping[str, Metric],
    curves: pd.DataFrame,
    neurons: pd.DataFrame,
    lambda_grid: pd.DataFrame,
    agreement: pd.DataFrame,
    minimal: pd.DataFrame | None = None,
    neuron_sets: pd.DataFrame | None = None,
    judges: pd.DataFrame | None = None,
    control: pd.DataFrame | None = None,
    label_orders: pd.DataFrame | None = None,
    meaning: Meaning | None = None,
    label_neurons: LabelNeurons | None = None,
    explorer: ExplorerData | None = None,
) -> None:
    """Write a run's metrics and tables, each file whole or not at all.

    Metrics, curves, neurons and the λ grid are always written, with their columns where they have
    no rows; any further table is there when it has rows, and else was not asked for or came to
    nothing. Columns beyond the contract's follow it. Numbers that are not finite become ``null``
    in ``metrics.json``. Without ``explorer`` there is no ``explorer.json``, and the page has no
    explorer of single neurons.

    Raises:
        ValueError: If a column is missing.
    """
    plain = {key: _finite_or_none(value) for key, value in metrics.items()}
    texts = {
        METRICS_FILE: json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n",
        CURVES_FILE: to_csv(curves, CURVE_COLUMNS),
        NEURONS_FILE: to_csv(neurons, NEURON_COLUMNS),
        LAMBDA_GRID_FILE: to_csv(lambda_grid, LAMBDA_GRID_COLUMNS),
    }
    further = [
        (AGREEMENT_FILE, agreement, AGREEMENT_COLUMNS),
        (MINIMAL_FILE, minimal, MINIMAL_COLUMNS),
        (NEURON_SETS_FILE, neuron_sets, NEURON_SET_COLUMNS),
        (JUDGES_FILE, judges, JUDGE_COLUMNS),
        (CONTROL_FILE, control, CONTROL_COLUMNS),
        (LABEL_ORDERS_FILE, label_orders, LABEL_ORDER_COLUMNS),
        *_named(meaning.tables() if meaning else {}, MEANING_COLUMNS),
        *_named(label_neurons.tables() if label_neurons else {}, SENSITIVITY_COLUMNS),
    ]
    for name, table, columns in further:
        if table is not None and not table.empty:
            texts[name] = to_csv(table, columns)
    if explorer is not None:
        texts[EXPLORER_FILE] = to_json(explorer)
    folder.mkdir(parents=True, exist_ok=True)
    for name, _, _ in further:
        if name not in texts:
            (folder / name).unlink(missing_ok=True)  # of a job that began in this folder before
    for name, text in texts.items():
        write_whole(folder / name, text)


def _named(
    tables: Mapping[str, pd.DataFrame], columns: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, pd.DataFrame, tuple[str, ...]]]:
    """A file for each table of a group, whose columns go by its name."""
    for name, table in tables.items():
        yield f"{name}.csv", table, columns[name]


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` beside ``path`` and rename it: no reader ever sees a half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _read_metrics(path: Path) -> dict[str, Metric]:
    try:
        metrics = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(metrics, dict):
        raise UserError(f"{path}: expected an object of 'stage/name': number")
    for name, value in metrics.items():
        if isinstance(value, dict | list):
            raise UserError(f"{path}: '{name}' must be a number or a text")
    return {name: math.nan if value is None else value for name, value in metrics.items()}


def read_hydra(folder: Path) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    """Read the settings, nested, and what was chosen on the command line.

    A run that was made without one has none of them.

    Raises:
        UserError: If a file of ``.hydra/`` is missing or is not what Hydra writes.
    """
    if not folder.is_dir():
        return {}, None
    settings = _read_yaml(folder / "config.yaml")
    overrides = _read_yaml(folder / "overrides.yaml")
    if not isinstance(settings, dict) or not isinstance(overrides, list):
        raise UserError(f"{folder}: config.yaml must be a mapping and overrides.yaml a list")
    return settings, tuple(map(str, overrides))


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML ({' '.join(str(error).split())})") from error


def _finite_or_none(value: Metric) -> Metric | None:
    if isinstance(value, str):
        return value
    return value if math.isfinite(value) else None
