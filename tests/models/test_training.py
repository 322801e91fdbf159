import csv
import json
import logging
import math
from dataclasses import replace

import pytest
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import CSVLogger

from onegrain.errors import UserError
from onegrain.models.evaluation import prediction_score, translation_score
from onegrain.models.saved import load_model
from onegrain.models.training import kept_epoch, train_model
from onegrain.precision import has_bf16_lstm
from onegrain.settings import Optimizer, Precision, Progress, Schedule, TextSettings

TEXT = TextSettings()
BF16 = pytest.mark.skipif(not has_bf16_lstm("cpu"), reason="this processor has no LSTM in bf16")


@pytest.fixture(scope="module")
def trained_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(trained_folder, splits, small, trainer):
    if not (trained_folder / "metrics.json").exists():
        trainer.epochs, trainer.batch_size = 18, 8
        train_model(splits.train, splits.dev, small, trainer, TEXT, 1, trained_folder)
    return trained_folder


def test_a_small_language_is_learned(trained, splits, small):
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["train/accuracy"] > 0.9
    assert 1 < metrics["train/perplexity"] < 1.3
    assert metrics["train/epochs"] == 18
    assert metrics["train/seconds"] > 0
    assert metrics["train/tokens_per_second"] > 0
    assert translation_score(load_model(trained), splits.test, small).score > 80


def test_the_folder_holds_what_it_should_and_no_checkpoints(trained):
    assert sorted(path.name for path in trained.iterdir()) == [
        "epochs.csv",
        "metrics.json",
        "model.json",
        "model.safetensors",
        "source.json",
        "target.json",
    ]


def test_the_epoch_of_the_lowest_dev_loss_is_kept(trained, splits):
    with (trained / "epochs.csv").open() as file:
        losses = [float(row["dev/loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 18
    loss = math.log(prediction_score(load_model(trained), splits.dev).perplexity)
    assert loss == pytest.approx(min(losses), rel=0.02)  # trained in bf16, where it is fast


@pytest.mark.parametrize(
    ("model", "schedule"),
    [
        ("small", Schedule.one_cycle),
        ("small", Schedule.decay),
        ("small_lm", Schedule.one_cycle),
        ("small_tagger", Schedule.one_cycle),
    ],
)
def test_killed_training_goes_on_exactly_as_if_it_had_not_been(
    tmp_path, kill_during, splits, model, trainer, schedule, request
):
    small = request.getfixturevalue(model)
    trainer.schedule = schedule
    trainer.decay_from = 2
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_model(splits.train, splits.dev, small, trainer, TEXT, 1, whole)
    with pytest.raises(kill_during.error):
        train_model(
            splits.train,
            splits.dev,
            small,
            trainer,
            TEXT,
            1,
            broken,
            callbacks=[kill_during(1)],
        )
    assert not (broken / "metrics.json").exists()
    train_model(splits.train, splits.dev, small, trainer, TEXT, 1, broken)

    assert (whole / "model.safetensors").read_bytes() == (broken / "model.safetensors").read_bytes()
    untimed = [
        [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader((folder / "epochs.csv").open())
        ]
        for folder in (whole, broken)
    ]
    assert untimed[0] == untimed[1]


class Interrupted(Callback):
    """Ctrl-C, in the middle of an epoch."""

    def on_train_batch_end(self, *_, **__):
        raise KeyboardInterrupt


def test_ctrl_c_in_training_is_ctrl_c_to_who_called(tmp_path, splits, small, trainer):
    with pytest.raises(KeyboardInterrupt):
        train_model(
            *(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path),
            callbacks=[Interrupted()],
        )


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_random_state_alone(
    tmp_path, splits, small, trainer
):
    trainer.epochs = 1
    for name in ("one", "two"):
        torch.manual_seed(17)
        train_model(splits.train, splits.dev, small, trainer, TEXT, 5, tmp_path / name)
        drawn = torch.rand(1)
        torch.manual_seed(17)
        assert torch.equal(drawn, torch.rand(1))
        torch.rand(3)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("precision", [pytest.param(Precision.bf16, marks=BF16), Precision.fp32])
def test_every_precision_trains_with_and_without_input_feeding(
    tmp_path, splits, small, trainer, precision, input_feeding
):
    trainer.epochs, trainer.precision, small.input_feeding = 2, precision, input_feeding
    train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)
    with (tmp_path / "epochs.csv").open() as file:
        losses = [float(row["train/loss"]) for row in csv.DictReader(file)]
    assert losses[1] < losses[0]


def test_sgd_with_the_toolkits_decay_halves_the_rate_from_the_epoch_on(
    tmp_path, splits, small, trainer
):
    trainer.optimizer, trainer.schedule = Optimizer.sgd, Schedule.decay
    trainer.learning_rate, trainer.decay_from, trainer.init_range = 1.0, 3, 0.1
    train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)
    with (tmp_path / "epochs.csv").open() as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates == [1.0, 1.0, 0.5]


def test_each_epoch_is_a_line_in_the_log_and_a_step_of_the_logger(
    tmp_path, splits, small, trainer, caplog
):
    trainer.epochs = 2
    logger = CSVLogger(tmp_path / "logs")
    with caplog.at_level(logging.INFO):
        train_model(
            splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path / "model", logger=logger
        )
    assert [line.split(":")[0] for line in caplog.messages] == ["epoch 1 of 2", "epoch 2 of 2"]
    logger.save()
    with (tmp_path / "logs/lightning_logs/version_0/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {"epoch", "step", "train/loss", "dev/loss", "dev/perplexity", "dev/accuracy"}
    assert set(rows[0]) == names
    assert [row["epoch"] for row in rows] == ["1", "2"]


def test_settings_that_cannot_work_are_named(tmp_path, splits, small, trainer):
    trainer.epochs = 0
    with pytest.raises(UserError, match=r"trainer\.epochs"):
        train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)
    trainer.epochs, trainer.accelerator = 1, "abacus"
    with pytest.raises(UserError, match=r"trainer\.accelerator=abacus"):
        train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)


