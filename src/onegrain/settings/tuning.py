"""Settings of the tuning of a transformer, before its neurons are studied."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from onegrain.settings.model import Optimizer, Pieces, Schedule, Strategy, TrainerSettings
from onegrain.settings.task import NerTask, TaskSettings

TUNINGS = ("none", "tokens", "sentences", "words")


@dataclass
class NewNetwork:
    """A BERT that is trained from scratch."""

    hidden: int = 128  # units of a layer
    layers: int = 4
    heads: int = 4  # of attention; a divisor of hidden
    max_length: int = 128  # pieces of a sentence, special ones included


@dataclass
class TuningSettings:
    """What a transformer is trained on here before it is studied: every weight of every layer."""

    name: str = "none"  # of TUNINGS: as it comes | labels of words | of sentences | hidden words
    task: TaskSettings = field(default_factory=NerTask)  # of tokens: whose labels are learned
    train: str | None = None  # of sentences: a file of sentence<TAB>label
    dev: str | None = None  # null: a tenth of train is held out, by hash
    test: str | None = None
    piece: Pieces = Pieces.last  # of tokens: the piece of a word that its label is read off
    masked: float = 0.15  # of words: the share of pieces that are hidden, and to be found
    network: NewNetwork = field(default_factory=NewNetwork)  # of words, where model.path is null
    epochs: int = 3  # the one of the lowest dev loss is kept
    batch_size: int = 16  # sentences, of similar length
    learning_rate: float = 5e-5  # reached after warmup; falls to 0 along a line
    warmup: float = 0.1  # the share of all steps in which it rises
    weight_decay: float = 0.01  # AdamW's, of matrices
    clip_norm: float = 1.0

    @property
    def is_on(self) -> bool:
        """Whether anything is trained."""
        return self.name != "none"

    @property
    def is_classifier(self) -> bool:
        """Whether labels are learned."""
        return self.name in ("tokens", "sentences")


def tuning_trainer(tuning: TuningSettings, trainer: TrainerSettings) -> TrainerSettings:
    """Return how a transformer is trained: on the device of a run, by the settings of its tuning.

    Example:
        >>> tuning_trainer(TuningSettings(epochs=2), TrainerSettings(accelerator="cpu")).epochs
        2
    """
    return replace(
        trainer,
        epochs=tuning.epochs,
        keep_epochs=[],
        batch_size=tuning.batch_size,
        optimizer=Optimizer.adamw,
        learning_rate=tuning.learning_rate,
        weight_decay=tuning.weight_decay,
        schedule=Schedule.linear,
        warmup=tuning.warmup,
        init_range=None,
        clip_norm=tuning.clip_norm,
        strategy=Strategy.single,  # its batches are not shared out
    )
