"""The page's tables of neuron sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from onegrain.reporting.page import write_report
from onegrain.reporting.run_contract import MINIMAL_COLUMNS, NEURON_SET_COLUMNS
from onegrain.reporting.run_files import read_run
from onegrain.reporting.set_tables import set_tables

MakeRun = Callable[..., Path]


def test_sets_are_listed_with_their_neurons_in_order_and_their_scores(make_run: MakeRun) -> None:
    minimal, _ = set_tables(read_run(make_run()))
    texts = [[cell.text for cell in row] for row in minimal.rows]
    assert texts == [
        ["1", "3", "1.2%", "90.5%", "90.0%", "7 2 9"],
        ["2", "5", "2.0%", "90.1%", "89.9%", "11 3 5 1 8"],
    ]
    assert "90.0%" in minimal.caption
    assert "91.0%" in minimal.caption


def test_only_clusters_of_several_neurons_are_listed_the_largest_first(make_run: MakeRun) -> None:
    _, clusters = set_tables(read_run(make_run()))
    texts = [[cell.text for cell in row] for row in clusters.rows]
    assert texts == [["9", "3", "9 31 32"], ["7", "2", "7 30"]]
    assert "2 of 3 clusters" in clusters.caption


def test_a_run_without_sets_has_a_page_without_them(make_run: MakeRun) -> None:
    folder = make_run(
        minimal=pd.DataFrame(columns=MINIMAL_COLUMNS),
        neuron_sets=pd.DataFrame(columns=NEURON_SET_COLUMNS),
    )
    assert set_tables(read_run(folder)) == []
    assert "How few will do?" not in write_report(folder).read_text(encoding="utf-8")


def test_the_page_shows_the_sets(make_run: MakeRun) -> None:
    page = write_report(make_run()).read_text(encoding="utf-8")
    assert "How few will do?" in page
    assert "11 3 5 1 8" in page
