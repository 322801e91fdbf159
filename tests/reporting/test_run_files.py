from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onegrain.errors import UserError
from onegrain.reporting.meaning_files import MEANING_COLUMNS, Meaning
from onegrain.reporting.run_contract import (
    AGREEMENT_COLUMNS,
    CURVE_COLUMNS,
    LAMBDA_GRID_COLUMNS,
    NEURON_COLUMNS,
)
from onegrain.reporting.run_files import read_run, write_run_files

MakeRun = Callable[..., Path]
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def tables(labels: list[str], scores: list[float]) -> dict[str, pd.DataFrame]:
    count = len(labels)
    neurons = pd.DataFrame({name: range(count) for name in NEURON_COLUMNS})
    neurons = neurons.assign(ranking="x", component="encoder", direction="", score=scores)
    return {
        "curves": pd.DataFrame(columns=CURVE_COLUMNS),
        "neurons": neurons.assign(best_label=labels, top_words=labels),
        "lambda_grid": pd.DataFrame(columns=LAMBDA_GRID_COLUMNS),
        "agreement": pd.DataFrame(columns=AGREEMENT_COLUMNS),
    }


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(WORDS, NUMBERS), max_size=5))
def test_any_word_and_number_is_read_back_as_written(rows: list[tuple[str, float]]) -> None:
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    with tempfile.TemporaryDirectory() as folder:
        write_run_files(Path(folder), metrics={"a/b": 0.1}, **tables(labels, scores))
        neurons = read_run(Path(folder)).neurons
    assert list(neurons["best_label"]) == labels
    assert list(neurons["score"]) == scores


def test_words_that_look_like_missing_values_or_numbers_stay_words(tmp_path: Path) -> None:
    words = ["NA", "null", "None", "nan", "007", "1e3", "", " ", "True"]
    write_run_files(tmp_path, metrics={}, **tables(words, [0.0] * len(words)))
    assert list(read_run(tmp_path).neurons["top_words"]) == words


def test_a_whole_run_is_read_back(make_run: MakeRun) -> None:
    run = read_run(make_run())
    assert run.metrics["probe/accuracy"] == 0.912
    assert run.settings["data"]["text"]["lowercase"] is True
    assert len(run.neurons) == 256
    assert run.lambda_grid["selected"].sum() == 1
    assert run.name == "2026-11-21/10-02-11-k3f9"
    assert run.command == "python train.py model.hidden=64 'data.pair='\"'\"'en-fr'\"'\"'' seed=1"


def test_the_files_keep_the_contract_and_put_further_columns_last(make_run: MakeRun) -> None:
    folder = make_run()
    headers = {
        name: (folder / name).read_text().splitlines()[0].split(",")
        for name in ("curves.csv", "neurons.csv", "lambda_grid.csv", "agreement.csv")
    }
    assert tuple(headers["curves.csv"]) == CURVE_COLUMNS
    assert tuple(headers["neurons.csv"]) == (*NEURON_COLUMNS, "best_label", "top_words")
    assert tuple(headers["lambda_grid.csv"][:7]) == LAMBDA_GRID_COLUMNS
    assert tuple(headers["agreement.csv"]) == AGREEMENT_COLUMNS
    assert not list(folder.glob(".*.part"))


def test_a_table_is_a_file_when_it_has_rows_but_for_the_three_that_every_run_has(
    make_run: MakeRun, meaning: Meaning
) -> None:
    always = {"metrics.json", "curves.csv", "neurons.csv", "lambda_grid.csv"}
    found = {
        path.name
        for folder in [make_run(meaning=meaning)]
        for path in folder.iterdir()
        if path.is_file()
    }
    further = {"agreement.csv", "minimal.csv", "neuron_sets.csv"}
    assert found == always | further | {f"{name}.csv" for name in MEANING_COLUMNS}
    nothing = {name: pd.DataFrame() for name in ("minimal", "neuron_sets", "judges", "control")}
    nothing |= tables([], []) | {"label_orders": pd.DataFrame()}
    folder = make_run(meaning=Meaning.nothing(), **nothing)  # in the same place, again
    assert {path.name for path in folder.iterdir() if path.is_file()} == always
    assert read_run(folder).meaning.words.empty


def test_agreement_is_read_back_and_names_of_instances_are_words(make_run: MakeRun) -> None:
    agreement = read_run(make_run()).agreement
    assert agreement["kind"].tolist() == ["rankings", "instances"]
    assert agreement["other"].tolist() == ["variance", "2"]
    assert agreement["ranking"].tolist() == ["", "variance"]
    assert agreement["spearman"].tolist() == [0.25, 0.875]


