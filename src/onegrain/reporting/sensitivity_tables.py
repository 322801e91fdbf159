"""The page's tables of which neurons each label lives by."""

from __future__ import annotations

import pandas as pd

from onegrain.reporting.page_tables import DataTable, frame_table
from onegrain.reporting.run_files import RunResults

NEURONS_EACH = 10  # of a label


def sensitivity_tables(results: RunResults) -> list[DataTable]:
    """The tables that the run's files can fill."""
    tables = results.label_neurons
    shown = []
    if not tables.sensitivity.empty:
        shown.append(_most_sensitive(tables.sensitivity))
    if not tables.single_drops.empty:
        shown.append(_single_drops(tables.single_drops))
    if not tables.consistency.empty:
        shown.append(_consistency(tables.consistency))
    return shown


def _most_sensitive(sensitivity: pd.DataFrame) -> DataTable:
    best = sensitivity[sensitivity["rank"] <= NEURONS_EACH].astype({"neuron": str})
    lists = best.groupby("label", sort=False).agg(
        sensitivity=("sensitivity", "max"), neurons=("neuron", " ".join)
    )
    table = lists.reset_index().rename(columns={"sensitivity": "largest"})
    caption = f"The {NEURONS_EACH} neurons that each label is most sensitive to, the largest first"
    return frame_table("sensitivity", caption, table)


def _single_drops(drops: pd.DataFrame) -> DataTable:
    caption = (
        "One neuron dropped alone: the one that changes each label's recall most, and the mean "
        "size of the change over all neurons"
    )
    table = drops.rename(columns={"mean_change": "mean", "words": "test words"})
    return frame_table("single-drops", caption, table, ["recall", "change", "mean"])


def _consistency(consistency: pd.DataFrame) -> DataTable:
    caption = (
        "Do instances agree on which labels go together? Correlation of their label x label "
        "matrices, its 95% interval over labels, and where that of permuted labels lies"
    )
    titles = {"null_low": "permuted, from", "null_high": "to", "p_value": "p"}
    return frame_table("consistency", caption, consistency.rename(columns=titles))
