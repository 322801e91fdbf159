from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = (REPOSITORY / ".." / "shared" / "data").resolve()
PLACES = (
    f"data.root={DATA / 'tatoeba'}",
    f"task.root={DATA / 'ud' / 'UD_English-EWT'}",
)
SIZES = ("data.train_sentences=400", "task.train_sentences=200", "task.column=xpos")


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_the_shipped_experiment_reads_tatoeba_and_ewt(
    tmp_path: Path, train: Callable[..., Any]
) -> None:
    run = train(tmp_path, "experiment=tatoeba_ewt", "debug=fast", *PLACES, *SIZES)
    assert (run.code, run.stderr) == (0, "")
    metrics = run.metrics
    assert metrics["train/sentences"] == 400
    assert metrics["probe/labels"] > 30  # EWT has 50 XPOS tags, UPOS are 17
    assert 0.2 < metrics["probe/unknown_share"] < 0.6  # of a vocabulary from 400 sentences
    assert "<script" in (run.folder / "report.html").read_text(encoding="utf-8")
