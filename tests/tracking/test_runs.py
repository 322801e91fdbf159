from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from onegrain.settings import TrackingMode, TrackingSettings
from onegrain.tracking.panels import FRACTION
from onegrain.tracking.runs import TrackedRun, tracked_run

CONFIG = {"model": {"name": "nmt", "hidden": 64}, "data": {"text": {"lowercase": True}}, "seed": 1}
TOP = "ablation/probe_mask/keep/zero/pos/linear_correlation/top/accuracy"
RANDOM = "ablation/probe_mask/keep/zero/pos/linear_correlation/random/accuracy"

StartRun = Callable[..., AbstractContextManager[TrackedRun]]


@pytest.fixture
def start(tmp_path: Path) -> StartRun:
    settings = TrackingSettings(project="p", tags=["demo"])
    options = {"config": CONFIG, "job_type": "analyze", "group": "sweep", "name": "nmt pos"}
    return partial(tracked_run, settings, folder=tmp_path, **options)


def inspect(path: Path, *options: str) -> str:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in inspect(path).splitlines()]


def run_folders(folder: Path) -> list[Path]:
    return sorted((folder / "wandb").glob("offline-run-*"), key=lambda path: path.stat().st_mtime)


def history(path: Path) -> Iterator[dict[str, Any]]:
    return (r["history"]["item"] for r in records(path) if r["type"] == "history")


def curves() -> pd.DataFrame:
    fractions = np.linspace(0, 1, 11)
    shared = {"task": "pos", "instance": 0, "target": "probe_mask", "operation": "keep"}
    shared |= {"ranking": "linear_correlation", "clamp": "zero", "site": "", "metric": "accuracy"}
    rows = [
        {"label": label, "seed": seed, "order": order, "fraction": x, "value": x + seed, **shared}
        for order, seed in (("top", 1), ("bottom", 1), ("random", 1), ("random", 2))
        for label in ("", "NOUN")
        for x in fractions
    ]
    return pd.DataFrame(rows).assign(neurons=lambda t: (t["fraction"] * 10).round().astype(int))


def neurons() -> pd.DataFrame:
    return pd.DataFrame({"neuron": [3, 1], "score": [0.5, np.nan], "top_words": ["<b>", ""]})


def lambda_grid() -> pd.DataFrame:
    return pd.DataFrame({"lambda1": [0.0, 1e-5], "selected": [False, True]})


def test_a_run_holds_its_settings_nested_and_can_be_found(start: StartRun, tmp_path: Path) -> None:
    with start() as tracked:
        tracked.log_scalars({"probe/accuracy": 0.9, "train/bleu_signature": "nrefs:1"})
    summary = json.loads(inspect(tmp_path / "wandb", "--summary"))
    assert summary["config"] == CONFIG
    assert (summary["name"], summary["project"], summary["tags"]) == ("nmt pos", "p", ["demo"])
    assert (summary["state"], summary["exit_code"]) == ("finished", 0)
    assert summary["summary"]["probe/accuracy"] == 0.9
    assert summary["summary"]["train/bleu_signature"] == "nrefs:1"
    run = next(r["run"] for r in records(tmp_path / "wandb") if r["type"] == "run")
    assert (run["job_type"], run["run_group"]) == ("analyze", "sweep")


def test_every_point_of_a_curve_arrives_on_its_own_axis(start: StartRun, tmp_path: Path) -> None:
    with start() as tracked:
        tracked.log_curves(curves())
        tracked.log_tables(neurons=neurons(), lambda_grid=lambda_grid(), curves=curves())
    path = tmp_path / "wandb"
    points = [row for row in history(path) if FRACTION in row]
    assert [row[FRACTION] for row in points] == pytest.approx(np.linspace(0, 1, 11).tolist())
    assert points[0][TOP] == 1.0  # the first point, which W&B drops after a chart
    assert [row[RANDOM] for row in points] == pytest.approx([row[TOP] + 0.5 for row in points])
    metrics = [r["metric"] for r in records(path) if r["type"] == "metric"]
    axes = {metric.get("name"): metric.get("step_metric") for metric in metrics}
    assert axes[TOP] == axes[RANDOM] == FRACTION
    assert not [name for name in axes if name and "NOUN" in name]
    summary = json.loads(inspect(path, "--summary"))["summary"]
    assert summary[TOP]["mean"] == pytest.approx(1.5)
    assert summary["tables/curves"]["nrows"] == 88
    assert summary["tables/neurons"]["ncols"] == 3


