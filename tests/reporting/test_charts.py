from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from onegrain.reporting.charts import (
    ablation_chart,
    comparison_chart,
    lambda_grid_chart,
    specification,
)
from onegrain.reporting.findings import curves_of
from onegrain.reporting.run_files import read_run

MakeRun = Callable[..., Path]


def marks(spec: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in spec["layer"]]


def data_of(spec: dict[str, Any], layer: int) -> pd.DataFrame:
    data = spec["layer"][layer].get("data", spec.get("data"))
    return pd.DataFrame(spec["datasets"][data["name"]])


@pytest.fixture
def curve_table(make_run: MakeRun) -> pd.DataFrame:
    return read_run(make_run()).curves


def test_an_ablation_chart_has_bands_lines_and_the_majority(curve_table: pd.DataFrame) -> None:
    (curve,) = curves_of(curve_table)
    spec = specification(ablation_chart(curve, majority=0.84))
    assert marks(spec) == ["area", "line", "rule", "rule", "text"]
    assert data_of(spec, 4)["text"].tolist() == ["majority baseline 84.0%"]
    drawn = data_of(spec, 1)
    assert set(drawn["order"]) == {"top", "bottom", "random"}
    assert len(drawn) == 3 * 101  # the random orders are one line


def test_orders_differ_in_dash_and_not_only_in_colour(curve_table: pd.DataFrame) -> None:
    (curve,) = curves_of(curve_table)
    line = specification(ablation_chart(curve))["layer"][1]["encoding"]
    dashes = line["strokeDash"]["scale"]["range"]
    assert len({tuple(dash) for dash in dashes}) == 3
    assert line["strokeDash"]["scale"]["domain"] == line["color"]["scale"]["domain"]


def test_the_ticks_of_a_flat_curve_are_told_apart_by_their_format(
    curve_table: pd.DataFrame,
) -> None:
    (curve,) = curves_of(curve_table)
    axis = specification(ablation_chart(curve))["layer"][1]["encoding"]["y"]["axis"]
    assert (axis["format"], axis["tickMinStep"]) == (".0%", 0.01)
    (curve,) = curves_of(curve_table.assign(metric="bleu"))
    axis = specification(ablation_chart(curve))["layer"][1]["encoding"]["y"]["axis"]
    assert "tickMinStep" not in axis


def test_the_majority_is_no_rule_for_other_metrics(curve_table: pd.DataFrame) -> None:
    (curve,) = curves_of(curve_table.assign(metric="bleu", value=20.0, low=19.0, high=21.0))
    spec = specification(ablation_chart(curve, majority=0.84))
    assert marks(spec) == ["area", "line", "rule"]
    assert spec["layer"][1]["encoding"]["y"]["title"] == "BLEU"


def test_what_sets_a_curve_apart_stands_below_a_title_of_what_fits(
    curves_in_model: Callable[..., pd.DataFrame],
) -> None:
    (curve,) = curves_of(curves_in_model("absolute_deviation"))
    title = specification(ablation_chart(curve))["title"]
    assert title["text"] == "Ablating neurons in the model: pos, ranked by absolute_deviation"
    apart, bands = title["subtitle"]
    assert apart.lower() == ", ".join(curve.variant)
    assert bands.startswith("Bands of top and bottom")


def test_a_comparison_has_each_ranking_once_and_the_random_order_once(
    curves_in_model: Callable[..., pd.DataFrame],
) -> None:
    names = ["linear_correlation", "variance", "cross_model"]
    curves = list(curves_of(pd.concat(map(curves_in_model, names))))
    spec = specification(comparison_chart(curves))
    drawn = data_of(spec, 0)
    counts = drawn.groupby(["ranking", "order"]).size()
    lines = [(name, order) for name in names for order in ("top", "bottom")]
    assert dict(counts) == dict.fromkeys([*lines, ("random", "random")], 6)
    top = drawn[(drawn["ranking"] == "variance") & (drawn["order"] == "top")]
    assert top["value"].tolist() == curves[1].points.query("order == 'top'")["value"].tolist()
    encoding = spec["layer"][0]["encoding"]
    colours = encoding["color"]["scale"]
    assert colours["domain"] == [*names, "random"]
    assert len(set(colours["range"])) == 4
    assert encoding["y"]["title"] == "BLEU"
    assert "ablated in the model" in spec["title"]["text"]


def test_perplexities_are_drawn_by_their_logarithms(
    curves_in_model: Callable[..., pd.DataFrame],
) -> None:
    table = curves_in_model().assign(metric="perplexity", value=20.0)
    curves = list(curves_of(table))
    for chart in (comparison_chart(curves), ablation_chart(curves[0])):
        scales = [
            layer["encoding"]["y"]["scale"]
            for layer in specification(chart)["layer"]
            if "scale" in layer["encoding"].get("y", {})
        ]
        assert scales
        assert {scale["type"] for scale in scales} == {"log"}


def test_every_k_of_many_neurons_can_be_drawn(curve_table: pd.DataFrame) -> None:
    ids = np.arange(3000)
    top = curve_table.iloc[[0] * 3000].assign(neurons=ids, fraction=ids / 3000)
    table = pd.concat([top, top.assign(order="bottom")], ignore_index=True)
    (curve,) = curves_of(table)
    assert len(data_of(specification(ablation_chart(curve)), 1)) == 6000


def test_the_heat_map_outlines_the_chosen_point_and_marks_the_unfinished(make_run: MakeRun) -> None:
    grid = read_run(make_run()).lambda_grid
    spec = specification(lambda_grid_chart(grid))
    heat, outline, text, mark = spec["layer"]
    assert outline["transform"] == [{"filter": "datum.selected"}]
    assert mark["transform"] == [{"filter": "datum.unconverged"}]
    cells = data_of(spec, 0)
    assert len(cells) == 25
    assert cells["unconverged"].sum() == 5
    assert cells.loc[cells["selected"], "strength1"].tolist() == ["1e-5"]
    titles = {tooltip["title"] for tooltip in heat["encoding"]["tooltip"] if "title" in tooltip}
    assert {"non-zero weights", "dev accuracy", "above tolerance"} <= titles
    assert text["encoding"]["text"]["field"] == "accuracy_dev"
    assert "▲" in spec["title"]["subtitle"]


def test_a_grid_without_optional_columns_is_drawn(make_run: MakeRun) -> None:
    grid = read_run(make_run()).lambda_grid.drop(columns=["converged", "residual"])
    spec = specification(lambda_grid_chart(grid))
    assert "▲" not in spec["title"]["subtitle"]


def test_grid_axes_are_in_order_of_strength(make_run: MakeRun) -> None:
    grid = read_run(make_run()).lambda_grid.sample(frac=1, random_state=0)
    encoding = specification(lambda_grid_chart(grid))["layer"][0]["encoding"]
    assert encoding["x"]["sort"] == ["0", "1e-6", "1e-5", "1e-4", "1e-3"]
    assert encoding["y"]["sort"] == encoding["x"]["sort"][::-1]  # drawn from the top


def test_both_charts_of_a_curve_name_and_write_what_is_measured_alike(
    curve_table: pd.DataFrame,
) -> None:
    other = curve_table.assign(ranking="variance")
    curves = list(curves_of(pd.concat([curve_table, other], ignore_index=True)))
    axes = [
        specification(chart)["layer"][layer]["encoding"]["y"]
        for chart, layer in ((ablation_chart(curves[0]), 1), (comparison_chart(curves), 0))
    ]
    assert [axis["title"] for axis in axes] == ["Accuracy"] * 2
    assert [axis["axis"]["format"] for axis in axes] == [".0%"] * 2
