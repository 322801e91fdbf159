"""Where neurons went from one run to another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from onegrain.reporting.comparison.moves import moves, moves_table
from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.run_files import RunResults

WIDTH = 20
NOTHING = pd.DataFrame()


def run(order: list[int], labels: dict[str, list[int]]) -> RunResults:
    """A ranking of two layers of 20, and the neurons of labels."""
    neurons = pd.DataFrame(
        {
            "ranking": "variance",
            "rank": range(1, len(order) + 1),
            "neuron": order,
            "layer": [neuron // WIDTH for neuron in order],
        }
    )
    known = Meaning.nothing().tables() | {
        "label_neurons": pd.DataFrame(
            [(name, neuron) for name, ids in labels.items() for neuron in ids],
            columns=["label", "neuron"],
        )
    }
    tables = dict.fromkeys(
        ("curves", "lambda_grid", "agreement", "minimal", "neuron_sets"), NOTHING
    )
    return RunResults(Path("run"), {}, (), {}, neurons=neurons, meaning=Meaning(**known), **tables)


BEFORE = run([20, 21, 0, 1, *range(2, 20), *range(22, 40)], {"NOUN": [20, 21, 22, 0], "X": [1]})
AFTER = run([20, 2, 0, 3, 1, *range(4, 20), *range(21, 40)], {"NOUN": [0, 1, 2], "Y": [1]})


def test_a_ranking_and_a_label_have_the_mean_layers_of_their_neurons() -> None:
    ranking, label = moves([BEFORE, AFTER], ["none", "tokens"]).to_dict("records")
    assert (ranking["kind"], ranking["name"]) == ("ranking", "variance")
    assert (ranking["layer_one"], ranking["layer_other"]) == (0.5, 0.25)  # tops of four
    assert ranking["shift"] == pytest.approx(-0.25)
    assert ranking["overlap"] == ranking["overlap@10%"] == 0.5
    assert ranking["overlap@1%"] == 1.0
    assert (label["kind"], label["name"], label["shift"]) == ("label", "NOUN", -0.75)
    assert (label["neurons_one"], label["neurons_other"]) == (4, 3)
    assert label["overlap"] == pytest.approx(1 / 3)


def test_runs_of_other_layouts_are_not_compared() -> None:
    other = run(list(range(60)), {"NOUN": [1]})
    assert moves([BEFORE, other], ["one", "other"]).empty


def test_the_table_says_which_way_they_went() -> None:
    table = moves_table(moves([BEFORE, AFTER], ["none", "tokens"]))
    assert [[cell.text for cell in row][4:7] for row in table.rows] == [
        ["0.50", "0.25", "-0.25"],
        ["0.75", "0.00", "-0.75"],
    ]


def test_it_is_on_the_page_of_a_comparison(make_run: Callable[..., Path], tmp_path: Path) -> None:
    from onegrain.reporting.comparison.page import write_comparison

    make_run().rename(tmp_path / "one")
    make_run().rename(tmp_path / "other")
    page = write_comparison([tmp_path / "one", tmp_path / "other"], tmp_path / "both")
    assert "Where neurons went" in page.read_text(encoding="utf-8")
    assert (tmp_path / "both" / "comparison" / "moves.csv").exists()