def test_the_report_is_kept_byte_for_byte(start: StartRun, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("<!DOCTYPE html><title>λ</title>", encoding="utf-8")
    with start() as tracked:
        tracked.log_report(report)
    (kept,) = (tmp_path / "wandb").glob("offline-run-*/files/media/html/*.html")
    assert kept.read_bytes() == report.read_bytes()


class Constant(pl.LightningModule):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.value = value

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        self.log("train/value", self.value)
        return (self.weight * batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Lightning's advice on workers and logging
def test_lightning_writes_into_the_run_it_was_given(start: StartRun, tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        with start() as tracked:
            trainer = pl.Trainer(
                logger=tracked.lightning_logger(),
                max_steps=3,
                log_every_n_steps=1,
                accelerator="cpu",
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                default_root_dir=tmp_path,
            )
            trainer.fit(Constant(value), torch.utils.data.DataLoader(torch.ones(3, 1)))
            tracked.log_curves(curves())
    first, second = run_folders(tmp_path)
    for path, value in ((first, 1.0), (second, 2.0)):
        values = [row["train/value"] for row in history(path) if "train/value" in row]
        assert values == [value] * 3
        metrics = [r["metric"] for r in records(path) if r["type"] == "metric"]
        axes = {m.get("name") or m.get("glob_name"): m.get("step_metric") for m in metrics}
        assert axes["train/*"] == "trainer/global_step"
        assert axes[TOP] == FRACTION
        assert "*" not in axes


def test_runs_inside_each_other_stay_apart(start: StartRun, tmp_path: Path) -> None:
    with start() as outer, start() as inner:
        assert outer.run.id != inner.run.id
        inner.log_scalars({"x": 1})
        outer.log_scalars({"x": 2})
    found = {
        json.loads(inspect(path, "--summary"))["summary"]["x"] for path in run_folders(tmp_path)
    }
    assert found == {1, 2}


@pytest.mark.parametrize("crash", [RuntimeError("boom"), KeyboardInterrupt()])
def test_a_crash_marks_the_run_failed_and_goes_on(
    start: StartRun, tmp_path: Path, capfd: pytest.CaptureFixture[str], crash: BaseException
) -> None:
    with pytest.raises(type(crash)), start():
        raise crash
    summary = json.loads(inspect(tmp_path / "wandb", "--summary"))
    assert (summary["state"], summary["exit_code"]) == ("failed", 1)
    assert capfd.readouterr() == ("", "")


def test_a_disabled_run_takes_everything_and_writes_nothing(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("<p>", encoding="utf-8")
    folder = tmp_path / "run"
    settings = TrackingSettings(mode=TrackingMode.disabled)
    with tracked_run(
        settings, config=CONFIG, job_type="train", group="g", name="n", folder=folder
    ) as tracked:
        assert tracked.lightning_logger() is False
        tracked.log_scalars({"a/b": 1})
        tracked.log_curves(curves())
        tracked.log_tables(neurons=neurons(), lambda_grid=lambda_grid(), curves=curves())
        tracked.log_report(report)
    assert list(folder.iterdir()) == []


def test_empty_tables_are_left_out(start: StartRun, tmp_path: Path) -> None:
    nothing = curves().iloc[:0]
    with start() as tracked:
        tracked.log_curves(nothing)
        tracked.log_tables(
            neurons=neurons().iloc[:0], lambda_grid=lambda_grid().iloc[:0], curves=nothing
        )
    assert list(history(tmp_path / "wandb")) == []


def test_settings_name_the_group_and_the_run_if_they_say_so(tmp_path: Path) -> None:
    settings = TrackingSettings(group="mine", name="best", entity="us")
    with tracked_run(
        settings, config={}, job_type="train", group="sweep", name="nmt", folder=tmp_path
    ):
        pass
    run = next(r["run"] for r in records(tmp_path / "wandb") if r["type"] == "run")
    assert (run["run_group"], run["display_name"], run["entity"]) == ("mine", "best", "us")


ALONE = """
import sys
from pathlib import Path
import pandas as pd
from onegrain.settings import TrackingMode, TrackingSettings
from onegrain.tracking.runs import tracked_run

for mode in TrackingMode.disabled, TrackingMode.offline:
    folder = Path(sys.argv[1]) / mode.name
    names = {"config": {}, "job_type": "train", "group": "g", "name": "n"}
    with tracked_run(TrackingSettings(mode=mode), folder=folder, **names) as tracked:
        table = pd.DataFrame({"neuron": [3, 1]})
        tracked.log_tables(neurons=table, lambda_grid=table, curves=table)
"""


def test_nothing_is_left_in_the_users_home(tmp_path: Path) -> None:
    here = {name: v for name, v in os.environ.items() if not name.startswith(("WANDB_", "XDG_"))}
    here |= {"HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", ALONE, str(tmp_path / "runs")]
    subprocess.run(command, env=here, timeout=240, check=True)
    assert not list(files_in(tmp_path / "home"))
    assert not list((tmp_path / "runs" / "disabled").iterdir())
    assert len(list(tmp_path.glob("runs/offline/wandb/offline-run-*/files/media/**/*.json"))) == 3


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
