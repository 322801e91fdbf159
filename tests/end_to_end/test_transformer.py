"""A pretrained transformer from a folder to the page, offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SIZES = ("debug=fast", "lambda_grid=single")


@pytest.fixture(scope="module")
def bert_run(
    tmp_path_factory: pytest.TempPathFactory,
    train: Callable[..., Any],
    tiny_transformer: Callable[[str], Path],
) -> Any:
    return train(
        tmp_path_factory.mktemp("bert"),
        *("model=transformer", f"model.path={tiny_transformer('bert')}", *SIZES),
        *("model.truncated=drop", "model.max_length=20", "model.special_tokens=true"),
        *("ablation.targets=[probe_mask,model]", "ablation.model.sentences=5"),
    )


def test_it_goes_from_a_folder_to_the_page(bert_run: Any) -> None:
    assert (bert_run.code, bert_run.stderr) == (0, "")
    neurons = bert_run.table("neurons.csv")
    assert set(neurons["component"]) == {"transformer"}
    assert set(neurons["layer"]) == {0, 1, 2}
    assert (neurons.groupby("ranking").size() == 3 * 8).all()
    assert "<script" in (bert_run.folder / "report.html").read_text(encoding="utf-8")


def test_words_that_are_cut_off_are_counted(bert_run: Any) -> None:
    assert "words are left out, beyond the 20 pieces" in bert_run.stdout


def test_it_is_ablated_inside_at_its_one_site(bert_run: Any) -> None:
    curves = bert_run.table("curves.csv")
    inside = curves[curves["target"] == "model"]
    assert set(inside["site"]) == {"layer_output"}
    assert set(inside["metric"]) == {"perplexity"}
    assert (inside["value"] > 1).all()


def test_an_encoder_decoder_is_measured_by_its_translations(
    tmp_path: Path, train: Callable[..., Any], tiny_transformer: Callable[[str], Path]
) -> None:
    run = train(
        tmp_path,
        *("model=transformer", f"model.path={tiny_transformer('t5')}", *SIZES),
        *("ablation.targets=[model]", "ablation.model.clamps=[zero,mean,resample]"),
        *("ablation.model.fractions=[0,1]", "ablation.model.sentences=3"),
        *("model.translation.max_decode_extra=3", "ranking.methods=[variance]"),
    )
    assert (run.code, run.stderr) == (0, "")
    curves = run.table("curves.csv")
    assert set(curves["metric"]) == {"bleu"}
    assert set(curves["clamp"]) == {"zero", "mean", "resample"}
    assert (curves["low"] <= curves["value"]).all()
    assert run.metrics["ablation/model/bleu_signature"].startswith("nrefs:1|case:mixed")


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, train: Callable[..., Any]) -> None:
    pytest.importorskip("transformers")
    run = train(tmp_path, "model=transformer", "debug=fast", "model.path=/no/such/folder")
    assert run.code != 0
    assert "model.path=/no/such/folder: no such folder" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr
