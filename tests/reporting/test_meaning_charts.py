from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from onegrain.reporting.charts import specification
from onegrain.reporting.label_charts import (
    label_curves_chart,
    label_neurons_chart,
    label_overlap_chart,
    task_overlap_chart,
    weights_chart,
)
from onegrain.reporting.meaning_charts import encoded_chart, layers_chart, score_chart
from onegrain.reporting.meaning_files import Meaning


def data_of(spec: dict[str, Any], layer: int = 0) -> pd.DataFrame:
    data = spec["layer"][layer].get("data", spec.get("data")) if "layer" in spec else spec["data"]
    return pd.DataFrame(spec["datasets"][data["name"]])


def order_of(spec: dict[str, Any], channel: dict[str, Any]) -> list[str]:
    """The names of a channel in the order in which Vega-Lite will draw them."""
    assert channel["sort"]["op"] == "min"
    by_name = data_of(spec).groupby(channel["field"])[channel["sort"]["field"]].min()
    return by_name.sort_values().index.tolist()


def test_labels_are_drawn_in_the_order_of_their_neurons_with_open_and_closed_classes(
    meaning: Meaning,
) -> None:
    spec = specification(label_neurons_chart(meaning.labels, share=0.25, total=4))
    bars, alone = spec["layer"]
    assert "25% of each label's weights" in spec["title"]["text"]
    assert order_of(spec, bars["encoding"]["y"]) == ["NOUN", "VERB", "ADP", "DET"]
    assert (bars["encoding"]["x"]["field"], alone["encoding"]["x"]["field"]) == (
        "neurons",
        "exclusive",
    )
    colours = bars["encoding"]["color"]["scale"]
    assert colours["domain"] == ["open", "closed"]
    assert len(set(colours["range"])) == 2


def test_labels_without_word_classes_have_one_colour_and_no_legend(meaning: Meaning) -> None:
    labels = meaning.labels.assign(word_class="")
    spec = specification(label_neurons_chart(labels, share=0.25, total=4))
    colour = spec["layer"][0]["encoding"]["color"]
    assert colour["legend"] is None
    assert len(colour["scale"]["range"]) == 1


def test_a_chart_that_leaves_labels_out_says_so(meaning: Meaning) -> None:
    whole = specification(weights_chart(meaning.weights, meaning.labels, 0.25, total=4))
    part = specification(weights_chart(meaning.weights, meaning.labels[:3], 0.25, total=4))
    assert "of 4 labels" not in whole["title"]["subtitle"]
    assert "The 3 of 4 labels with the most words." in part["title"]["subtitle"]
    assert set(data_of(part)["label"]) == {"NOUN", "VERB", "ADP"}


def test_the_overlap_of_tasks_has_them_in_the_order_of_the_run(meaning: Meaning) -> None:
    spec = specification(task_overlap_chart(meaning.task_overlap.iloc[::-1]))
    assert order_of(spec, spec["layer"][0]["encoding"]["y"]) == ["sem", "pos"]
    assert len(data_of(spec)) == 4
    assert "tasks share" in spec["title"]["text"]


def test_the_overlap_has_a_cell_for_every_two_labels_drawn(meaning: Meaning) -> None:
    spec = specification(label_overlap_chart(meaning.label_overlap, ["DET", "NOUN"]))
    cells = data_of(spec)
    assert sorted(zip(cells["one"], cells["other"], strict=True)) == [
        *(("DET", "DET"), ("DET", "NOUN"), ("NOUN", "DET"), ("NOUN", "NOUN")),
    ]
    assert order_of(spec, spec["layer"][0]["encoding"]["x"]) == ["DET", "NOUN"]
    assert order_of(spec, spec["layer"][0]["encoding"]["y"]) == ["DET", "NOUN"]


def test_label_curves_are_those_of_the_first_ranking_in_small_multiples(
    meaning: Meaning, label_curves: pd.DataFrame
) -> None:
    spec = specification(label_curves_chart(label_curves, meaning.labels[:3], total=4))
    drawn = data_of(spec)
    assert drawn.groupby("label").size().to_dict() == {"ADP": 6, "NOUN": 6, "VERB": 6}
    assert order_of(spec, spec["facet"]) == ["NOUN", "VERB", "ADP"]
    assert spec["columns"] == 4
    assert "linear_correlation" in spec["title"]["text"]
    dashes = spec["spec"]["encoding"]["strokeDash"]["scale"]
    assert dashes["domain"] == ["top", "bottom"]
    assert dashes["range"][0] != dashes["range"][1]


def test_what_rankings_encode_is_one_chart_with_a_colour_for_each(meaning: Meaning) -> None:
    names = ["linear_correlation", "cross_model", "random"]
    encoded = pd.concat([meaning.encoded.assign(ranking=name) for name in names])
    spec = specification(encoded_chart(encoded))
    stems, everyone, points = (layer["encoding"] for layer in spec["layer"])
    assert points["color"]["scale"]["domain"] == names
    assert len(set(points["color"]["scale"]["range"])) == 3
    assert points["x"]["field"] == "share"
    assert everyone["x"]["field"] == stems["x"]["field"] == "all_neurons"
    assert order_of(spec, points["y"]) == ["pos", "word", "word_number"]
    assert order_of(spec, points["yOffset"]) == names
    assert "top 13 neurons" in spec["title"]["text"]


def test_layers_of_all_neurons_stand_beside_those_of_the_rankings(meaning: Meaning) -> None:
    ranked = meaning.distribution[meaning.distribution["kind"] == "ranking"]
    drawn = data_of(specification(layers_chart(ranked, top=13)))
    shares = drawn.set_index(["name", "block"])["share"].to_dict()
    assert shares == {
        ("all neurons", "encoder 1 forward"): 0.5,
        ("all neurons", "encoder 1 backward"): 0.5,
        ("linear_correlation", "encoder 1 forward"): 0.75,
        ("linear_correlation", "encoder 1 backward"): 0.25,
    }


@pytest.mark.parametrize("scores", [np.linspace(5, -5, 1000), np.full(1000, 0.7)])
def test_scores_are_normalised_and_both_ends_are_drawn(scores: np.ndarray) -> None:
    neurons = pd.DataFrame({"ranking": "x", "rank": range(1, 1001), "score": scores})
    drawn = data_of(specification(score_chart(neurons.sample(frac=1, random_state=0))))
    assert (drawn["rank"].iloc[0], drawn["rank"].iloc[-1]) == (1, 1000)
    assert len(drawn) < 200
    assert drawn["score"].iloc[-1] == scores[-1]
    assert drawn["normalised"].between(0, 1).all()
    if scores[0] != scores[-1]:
        assert (drawn["normalised"].iloc[0], drawn["normalised"].iloc[-1]) == (1, 0)
