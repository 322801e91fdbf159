"""W&B tables have what the data frame has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import wandb

from onegrain.tracking.tables import wandb_table

FRAME = pd.DataFrame(
    {
        "neuron": [3, 1, 2],
        "score": [0.5, np.nan, -1.0],
        "label": ["NOUN", None, "7"],
        "selected": [True, False, True],
    },
    index=[4, 4, 9],
)


def test_a_table_has_the_rows_of_the_frame_and_none_for_what_is_missing() -> None:
    table = wandb_table(FRAME)
    assert table.columns == list(FRAME)
    assert table.data == [[3, 0.5, "NOUN", True], [1, None, None, False], [2, -1.0, "7", True]]


def test_columns_have_the_types_that_wandb_finds_row_by_row() -> None:
    ours, theirs = wandb_table(FRAME), wandb.Table(dataframe=FRAME.dropna())
    kinds = ours._column_types.params["type_map"]
    for name, kind in theirs._column_types.params["type_map"].items():
        assert kinds[name] == kind


def test_a_table_without_rows_has_its_columns() -> None:
    table = wandb_table(FRAME.iloc[:0])
    assert (table.columns, table.data) == (list(FRAME), [])
