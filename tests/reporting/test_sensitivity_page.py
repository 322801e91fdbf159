"""What the page of a run shows of the neurons that each label lives by."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from onegrain.reporting.charts import specification
from onegrain.reporting.page import write_report
from onegrain.reporting.run_files import read_run
from onegrain.reporting.sensitivity_charts import (
    label_ablation_chart,
    label_ablation_curves_chart,
    label_correlations_chart,
    sensitivity_chart,
    sensitivity_charts,
)
from onegrain.reporting.sensitivity_files import LabelNeurons
from onegrain.reporting.sensitivity_tables import sensitivity_tables

MakeRun = Callable[..., Path]
LABELS = ("O", "B-<b>", "I-<b>")
COUNTS = (0, 5, 10)


def tables() -> dict[str, pd.DataFrame]:
    cells = [(label, neuron, 1.0 - 0.1 * neuron) for label, neuron in product(LABELS, range(12))]
    ablation = [
        {
            "target": target,
            "neurons": count,
            "fraction": count / 50,
            "label": label,
            "recall": 0.9 - 0.01 * count * (target == label),
            "change": -0.01 * count * (target == label),
            "low": -0.2,
            "high": 0.0,
            "words": 30,
        }
        for target, count, label in product(LABELS, COUNTS, LABELS)
    ]
    return {
        "sensitivity": pd.DataFrame(cells, columns=["label", "neuron", "sensitivity"]).assign(
            rank=list(range(1, 13)) * 3
        ),
        "label_ablation": pd.DataFrame(ablation),
        "single_drops": pd.DataFrame(
            [("O", 3, 0.9, -0.01, 0.001, 30)],
            columns=["label", "neuron", "recall", "change", "mean_change", "words"],
        ),
        "label_correlations": pd.DataFrame(
            [(number, *pair, 0.5) for number in (1, 2) for pair in product(LABELS, LABELS)],
            columns=["instance", "one", "other", "correlation"],
        ),
        "consistency": pd.DataFrame(
            [("1", "2", 3, 0.8, 0.6, 0.9, -0.4, 0.4, 0.01)],
            columns=[
                *("one", "other", "label_count", "similarity", "low", "high"),
                *("null_low", "null_high", "p_value"),
            ],
        ),
    }


def data_of(spec, layer=0):
    data = spec["layer"][layer].get("data", spec.get("data"))
    return pd.DataFrame(spec["datasets"][data["name"]])


@pytest.fixture
def folder(make_run: MakeRun) -> Path:
    return make_run(label_neurons=LabelNeurons.of(tables()))


def test_what_was_written_is_read_again(folder: Path) -> None:
    read = read_run(folder).label_neurons.known()
    for name, table in tables().items():
        pd.testing.assert_frame_equal(read[name], table, check_like=True)


def test_a_run_that_was_not_asked_has_no_files_and_no_section(make_run: MakeRun) -> None:
    folder = make_run()
    assert not (folder / "sensitivity.csv").exists()
    results = read_run(folder)
    assert list(sensitivity_charts(results)) == sensitivity_tables(results) == []
    assert "What each label lives by" not in write_report(folder).read_text(encoding="utf-8")


def test_the_page_has_every_chart_and_escapes_labels(folder: Path) -> None:
    page = write_report(folder).read_text(encoding="utf-8")
    assert "What each label lives by" in page
    assert "B-<b>" not in page
    names = {"sensitivity", "label_ablation", "label_ablation_curves", "label_correlations"}
    assert names <= {path.stem for path in (folder / "figures").iterdir()}


def test_the_matrix_is_that_of_the_nearest_share_with_the_own_label_framed() -> None:
    spec = specification(label_ablation_chart(tables()["label_ablation"], LABELS, 0.19))
    cells, framed = data_of(spec), data_of(spec, 1)
    assert set(cells["neurons"]) == {10}
    assert len(cells) == 9
    assert (framed["target"] == framed["label"]).all()
    assert framed["change"].tolist() == [-0.1] * 3
    assert "10 neurons" in spec["title"]["text"]


def test_curves_are_drawn_for_each_label_whose_neurons_are_dropped() -> None:
    spec = specification(label_ablation_curves_chart(tables()["label_ablation"], LABELS[:2]))
    rows = pd.DataFrame(spec["datasets"][spec["data"]["name"]])
    assert set(rows["target"]) == {"O", "B-<b>"}
    own = rows[rows["whose"] == "its own recall"]
    assert (own["target"] == own["label"]).all()


def test_many_neurons_are_cut_to_those_of_the_largest_sensitivity() -> None:
    many = pd.DataFrame(
        [("O", neuron, float(neuron), 200 - neuron) for neuron in range(200)],
        columns=["label", "neuron", "sensitivity", "rank"],
    )
    spec = specification(sensitivity_chart(many))
    assert set(data_of(spec)["neuron"]) == set(range(140, 200))
    assert "60 largest of 200" in spec["title"]["subtitle"]


def test_every_instance_has_its_matrix() -> None:
    spec = specification(label_correlations_chart(tables()["label_correlations"]))
    rows = pd.DataFrame(spec["datasets"][spec["data"]["name"]])
    assert rows["model"].value_counts().to_dict() == {"instance 1": 9, "instance 2": 9}


def test_tables_show_the_first_neurons_single_drops_and_consistency(folder: Path) -> None:
    first, drops, consistency = sensitivity_tables(read_run(folder))
    assert first.rows[0][-1].text == "0 1 2 3 4 5 6 7 8 9"
    assert [cell.text for cell in drops.rows[0]][:3] == ["O", "3", "90.0%"]
    assert 0.8 in [cell.value for cell in consistency.rows[0]]
