"""Where top neurons lie, and which of them runs share."""

import pandas as pd
import pytest

from onegrain.reporting.comparison.neurons import distribution, overlap
from onegrain.reporting.run_files import read_run

WIDTH = 20


def neurons(order):
    """A ranking of two layers of 20."""
    return pd.DataFrame(
        {
            "ranking": "variance",
            "rank": range(1, len(order) + 1),
            "neuron": order,
            "component": "lm",
            "layer": [1 + neuron // WIDTH for neuron in order],
            "direction": "",
            "unit": [neuron % WIDTH for neuron in order],
            "score": 1.0,
        }
    )


@pytest.fixture
def run_of(make_run, tmp_path):
    def run_of(name, order):
        folder = make_run(neurons=neurons(order))
        return read_run(folder.rename(tmp_path / name))

    return run_of


def test_the_top_tenth_is_counted_by_layer_and_an_empty_layer_is_shown(run_of):
    run = run_of("one", [*range(3, 40), 0, 1, 2])  # the top four of forty are in the first layer
    table = distribution([run], ["a"])
    assert table[["block", "neurons", "share"]].to_dict("records") == [
        {"block": "layer 1", "neurons": 4, "share": 1.0},
        {"block": "layer 2", "neurons": 0, "share": 0.0},
    ]


def test_shared_neurons_are_listed_in_the_order_of_the_first_run(run_of):
    one = run_of("one", [5, 1, 30, 2, *(n for n in range(40) if n not in (5, 1, 30, 2))])
    other = run_of("other", [2, 9, 5, 8, *(n for n in range(40) if n not in (2, 9, 5, 8))])
    (row,) = overlap([one, other], ["one", "other"]).to_dict("records")
    assert (row["top"], row["shared"], row["neurons"]) == (4, 2, "5 2")
    assert (row["overlap"], row["chance"]) == (0.5, 0.1)
    assert (row["only_one"], row["only_other"]) == ("1 30", "9 8")


def test_models_of_other_layouts_are_not_compared(run_of):
    assert overlap([run_of("one", list(range(40))), run_of("other", list(range(60)))], "ab").empty
