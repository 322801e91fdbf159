"""Settings of models, their training and the recording of their activations."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any


class Precision(Enum):
    """Number format of matrix products; weights and sums stay in fp32."""

    auto = "auto"  # bf16 where this machine is fast at it, else fp32
    bf16 = "bf16"
    fp32 = "fp32"


@dataclass
class ModelSettings:
    """A model whose neurons are studied."""

    name: str
    instances: int = 1  # models of the same settings
    instance: int = 1  # the one that is analysed


@dataclass
class LstmModel(ModelSettings):
    """A network of LSTM layers, trained here."""

    name: str = "nmt"
    hidden: int = 500  # units of one layer in one direction
    embedding: int | None = None  # null: as hidden
    layers: int = 2
    dropout: float = 0.3  # between layers and before the output layer
    instances: int = 3  # models of the same settings on disjoint equal parts of the data
    instance: int = 1  # the one that is analysed, and made first where the store has none
    epoch: int | None = None  # analyse it as it was then, of trainer.keep_epochs; null: the best


@dataclass
class SearchSettings:
    """How a translation is searched for; training does not depend on it."""

    beam: int = 1  # for the reported BLEU; 1 is greedy
    max_decode_ratio: float = 2.0  # a translation ends at this many pieces per source piece ...
    max_decode_extra: int = 10  # ... plus this many


@dataclass
class NmtModel(LstmModel, SearchSettings):
    """The AAAI 2019 translator: two independent direction stacks, attention, a decoder."""

    input_feeding: bool = True  # false: the decoder runs as one fused call in training


@dataclass
class NlmModel(LstmModel):
    """A unidirectional LSTM language model, on the source side of the data."""

    name: str = "nlm"


class Pieces(Enum):
    """Which of a word's pieces are its activation."""

    first = "first"
    last = "last"  # as the papers do
    mean = "mean"


class Truncated(Enum):
    """What becomes of words beyond the end of what a model can read."""

    error = "error"
    drop = "drop"  # left out with their labels, and counted


@dataclass
class TranslationSettings(SearchSettings):
    """How an encoder-decoder translates the lines of data=, for ablation=model."""

    prefix: str = ""  # before every line: what T5 is told to do, what a Marian is to write
    source_language: str | None = None  # as the tokenizer calls it, where it knows several
    target_language: str | None = None


@dataclass
class TransformerModel(ModelSettings):
    """A pretrained transformer as it comes; neurons are its embeddings and all layers' outputs."""

    name: str = "transformer"
    path: str | None = None  # a folder, or a name on the Hugging Face hub
    revision: str | None = None  # of a name: a branch, tag or commit; null: the newest
    pieces: Pieces = Pieces.last  # a word's activation is that of its first or last, or the mean
    special_tokens: bool = False  # [CLS] and the like are recorded too, as words without labels
    truncated: Truncated = Truncated.error  # words beyond max_length
    max_length: int | None = None  # pieces of a sentence, special ones included; null: the model's
    batch_tokens: int | None = None  # pieces in one forward pass; null: what suits the device
    head: bool = True  # load what predicts words (a decoder, too), if there is, for ablation=model
    translation: TranslationSettings = field(default_factory=TranslationSettings)


@dataclass
class RecordedModel(ModelSettings):
    """No network, but files of what its neurons did on the task's text, as NeuroX writes them."""

    name: str = "recorded"
    instances: int = 1
    train: str | None = None  # .json or .hdf5, of the words of task.train; must be given
    dev: str | None = None
    test: str | None = None


@dataclass
class TaggerModel(LstmModel):
    """The LSTM tagger of Xin et al. (EMNLP 2019), trained on the labelled text of the task."""

    name: str = "tagger"
    hidden: int = 50
    layers: int = 1
    dropout: float = 0.5  # of h, before the output layer, and between layers
    bidirectional: bool = False
    vectors: str | None = None  # a file in GloVe's text format; null: learned from scratch
    frozen: bool = False  # vectors stay as they are in the file


def network_settings(model: LstmModel) -> dict[str, Any]:
    """Return what a trained model depends on: not the search, nor which of how many it is, or when.

    Example:
        >>> network_settings(NmtModel(beam=5, instances=3)) == network_settings(NmtModel())
        True
    """
    others = {item.name for item in fields(SearchSettings)} | {"instances", "instance", "epoch"}
    others.add("vectors")  # a path; the vectors themselves are part of the text's symbols
    return {name: value for name, value in asdict(model).items() if name not in others}


class Optimizer(Enum):
    """Optimizers of the models."""

    adam = "adam"
    adamw = "adamw"  # Adam with the decay of weights kept apart from the gradient
    sgd = "sgd"


class Schedule(Enum):
    """Learning-rate schedules of the models."""

    constant = "constant"
    one_cycle = "one_cycle"  # up to learning_rate and down again, over all epochs
    linear = "linear"  # up to learning_rate within warmup, then along a line to 0
    decay = "decay"  # seq2seq-attn: times decay_factor from decay_from on, or when dev stalls


class Strategy(Enum):
    """How the devices of this machine share a training, a recording and a probe."""

    single = "single"  # there is one
    ddp = "ddp"  # trainer.devices processes; each a part of the words, gradients summed


class Progress(Enum):
    """How long work shows that it goes on."""

    auto = "auto"  # bars on a terminal, lines elsewhere
    bar = "bar"
    lines = "lines"


@dataclass
class TrainerSettings:
    """How the model is trained (the probe has settings of its own)."""

    epochs: int = 20
    keep_epochs: list[int] = field(default_factory=list)  # whose weights stay, for model.epoch
    batch_size: int = 64  # sentences, of similar length
    optimizer: Optimizer = Optimizer.adam
    learning_rate: float = 3e-3
    weight_decay: float = 0.0  # of matrices, with adamw
    schedule: Schedule = Schedule.one_cycle
    warmup: float = 0.1  # with linear: share of all steps
    decay_factor: float = 0.5
    decay_from: int = 9  # epoch
    init_range: float | None = None  # uniform(-r, r); null: PyTorch's, forget gates open
    clip_norm: float = 5.0
    precision: Precision = Precision.auto
    accelerator: str = "auto"
    strategy: Strategy = Strategy.single
    devices: int = 1  # processes with strategy=ddp, each a GPU where there are
    at_once: int = 1  # instances that are trained side by side
    progress: Progress = Progress.auto

    @property
    def processes(self) -> int:
        """How many processes share the work."""
        return self.devices if self.strategy is Strategy.ddp else 1


class StorageType(Enum):
    """Number format of recorded activations on disk."""

    fp32 = "fp32"
    fp16 = "fp16"
    bf16 = "bf16"


@dataclass
class ActivationSettings:
    """How activations are recorded."""

    dtype: StorageType = StorageType.fp16
    layers: list[int] | None = None  # null: all; [2] is the second layer only
    batch_tokens: int = 8192  # model symbols in one forward pass, padding included
    shard_megabytes: int = 256
