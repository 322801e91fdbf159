import csv
import json
import logging
from dataclasses import replace

import pytest
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import CSVLogger

from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.models.evaluation import references, translation_score
from onegrain.models.saved import load_translator
from onegrain.models.training import encode_pairs, train_translator
from onegrain.settings import Optimizer, Precision, Progress, Schedule, TextSettings

TEXT = TextSettings()


class Killed(BaseException):
    """Not an Exception: Lightning must not get to tidy up."""


class KillDuringEpoch(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_end(self, trainer, *_):
        if trainer.current_epoch == self.epoch:
            raise Killed


@pytest.fixture(scope="module")
def trained_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(trained_folder, splits, small, trainer):
    if not (trained_folder / "metrics.json").exists():
        trainer.epochs, trainer.batch_size = 12, 8
        train_translator(splits, small, trainer, TEXT, 1, trained_folder)
    return trained_folder


def test_a_small_language_is_learned(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["train/bleu"] > 80
    assert metrics["train/accuracy"] > 0.9
    assert 1 < metrics["train/perplexity"] < 1.3
    assert "case:lc" in metrics["train/bleu_signature"]
    assert metrics["train/epochs"] == 12
    assert metrics["train/seconds"] > 0
    assert metrics["train/tokens_per_second"] > 0
    assert metrics["train/unknown_source"] == 0


def test_the_folder_holds_what_it_should_and_no_checkpoints(trained):
    assert sorted(path.name for path in trained.iterdir()) == [
        "epochs.csv",
        "metrics.json",
        "model.json",
        "model.safetensors",
        "source.json",
        "target.json",
    ]


def test_the_saved_translator_translates_as_its_metrics_say(trained, splits):
    translator = load_translator(trained)
    assert not translator.model.training
    metrics = json.loads((trained / "metrics.json").read_text())
    assert translation_score(translator, splits.test, lowercase=True).score == metrics["train/bleu"]


def test_the_epoch_of_the_lowest_dev_loss_is_kept(trained, splits):
    with (trained / "epochs.csv").open() as file:
        losses = [float(row["dev/loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 12
    translator = load_translator(trained)
    pairs = encode_pairs(splits.dev, translator.source, translator.target)
    batch = pairs[list(range(len(pairs)))]
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(translator.model(batch), batch.gold)
    assert float(loss) == pytest.approx(min(losses), rel=0.02)  # trained in bf16, where it is fast


@pytest.mark.parametrize("schedule", [Schedule.one_cycle, Schedule.decay])
def test_killed_training_goes_on_exactly_as_if_it_had_not_been(
    tmp_path, splits, small, trainer, schedule
):
    trainer.schedule = schedule
    trainer.decay_from = 2
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_translator(splits, small, trainer, TEXT, 1, whole)
    with pytest.raises(Killed):
        train_translator(splits, small, trainer, TEXT, 1, broken, callbacks=[KillDuringEpoch(1)])
    assert not (broken / "metrics.json").exists()
    train_translator(splits, small, trainer, TEXT, 1, broken)

    assert (whole / "model.safetensors").read_bytes() == (broken / "model.safetensors").read_bytes()
    untimed = [
        [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader((folder / "epochs.csv").open())
        ]
        for folder in (whole, broken)
    ]
    assert untimed[0] == untimed[1]


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_random_state_alone(
    tmp_path, splits, small, trainer
):
    trainer.epochs = 1
    for name in ("one", "two"):
        torch.manual_seed(17)
        train_translator(splits, small, trainer, TEXT, 5, tmp_path / name)
        drawn = torch.rand(1)
        torch.manual_seed(17)
        assert torch.equal(drawn, torch.rand(1))
        torch.rand(3)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("precision", [Precision.bf16, Precision.fp32])
def test_every_precision_trains_with_and_without_input_feeding(
    tmp_path, splits, small, trainer, precision, input_feeding
):
    trainer.epochs, trainer.precision, small.input_feeding = 2, precision, input_feeding
    train_translator(splits, small, trainer, TEXT, 1, tmp_path)
    with (tmp_path / "epochs.csv").open() as file:
        losses = [float(row["train/loss"]) for row in csv.DictReader(file)]
    assert losses[1] < losses[0]


def test_sgd_with_the_toolkits_decay_halves_the_rate_from_the_epoch_on(
    tmp_path, splits, small, trainer
):
    trainer.optimizer, trainer.schedule = Optimizer.sgd, Schedule.decay
    trainer.learning_rate, trainer.decay_from, trainer.init_range = 1.0, 3, 0.1
    train_translator(splits, small, trainer, TEXT, 1, tmp_path)
    with (tmp_path / "epochs.csv").open() as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates == [1.0, 1.0, 0.5]


def test_each_epoch_is_a_line_in_the_log_and_a_step_of_the_logger(
    tmp_path, splits, small, trainer, caplog
):
    trainer.epochs = 2
    logger = CSVLogger(tmp_path / "logs")
    with caplog.at_level(logging.INFO):
        train_translator(splits, small, trainer, TEXT, 1, tmp_path / "model", logger=logger)
    assert [line.split(":")[0] for line in caplog.messages] == ["epoch 1 of 2", "epoch 2 of 2"]
    logger.save()
    with (tmp_path / "logs/lightning_logs/version_0/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {"epoch", "step", "train/loss", "dev/loss", "dev/perplexity", "dev/accuracy"}
    assert set(rows[0]) == names
    assert [row["epoch"] for row in rows] == ["1", "2"]


def test_a_damaged_or_missing_translator_is_named(trained, tmp_path):
    with pytest.raises(UserError, match="not a whole trained translator"):
        load_translator(tmp_path)
    for name in ("model.json", "source.json", "target.json"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes((trained / "model.safetensors").read_bytes()[:999])
    with pytest.raises(UserError, match="not a whole trained translator"):
        load_translator(tmp_path)


def test_settings_that_cannot_work_are_named(tmp_path, splits, small, trainer):
    trainer.devices = 2
    with pytest.raises(UserError, match=r"trainer\.devices=2"):
        train_translator(splits, small, trainer, TEXT, 1, tmp_path)
    trainer.devices, trainer.epochs = 1, 0
    with pytest.raises(UserError, match=r"trainer\.epochs"):
        train_translator(splits, small, trainer, TEXT, 1, tmp_path)
    trainer.epochs, trainer.accelerator = 1, "abacus"
    with pytest.raises(UserError, match=r"trainer\.accelerator=abacus"):
        train_translator(splits, small, trainer, TEXT, 1, tmp_path)


def test_a_bar_takes_the_place_of_the_lines(tmp_path, splits, small, trainer, caplog):
    trainer.epochs, trainer.progress = 1, Progress.bar
    with caplog.at_level(logging.INFO):
        train_translator(splits, small, trainer, TEXT, 1, tmp_path)
    assert not caplog.messages
    assert (tmp_path / "metrics.json").exists()


def test_data_that_cannot_train_a_translator_is_named(tmp_path, splits, small, trainer):
    alone = replace(splits, train=replace(splits.train, translation=None))
    with pytest.raises(UserError, match="no translation"):
        train_translator(alone, small, trainer, TEXT, 1, tmp_path)
    nothing = replace(splits, dev=splits.dev.select([]))
    with pytest.raises(UserError, match="no sentence pairs"):
        train_translator(nothing, small, trainer, TEXT, 1, tmp_path)


def test_without_untouched_lines_the_references_are_the_words_detokenised():
    corpus = Corpus("fr", (("où", "est", "l'", "homme", "?"),))
    assert list(references(corpus)) == ["où est l'homme ?"]
    assert references(replace(corpus, text=("Où est l’homme?",))) == ("Où est l’homme?",)
