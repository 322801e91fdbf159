from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from onegrain.reporting.explorer import WORDS_SHOWN, explorer_payload
from onegrain.reporting.formatting import number
from onegrain.reporting.meaning_files import MEANING_COLUMNS
from onegrain.reporting.run_files import read_run

RANKING = "linear_correlation"
RANKINGS = [RANKING, "cross_model", "variance"]

CURVES = [
    *("task", "label", "instance", "seed", "target", "operation", "ranking", "order", "clamp"),
    *("site", "neurons", "fraction", "metric", "value", "low", "high"),
]
NEURONS = ["ranking", "rank", "neuron", "component", "layer", "direction", "unit", "score"]
LAMBDA_GRID = [
    *("lambda1", "lambda2", "accuracy_dev", "accuracy_test", "objective", "nonzero", "selected"),
]
AGREEMENT = ["kind", "ranking", "one", "other", "top", "overlap", "chance", "spearman"]
OF_FURTHER_TASKS = ("tasks", "task_neurons", "task_overlap")  # analysis.tasks is empty by default
METRICS = {
    *("train/bleu", "train/bleu_signature", "train/perplexity", "train/accuracy", "train/loss"),
    *("train/sentences", "train/unknown_source", "train/seconds", "train/best_epoch"),
    *("probe/accuracy", "probe/accuracy_dev", "probe/accuracy_train", "probe/macro_f1"),
    *("probe/majority_accuracy", "probe/lambda1", "probe/lambda2", "probe/objective"),
    *("probe/residual", "probe/nonzero", "probe/unconverged_points", "probe/unknown_share"),
    *(f"ablation/{target}/{r}/gap" for target in ("probe_mask", "model") for r in RANKINGS),
    *(f"ablation/probe_mask/{r}/top@{k}%_mean" for r in RANKINGS for k in (10, 15, 20)),
    *(f"ablation/probe_mask/{RANKING}/{o}@{k}%" for o in ("top", "bottom") for k in (10, 15, 20)),
    *(f"ablation/model/{r}/drop@{k}%" for r in RANKINGS for k in (2.5, 10)),
    *("ablation/model/bleu_signature", "ranking/agreement/cross_model/variance/overlap@1"),
    *("ranking/instances/cross_model/overlap@1", "ranking/variance/unranked"),
    *("analysis/neurons_per_label", "analysis/exclusive_share", "analysis/accuracy_open"),
    *(f"analysis/{r}/{p}_share" for r in RANKINGS for p in ("pos", "word_number", "probe")),
}


def test_the_run_folder_holds_what_is_promised(default_run: Any) -> None:
    names = {path.name for path in default_run.folder.iterdir()}
    tables = {"curves.csv", "neurons.csv", "lambda_grid.csv", "agreement.csv", "metrics.json"}
    tables |= {"neuron_sets.csv", "label_orders.csv"}
    tables |= {f"{name}.csv" for name in MEANING_COLUMNS if name not in OF_FURTHER_TASKS}
    pages = {"report.html", "explorer.json", "figures"}
    assert names == tables | pages | {"run.log", ".hydra", "wandb"}
    assert {path.suffix for path in (default_run.folder / "figures").iterdir()} == {".svg"}
    assert default_run.folder.parent.parent == default_run.cwd / "outputs"


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        *(("curves.csv", CURVES), ("neurons.csv", NEURONS), ("lambda_grid.csv", LAMBDA_GRID)),
        ("agreement.csv", AGREEMENT),
        *(
            (f"{name}.csv", list(columns))
            for name, columns in MEANING_COLUMNS.items()
            if name not in OF_FURTHER_TASKS
        ),
    ],
)
def test_tables_begin_with_the_columns_of_the_contract(
    default_run: Any, name: str, columns: list[str]
) -> None:
    table = default_run.table(name)
    assert list(table.columns[: len(columns)]) == columns
    assert len(table) > 0


def test_metrics_are_flat_and_have_the_promised_names(default_run: Any) -> None:
    metrics = default_run.metrics
    assert set(metrics) >= METRICS
    assert all(isinstance(value, int | float | str) for value in metrics.values())
    assert "smooth:exp" in metrics["train/bleu_signature"]
    assert metrics["ablation/model/bleu_signature"] == metrics["train/bleu_signature"]


