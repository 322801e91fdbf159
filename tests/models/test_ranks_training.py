"""Two processes train the model that one would."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.loggers import CSVLogger
from safetensors.torch import load_file

from onegrain.models.training import kept_epoch, train_model
from onegrain.settings import NmtModel, Precision, Strategy, TextSettings, TrainerSettings


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, splits: Any) -> dict[int, Path]:
    """What one process and two processes make."""
    model = NmtModel(hidden=12, layers=1, dropout=0.0, input_feeding=False)
    chosen = TrainerSettings(
        epochs=2,
        keep_epochs=[1],
        batch_size=16,
        learning_rate=1e-2,
        accelerator="cpu",
        precision=Precision.fp32,
        strategy=Strategy.ddp,
    )
    folders = {}
    for devices in (1, 2):
        folder = folders[devices] = tmp_path_factory.mktemp(f"by-{devices}")
        how = replace(chosen, devices=devices)
        logger = CSVLogger(folder, name="logged", version="")
        train_model(splits.train, splits.dev, model, how, TextSettings(), 1, folder, logger=logger)
        logger.finalize("success")
    return folders


def test_two_processes_give_the_weights_of_one(folders: dict[int, Path]) -> None:
    for place in (lambda folder: folder, lambda folder: kept_epoch(folder, 1)):
        one, two = (load_file(place(folders[n]) / "model.safetensors") for n in (1, 2))
        assert one.keys() == two.keys()
        for name in one:
            torch.testing.assert_close(two[name], one[name], atol=1e-5, rtol=0)


def test_what_is_measured_is_measured_on_all_words(folders: dict[int, Path]) -> None:
    timed = {"train/seconds", "train/tokens_per_second"}
    one, two = (json.loads((folders[n] / "metrics.json").read_text()) for n in (1, 2))
    assert one.keys() == two.keys()
    for name in one.keys() - timed:
        assert two[name] == pytest.approx(one[name], abs=1e-4), name
    rows = [list(csv.DictReader((folders[n] / "epochs.csv").open())) for n in (1, 2)]
    assert [row["epoch"] for row in rows[1]] == ["1", "2"]
    assert float(rows[1][1]["train/loss"]) == pytest.approx(
        float(rows[0][1]["train/loss"]), abs=1e-5
    )


def test_the_logger_has_the_same_epochs_at_the_same_steps(folders: dict[int, Path]) -> None:
    logged = [list(csv.DictReader((folders[n] / "logged/metrics.csv").open())) for n in (1, 2)]
    steps = [[(row["epoch"], row["step"]) for row in rows] for rows in logged]
    assert steps[0] == steps[1]
    assert len(steps[0]) == 2