def test_a_run_made_before_there_was_agreement_has_an_empty_table(make_run: MakeRun) -> None:
    folder = make_run()
    (folder / "agreement.csv").unlink()
    agreement = read_run(folder).agreement
    assert agreement.empty
    assert tuple(agreement.columns) == AGREEMENT_COLUMNS


def test_what_neurons_mean_is_read_back_from_a_file_for_each_table(
    make_run: MakeRun, meaning: Meaning
) -> None:
    folder = make_run(meaning=meaning)
    read = read_run(folder).meaning.tables()
    for name, table in meaning.tables().items():
        assert (folder / f"{name}.csv").is_file()
        pd.testing.assert_frame_equal(read[name], table[list(MEANING_COLUMNS[name])])


def test_words_of_neurons_that_look_like_numbers_stay_words(
    make_run: MakeRun, meaning: Meaning
) -> None:
    words = ["NA", "007", "1e3", ""]
    tables = meaning.tables() | {"words": meaning.words.head(4).assign(word=words)}
    assert read_run(make_run(meaning=Meaning(**tables))).meaning.words["word"].tolist() == words


def test_a_run_made_before_neurons_had_a_meaning_has_empty_tables(make_run: MakeRun) -> None:
    tables = read_run(make_run()).meaning.tables()
    assert all(table.empty for table in tables.values())
    assert {name: tuple(table.columns) for name, table in tables.items()} == MEANING_COLUMNS
    nothing = make_run(meaning=Meaning.nothing())
    assert all(table.empty for table in read_run(nothing).meaning.tables().values())


def test_metrics_that_are_not_finite_are_null_in_the_file(make_run: MakeRun) -> None:
    folder = make_run(metrics={"a/gap": math.nan, "a/perplexity": math.inf, "a/b": 1})
    assert json.loads((folder / "metrics.json").read_text())["a/gap"] is None
    metrics = read_run(folder).metrics
    assert math.isnan(metrics["a/gap"])
    assert math.isnan(metrics["a/perplexity"])


def test_a_missing_column_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    bad = tables(["x"], [0.0])
    bad["curves"] = bad["curves"].drop(columns="clamp")
    with pytest.raises(ValueError, match="'clamp'"):
        write_run_files(tmp_path / "run", metrics={}, **bad)
    assert not (tmp_path / "run").exists()


def test_a_run_made_without_a_command_line_has_no_settings(make_run: MakeRun) -> None:
    folder = make_run()
    for file in (folder / ".hydra").iterdir():
        file.unlink()
    (folder / ".hydra").rmdir()
    run = read_run(folder)
    assert run.settings == {}
    assert run.command is None


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("metrics.json", None, "no such file; is '.*' a run's folder"),
        ("curves.csv", None, "no such file"),
        ("metrics.json", '{"a": ', "metrics.json:1: not JSON"),
        ("metrics.json", "[1]", "expected an object"),
        ("metrics.json", '{"a": {"b": 1}}', "'a' must be a number or a text"),
        ("neurons.csv", "", "not a CSV table"),
        ("neurons.csv", b"\xff\xfe", "cannot be read"),
        ("neurons.csv", 'ranking\n"open\n', "not a CSV table"),
        ("curves.csv", "task,label\npos,", "its last line is cut off"),
        ("curves.csv", "task,label\n", "no column 'instance'"),
        ("lambda_grid.csv", ",".join(LAMBDA_GRID_COLUMNS) + "\n1,1,x,1,1,1,True\n", "'accuracy_d"),
        ("lambda_grid.csv", ",".join(LAMBDA_GRID_COLUMNS) + "\n1,1,1,1,1,1,yes\n", "True or False"),
        ("agreement.csv", "kind,ranking\n", "no column 'one'"),
        ("words.csv", "neuron,end\n", "words.csv: no column 'place'"),
        (".hydra/config.yaml", "a: [", "config.yaml: not YAML"),
        (".hydra/config.yaml", "- a", "must be a mapping"),
        (".hydra/overrides.yaml", None, "no such file"),
    ],
)
def test_a_broken_file_is_named_in_one_line(
    make_run: MakeRun, file: str, content: str | bytes | None, said: str
) -> None:
    folder = make_run()
    path = folder / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UserError, match=said) as error:
        read_run(folder)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value) or ".hydra" in str(error.value)


def test_reports_are_made_without_torch_hydra_or_wandb() -> None:
    code = (
        "import sys, onegrain.reporting.page, onegrain.reporting.tables;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'hydra', 'wandb')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
