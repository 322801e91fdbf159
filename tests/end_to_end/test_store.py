"""What is done is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

OTHER_PROBE = (
    *("debug=fast", "trainer.epochs=25", "model.instances=1", "ranking=linear_correlation"),
    *("ablation=probe_mask", "probe=neurox", "probe.epochs=4"),
    *("lambda_grid.lambda1=[0,1e-4]", "probe.selection=sparsest", "ablation.clamps=[mean]"),
)


def entries(workplace: Path, stage: str) -> dict[str, int]:
    folder = workplace / "outputs" / "store" / stage
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir() if not p.name.startswith(".")}


def test_another_grid_and_probe_train_and_record_nothing_again(
    spine_run: Any, train: Callable[..., Any]
) -> None:
    workplace = spine_run.cwd
    before = {stage: entries(workplace, stage) for stage in ("model", "activations", "probe")}
    again = train(workplace, *OTHER_PROBE)
    assert (again.code, again.stderr) == (0, "")
    assert again.folder != spine_run.folder
    assert again.stdout.count("found in the store") == 6  # model, scores and four recordings
    assert not re.search(r"^(epoch \d|recorded)", again.stdout, re.MULTILINE)
    for stage in ("model", "activations"):
        assert entries(workplace, stage) == before[stage]
    # two points, the chosen one, and a control
    assert len(entries(workplace, "probe")) == len(before["probe"]) + 3
    assert again.table("lambda_grid.csv")["lambda1"].to_list() == [0.0, 1e-4]
    assert set(again.table("curves.csv")["clamp"]) == {"mean"}
    of_training = {k: v for k, v in spine_run.metrics.items() if k.startswith("train/")}
    assert of_training.items() <= again.metrics.items()


def test_another_grid_measures_in_the_model_its_own_ranking_only(
    spine_run: Any, train: Callable[..., Any]
) -> None:
    workplace = spine_run.cwd
    inside = (
        *("debug=fast", "trainer.epochs=25", "model.instances=1", "ablation=model"),
        *("ranking.methods=[linear_correlation,variance]", "ablation.model.fractions=[0.3]"),
    )
    first = train(workplace, *inside, "lambda_grid.lambda1=[0]", "lambda_grid.lambda2=[1e-3]")
    before = entries(workplace, "ablated")
    again = train(workplace, *inside, "lambda_grid.lambda1=[3e-2]", "lambda_grid.lambda2=[0]")
    assert (first.code, again.code) == (0, 0)
    after = entries(workplace, "ablated")
    assert len(before) == 4  # the whole model, random orders, and the ends of two rankings
    assert len(after) == 5
    assert before.items() <= after.items()
    curves = [run.table("curves.csv") for run in (first, again)]
    by_probe, others = (
        [rows[rows["ranking"] == name].reset_index(drop=True) for rows in curves]
        for name in ("linear_correlation", "variance")
    )
    assert others[0].equals(others[1])
    assert not by_probe[0].equals(by_probe[1])
