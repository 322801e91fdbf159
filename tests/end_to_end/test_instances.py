"""Two language models of the same settings, each analysed by a process of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

SAME = ("debug=fast", "model=nlm", "model.instances=2", "trainer.epochs=12")


@pytest.fixture(scope="module")
def both(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    store = tmp_path_factory.mktemp("shared") / "store"
    began = [
        start(tmp_path_factory.mktemp(name), *SAME, f"model.instance={name}", f"store={store}")
        for name in ("1", "2")
    ]
    finished = [each.finish() for each in began]
    assert [(each.code, each.stderr) for each in finished] == [(0, "")] * 2
    return finished


def test_each_model_is_trained_once(both: list[Any]) -> None:
    made = [name for run in both for name in re.findall(r"^(model/\S+): made", run.stdout, re.M)]
    assert len(made) == len(set(made)) == 2


def test_each_process_begins_with_the_instance_that_it_analyses(both: list[Any]) -> None:
    first = [re.search(r"^model/(\w+)", run.stdout, re.M).group(1) for run in both]
    assert first[0] != first[1]
    curves = [run.table("curves.csv") for run in both]
    assert [set(table["instance"]) for table in curves] == [{1}, {2}]


def test_a_language_model_goes_from_text_to_its_page(both: list[Any]) -> None:
    for run in both:
        metrics = run.metrics
        assert 1 < metrics["train/test_perplexity"] < 1000
        assert metrics["train/sentences"] == 150
        assert "train/bleu" not in metrics
        neurons = run.table("neurons.csv")
        assert set(neurons["component"]) == {"lm"}
        for _, rows in neurons.groupby("ranking"):
            assert sorted(rows["neuron"]) == list(range(16))
        curves = run.table("curves.csv")
        inside = curves[curves["target"] == "model"]
        assert set(inside["metric"]) == {"perplexity"}
        assert inside.loc[inside["fraction"] == 0, "value"].nunique() == 1
        assert "ablation/model/cross_model/drop@10%" in metrics
        assert (run.folder / "report.html").stat().st_size > 0
