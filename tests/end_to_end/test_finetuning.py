"""A model as it comes and tuned, probed for the same task and compared, at sizes of seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from onegrain import pipeline
from onegrain.configuration import compose_settings
from onegrain.errors import UserError
from onegrain.reporting.comparison.page import write_comparison
from onegrain.settings import plain

CONF = Path(__file__).resolve().parents[2] / "conf"
GOLD = ("task.root=null", "tuning.task.root=null", "task@tuning.task=pos")  # of the grammar
QUICK = ("debug=fast", "trainer.accelerator=cpu", "probe.control=false", *GOLD)
INSIDE = ("ablation.targets=[probe_mask,model]", "ablation.model.clamps=[zero,mean,resample]")


def start(folder: Path, store: Path, *overrides: str) -> dict[str, float | int | str]:
    words = [*overrides, *QUICK, f"store={store}"]
    settings = compose_settings(CONF, words)
    metrics = pipeline.run(settings, folder, words)
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "config.yaml").write_text(json.dumps(plain(settings)))
    (folder / ".hydra" / "overrides.yaml").write_text(json.dumps(words))
    return metrics


def content_of(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def test_before_and_after_stand_side_by_side(
    tmp_path: Path, tiny_transformer: Callable[[str], Path]
) -> None:
    base = tiny_transformer("bert")
    before, store = content_of(base), tmp_path / "store"
    experiment = ("experiment=jmlr_finetuning", f"model.path={base}", "model.truncated=drop")
    plainly = start(tmp_path / "sweep" / "0", store, *experiment, "tuning=none")
    tuned = start(tmp_path / "sweep" / "1", store, *experiment, "tuning=tokens", *INSIDE)
    assert content_of(base) == before
    assert "train/tagging_accuracy" not in plainly
    assert 0 <= float(tuned["train/tagging_accuracy"]) <= 1
    (folder,) = (store / "tuned").glob("[!.]*")
    assert (folder / "tokenizer.json").exists()

    curves = pd.read_csv(tmp_path / "sweep" / "1" / "curves.csv", keep_default_na=False)
    inside = curves[curves["target"] == "model"]
    assert set(inside["clamp"]) == {"zero", "mean", "resample"}
    assert set(inside["metric"]) == {"accuracy"}

    page = write_comparison([tmp_path / "sweep"], tmp_path / "sweep").read_text()
    assert "tuning: none, tokens" in page or "tuning.name: none, tokens" in page
    moved = pd.read_csv(tmp_path / "sweep" / "comparison" / "moves.csv")
    assert {"ranking", "label"} <= set(moved["kind"])


def test_a_language_model_is_made_from_nothing_and_measured_inside(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    words = ("model=transformer", "tuning=words", "ranking=random", *INSIDE)
    metrics = start(tmp_path / "run", tmp_path / "store", *words, "ablation.model.sentences=5")
    assert float(metrics["train/test_perplexity"]) > 1
    curves = pd.read_csv(tmp_path / "run" / "curves.csv", keep_default_na=False)
    assert set(curves.loc[curves["target"] == "model", "metric"]) == {"perplexity"}


def test_a_wrong_line_is_said_before_anything_is_made_but_text(
    tmp_path: Path, tiny_transformer: Callable[[str], Path]
) -> None:
    (tmp_path / "bad.tsv").write_text("a film\tgood\nno label\n")
    base = f"model.path={tiny_transformer('bert')}"
    words = ("model=transformer", base, "tuning=sentences", f"tuning.train={tmp_path}/bad.tsv")
    with pytest.raises(UserError, match=r"bad\.tsv:2: expected 'sentence<TAB>label'"):
        start(tmp_path / "run", tmp_path / "store", *words)
    assert {path.name for path in (tmp_path / "store").glob("*")} <= {"text"}