def test_every_neuron_is_ranked_once_and_one_point_of_the_grid_is_chosen(default_run: Any) -> None:
    neurons = default_run.table("neurons.csv")
    assert neurons["ranking"].unique().tolist() == RANKINGS
    for _, rows in neurons.groupby("ranking"):
        assert sorted(rows["neuron"]) == list(range(32))  # 2 directions of 16 units
        assert list(rows["rank"]) == list(range(1, 33))
    grid = default_run.table("lambda_grid.csv")
    assert grid["selected"].sum() == 1
    chosen = grid[grid["selected"]].iloc[0]
    assert chosen["accuracy_test"] == pytest.approx(default_run.metrics["probe/accuracy"])


@pytest.mark.parametrize("ranking", RANKINGS)
def test_curves_end_where_the_probe_is_whole(default_run: Any, ranking: str) -> None:
    curves = default_run.table("curves.csv")
    curves = curves[(curves["target"] == "probe_mask") & (curves["ranking"] == ranking)]
    curves = curves[curves["label"] == ""]
    assert set(curves["clamp"]) == {"zero", "mean"}
    seeds = curves.groupby("order")["seed"].nunique()
    assert dict(seeds) == {"top": 1, "bottom": 1, "random": 2}
    whole = curves[curves["fraction"] == 1]
    assert len(whole) == 2 * 4
    assert whole["value"].to_list() == pytest.approx([default_run.metrics["probe/accuracy"]] * 8)
    assert (curves["low"] <= curves["value"]).all()
    assert (curves["value"] <= curves["high"]).all()
    nothing = curves[curves["fraction"] == 0].groupby("clamp")["value"].nunique()
    assert set(nothing) == {1}  # no neuron is no neuron, in whatever order


def test_the_open_and_closed_labels_have_curves_and_the_neurons_words(default_run: Any) -> None:
    curves, labels = default_run.table("curves.csv"), default_run.table("labels.csv")
    of_labels = curves[curves["label"] != ""]
    assert set(of_labels["label"]) == set(labels.loc[labels["words_test"] > 0, "label"])
    assert {"open", "closed"} <= set(labels["word_class"])
    whole = of_labels[(of_labels["fraction"] == 1) & (of_labels["order"] == "top")]
    whole = whole[whole["ranking"] == RANKING].set_index("label")["value"]
    accuracy = labels.set_index("label")["accuracy"]
    for label, value in whole.items():
        assert value == pytest.approx(float(accuracy[label]))
    neurons, words = default_run.table("neurons.csv"), default_run.table("words.csv")
    first = neurons.iloc[0]
    own = words[(words["neuron"] == first["neuron"]) & (words["end"] == "top")]
    assert first["top_words"].split() == own["word"].tolist()[:5]
    explained = default_run.table("explained.csv")
    assert set(explained["property"]) >= {"pos", "morph", "sem", "word", "word_number"}
    assert explained["share"].between(0, 1).all()


def test_curves_in_the_model_meet_where_it_is_whole_and_where_it_is_empty(default_run: Any) -> None:
    curves = default_run.table("curves.csv")
    curves = curves[curves["target"] == "model"]
    assert set(curves["ranking"]) == set(RANKINGS)
    assert {(each.site, each.clamp) for each in curves.itertuples()} == {("recurrent", "zero")}
    assert set(curves["metric"]) == {"bleu"}
    for end in (0, 1):
        values = curves.loc[curves["fraction"] == end, "value"]
        assert len(values) == 3 * 3
        assert values.nunique() == 1
    assert curves["value"].nunique() > 3  # what is ablated makes a difference
    random = curves[curves["order"] == "random"]
    assert random.groupby("neurons")["value"].nunique().eq(1).all()  # the same for all rankings


def test_the_page_needs_nothing_beside_itself(default_run: Any) -> None:
    page = (default_run.folder / "report.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert "@import" not in page


def test_the_terminal_shows_a_table_and_where_the_page_is(default_run: Any) -> None:
    lines = default_run.stdout.splitlines()
    assert f"-> {default_run.folder}" in lines[0]
    assert lines[-1].endswith(str(default_run.folder / "report.html"))
    rows = [line for line in lines if "keep" in line]
    assert [re.search(r"keep (\d+)%", row).group(1) for row in rows] == ["10", "15", "20"] * 3
    rows = [line for line in lines if "ablate " in line]
    assert [re.search(r"ablate ([\d.]+)%", row).group(1) for row in rows] == ["2.5", "10"] * 3
    for noise in ("GPU available", "litlogger", "Trainer.fit", "Warning", "wandb:"):
        assert noise not in default_run.stdout


def test_the_log_has_the_epochs_and_hydra_the_settings(default_run: Any) -> None:
    text = (default_run.folder / "run.log").read_text(encoding="utf-8")
    assert len(re.findall(r"epoch \d+ of 25", text)) == 3 * 25  # of three instances
    assert len(re.findall(r"ablated in the model \((\w+), recurrent, zero\)", text)) == 3
    assert "hidden: 16" in (default_run.folder / ".hydra" / "config.yaml").read_text()


def test_no_connection_is_tried_and_nothing_is_written_elsewhere(
    default_run: Any, home: Path, fence_notes: Path
) -> None:
    assert not fence_notes.exists()
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert [path.name for path in default_run.cwd.iterdir()] == ["outputs"]


def test_weights_and_biases_has_a_run_for_each_model_and_one_for_what_was_done_with_it(
    default_run: Any, inspect: Callable[[Path], list[dict[str, Any]]]
) -> None:
    *models, analyzed = inspect(default_run.folder / "wandb")
    assert [run["job_type"] for run in (*models, analyzed)] == ["train"] * 3 + ["analyze"]
    assert {run["group"] for run in (*models, analyzed)} == {default_run.folder.name}
    trained = models[0]  # that which is analysed
    assert analyzed["config"]["model"]["hidden"] == 16
    metrics = default_run.metrics
    shown = (f"ablation/probe_mask/{RANKING}/gap", "ablation/model/variance/drop@10%")
    for name in ("train/bleu", "probe/accuracy", *shown):
        assert analyzed["summary"][name] == pytest.approx(metrics[name])
    assert trained["summary"]["train/bleu"] == pytest.approx(metrics["train/bleu"])
    losses = [point["dev/loss"] for point in trained["history"] if "dev/loss" in point]
    assert len(losses) == 25
    assert losses[-1] < losses[0]
    table = default_run.table("curves.csv")
    top = table[(table["order"] == "top") & (table["clamp"] == "zero")]
    top = top[(top["ranking"] == RANKING) & (top["label"] == "")].groupby("target")
    for target, curve in {
        "probe_mask": f"ablation/probe_mask/keep/zero/pos/{RANKING}/top/accuracy",
        "model": f"ablation/model/ablate/recurrent/zero/pos/{RANKING}/top/bleu",
    }.items():
        rows = top.get_group(target)
        drawn = {p["ablation/fraction"]: p[curve] for p in analyzed["history"] if curve in p}
        assert drawn == pytest.approx(dict(zip(rows["fraction"], rows["value"], strict=True)))


def test_the_explorer_says_of_neurons_what_the_tables_say(default_run: Any) -> None:
    shown = explorer_payload(read_run(default_run.folder))
    assert shown is not None
    page = json.loads(gzip.decompress(base64.b64decode(shown["text"])))

    served = [
        (label, place, neuron, abs(share))
        for label, pairs in zip(page["labels"], page["served"], strict=True)
        for place, (neuron, share) in enumerate(pairs, start=1)
    ]
    listed = default_run.table("label_neurons.csv")[["label", "place", "neuron", "mass"]]
    of_page = pd.DataFrame(served, columns=listed.columns)
    by = ["label", "place"]
    pd.testing.assert_frame_equal(
        of_page.sort_values(by, ignore_index=True),
        listed.sort_values(by, ignore_index=True),
        check_dtype=False,
        rtol=1e-5,
    )

    neurons = default_run.table("neurons.csv")
    for ranking in page["rankings"]:
        rows = neurons[neurons["ranking"] == ranking["name"]]
        assert [ranking["ranks"][neuron] for neuron in rows["neuron"]] == rows["rank"].tolist()
        assert [ranking["scores"][neuron] for neuron in rows["neuron"]] == [
            number(score) for score in rows["score"]
        ]
    places = [
        (block["component"], block["layer"], block["direction"], unit)
        for block in page["blocks"]
        for unit in range(block["width"])
    ]
    columns = ["component", "layer", "direction", "unit"]
    assert [places[neuron] for neuron in neurons["neuron"]] == list(
        neurons[columns].itertuples(index=False, name=None)
    )

    words = default_run.table("words.csv")
    for row in words[words["place"] <= WORDS_SHOWN].itertuples():
        word, mean, _, count = page["words"][row.neuron][row.end == "bottom"][row.place - 1]
        assert (word, count) == (row.word, row.count)
        assert mean == pytest.approx(row.mean)