def test_a_bar_takes_the_place_of_the_lines(tmp_path, splits, small, trainer, caplog):
    trainer.epochs, trainer.progress = 1, Progress.bar
    with caplog.at_level(logging.INFO):
        train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)
    assert not caplog.messages
    assert (tmp_path / "metrics.json").exists()


def test_data_that_cannot_train_a_translator_is_named(tmp_path, splits, small, trainer):
    alone = replace(splits.train, translation=None)
    with pytest.raises(UserError, match="no translation"):
        train_model(alone, splits.dev, small, trainer, TEXT, 1, tmp_path)
    with pytest.raises(UserError, match="no sentence pairs"):
        train_model(splits.train, splits.dev.select([]), small, trainer, TEXT, 1, tmp_path)


def test_a_language_model_learns_from_the_source_side_alone(tmp_path, splits, small_lm, trainer):
    trainer.epochs, trainer.batch_size = 8, 8
    train, dev = (replace(part, translation=None) for part in (splits.train, splits.dev))
    train_model(train, dev, small_lm, trainer, TEXT, 1, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"epochs.csv", "metrics.json", "model.json", "model.safetensors", "source.json"}
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    # 5 nouns, 4 verbs and, in 60%, one more noun are drawn for 6.2 words and ends on average.
    best = math.exp((math.log(5) + math.log(4) + 0.6 * math.log(5) + 0.673) / 6.2)
    assert best * 0.95 < metrics["train/perplexity"] < best * 1.15
    assert metrics["train/sentences"] == 240
    with (tmp_path / "epochs.csv").open() as file:
        dev = [float(row["dev/perplexity"]) for row in csv.DictReader(file)]
    assert metrics["train/perplexity"] == min(dev)


def test_a_language_model_needs_sentences(tmp_path, splits, small_lm, trainer):
    with pytest.raises(UserError, match="no sentences"):
        train_model(splits.train, splits.dev.select([]), small_lm, trainer, TEXT, 1, tmp_path)


def test_kept_epochs_are_whole_models_as_they_were_then(tmp_path, splits, small, trainer):
    trainer.epochs, trainer.keep_epochs, trainer.precision = 3, [1, 3], Precision.fp32
    train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)
    with (tmp_path / "epochs.csv").open() as file:
        losses = {int(row["epoch"]): float(row["dev/loss"]) for row in csv.DictReader(file)}
    for epoch in (1, 3):
        folder = kept_epoch(tmp_path, epoch)
        measured = prediction_score(load_model(folder), splits.dev)
        metrics = json.loads((folder / "metrics.json").read_text())
        assert math.log(metrics["train/perplexity"]) == pytest.approx(losses[epoch], rel=1e-4)
        assert measured.perplexity == pytest.approx(metrics["train/perplexity"], rel=1e-4)
        assert metrics["train/epochs"] == epoch
    assert {path.name for path in (tmp_path / "epochs").iterdir()} == {"1", "3"}


@pytest.mark.skipif(has_bf16_lstm("cpu"), reason="this processor has an LSTM in bf16")
def test_bf16_is_refused_in_a_line_where_no_lstm_runs_in_it(tmp_path, splits, small, trainer):
    trainer.precision = Precision.bf16
    with pytest.raises(UserError, match=r"trainer\.precision=bf16: .* take auto or fp32"):
        train_model(splits.train, splits.dev, small, trainer, TEXT, 1, tmp_path)
