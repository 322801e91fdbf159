"""Data frames as W&B tables."""

from __future__ import annotations

import pandas as pd
import wandb
from pandas.api.types import is_bool_dtype, is_numeric_dtype


def wandb_table(frame: pd.DataFrame) -> wandb.Table:
    """Return a W&B table with the columns and rows of a data frame; what is missing is None.

    Given the data frame itself, W&B finds out the types row by row, which takes seconds.
    """
    table = wandb.Table(
        columns=list(map(str, frame)), dtype=[_type_of(frame[name]) for name in frame]
    )
    columns = [_values_of(frame[name]) for name in frame]
    table.data = [list(row) for row in zip(*columns, strict=True)]
    return table


def _type_of(column: pd.Series) -> type[bool] | type[float] | type[str]:
    if is_bool_dtype(column):
        return bool
    return float if is_numeric_dtype(column) else str


def _values_of(column: pd.Series) -> list[object]:
    values = column if is_numeric_dtype(column) else column.map(str, na_action="ignore")
    return [
        None if missing else value
        for value, missing in zip(values.tolist(), column.isna(), strict=True)
    ]
