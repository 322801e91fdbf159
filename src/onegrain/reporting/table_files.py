"""Tables as CSV files, read back with the types that they were written with."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from onegrain.errors import UserError
from onegrain.reporting.run_contract import FLAG_COLUMNS, FREE_COLUMNS, TEXT_COLUMNS


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table that must have these columns, and may have more.

    Raises:
        UserError: If it is missing, cut off, or not such a table.
    """
    content = read_text(path)  # a missing file or bytes that are no text are said as for others
    if content and not content.endswith("\n"):
        raise UserError(f"{path}: its last line is cut off; copy the file again")
    try:
        header = list(pd.read_csv(path, nrows=0).columns)
        text = [name for name in header if name in TEXT_COLUMNS]
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values={name: [""] for name in header if name not in TEXT_COLUMNS},
        )
    except ValueError as error:  # pandas' ParserError and EmptyDataError among them
        raise UserError(f"{path}: not a CSV table ({' '.join(str(error).split())})") from error
    missing = [name for name in columns if name not in header]
    if missing:
        raise UserError(f"{path}: no column '{missing[0]}'; expected {', '.join(columns)}")
    _check_types(path, table, columns)
    return table


def read_optional(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table, or return an empty one for a run made before there was any."""
    if not path.exists():
        return pd.DataFrame(columns=list(columns))
    return read_table(path, columns)


def read_group(folder: Path, columns: Mapping[str, tuple[str, ...]]) -> dict[str, pd.DataFrame]:
    """Read the tables that are there; a run that has none of them has empty ones."""
    return {name: read_optional(folder / f"{name}.csv", of) for name, of in columns.items()}


def to_csv(table: pd.DataFrame, columns: tuple[str, ...]) -> str:
    """Return the text of a table, these columns first.

    Raises:
        ValueError: If one is missing.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"the table has no column '{missing[0]}'")
    further = [name for name in table.columns if name not in columns]
    ordered = table[[*columns, *further]]
    text = ordered.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # Python's csv before 3.13 does not quote it, and readers end the line there
        text = ordered.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text


def read_text(path: Path) -> str:
    """Read a file of a run's folder.

    Raises:
        UserError: If it is missing or no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; is '{path.parent}' a run's folder?") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error


def _check_types(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    if table.empty:
        return
    for name in columns:
        if name in TEXT_COLUMNS | FREE_COLUMNS:
            continue
        if name in FLAG_COLUMNS:
            if not is_bool_dtype(table[name]):
                raise UserError(f"{path}: column '{name}' must hold True or False")
        elif not is_numeric_dtype(table[name]):
            raise UserError(f"{path}: column '{name}' must hold numbers")
