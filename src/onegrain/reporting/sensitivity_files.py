"""The tables of which neurons each label lives by, each a file of the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import pandas as pd

SENSITIVITY_COLUMNS: dict[str, tuple[str, ...]] = {
    "sensitivity": ("label", "rank", "neuron", "sensitivity"),
    "label_ablation": (
        *("target", "neurons", "fraction", "label", "recall", "change", "low", "high", "words"),
    ),
    "single_drops": ("label", "neuron", "recall", "change", "mean_change", "words"),
    "label_correlations": ("instance", "one", "other", "correlation"),
    "consistency": (
        *("one", "other", "label_count", "similarity", "low", "high", "null_low", "null_high"),
        "p_value",
    ),
}


@dataclass(frozen=True, eq=False)
class LabelNeurons:
    """Which neurons each label lives by. A table without rows says that it was not asked for.

    Attributes:
        sensitivity: Of every neuron to every label, the largest of each label first.
        label_ablation: The recall of every label without the first neurons of each.
        single_drops: The neuron whose loss alone changes the recall of each label most.
        label_correlations: Of the sensitivities to every two labels, over the neurons of each
            instance.
        consistency: How far these agree between instances.
    """

    sensitivity: pd.DataFrame
    label_ablation: pd.DataFrame
    single_drops: pd.DataFrame
    label_correlations: pd.DataFrame
    consistency: pd.DataFrame

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame]) -> LabelNeurons:
        """Take the tables that there are; the others have no rows."""
        missing = {
            name: pd.DataFrame(columns=list(columns))
            for name, columns in SENSITIVITY_COLUMNS.items()
            if name not in tables
        }
        return cls(**tables, **missing)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def known(self) -> dict[str, pd.DataFrame]:
        """Return the tables that have rows, by name."""
        return {name: table for name, table in self.tables().items() if not table.empty}
