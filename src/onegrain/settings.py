"""Every setting, with its type and meaning: the schema behind conf/.

Plain dataclasses without Hydra or torch, so that a notebook can build them and
``python train.py --cfg job`` stays instant. The defaults here are those of the paper or of good
practice; conf/ chooses among them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class Splitting(Enum):
    """How text is cut into words; the same for parallel and for labelled text."""

    spaces = "spaces"  # at white space only: for text that is tokenised already
    punctuation = "punctuation"  # also at punctuation and clitics: for raw text


class VocabularyKind(Enum):
    """What the model's input symbols are."""

    words = "words"  # the papers' way; rare words become <unk>
    bpe = "bpe"  # byte-pair pieces; a word's activation is that of its last piece


class Multiword(Enum):
    """The label of a treebank's multiword token, which is fed as its surface form."""

    joined = "joined"  # all labels of its words: French "du" is ADP+DET
    first = "first"
    last = "last"


class Column(Enum):
    """Which column of a treebank holds the part of speech."""

    upos = "upos"
    xpos = "xpos"


@dataclass
class TextSettings:
    """How text becomes the model's symbols."""

    splitting: Splitting = Splitting.punctuation
    lowercase: bool = True
    vocabulary: VocabularyKind = VocabularyKind.words
    vocabulary_size: int = 6000  # for each language, special symbols included


@dataclass
class DataSettings:
    """Parallel text."""

    name: str = "grammar"
    pair: str = "en-fr"  # source-target; the model reads the source
    train_sentences: int | None = None  # null: all there are
    dev_sentences: int | None = None
    test_sentences: int | None = None
    min_length: int = 1  # words a side, for training pairs only
    max_length: int = 50
    seed: int = 0  # which sentences are drawn, and how files without splits are split
    text: TextSettings = field(default_factory=TextSettings)


@dataclass
class GrammarData(DataSettings):
    """Sentences of the embedded synchronous grammar."""


@dataclass
class FilesData(DataSettings):
    """Two aligned text files (plain, .gz, .xz), one sentence a line; splits are optional."""

    name: str = "files"
    source: str | None = None  # training text
    target: str | None = None
    dev_source: str | None = None  # without these, 5% of the pairs are held out, by hash
    dev_target: str | None = None
    test_source: str | None = None
    test_target: str | None = None


@dataclass
class DatasetData(DataSettings):
    """A known corpus, from a folder or fetched once."""

    root: str | None = None  # its folder; null: fetch it (where its origin is pinned)


@dataclass
class TaskSettings:
    """A property that is probed, and where its labels come from."""

    name: str = "pos"
    root: str | None = None  # a folder of *train*, *dev*, *test* files; null: the data's own gold
    train: str | None = None  # or each file by name: .conllu or .tsv (perhaps .gz, .xz)
    dev: str | None = None
    test: str | None = None
    column: Column = Column.upos
    multiword: Multiword = Multiword.joined
    train_sentences: int | None = None  # null: all there are
    dev_sentences: int | None = None
    test_sentences: int | None = None


class Penalty(Enum):
    """The L2 term of the probe's objective; the L1 term is always lambda1 * |W|_1."""

    squared = "squared"  # lambda2 * |W|^2, as the paper writes it
    neurox = "neurox"  # lambda2 * |W|, unsquared, as the papers' code has it


class Precision(Enum):
    """Number format of matrix products; weights and sums stay in fp32."""

    auto = "auto"  # bf16 where this machine is fast at it, else fp32
    bf16 = "bf16"
    fp32 = "fp32"


class Selection(Enum):
    """How one point of the lambda grid is chosen, always on the dev split."""

    best = "best"  # highest accuracy; ties go to the sparser probe
    sparsest = "sparsest"  # fewest non-zero weights within delta of the best accuracy
    ablation = "ablation"  # highest alpha * (top - bottom) - beta * (unregularised - this)
    fixed = "fixed"  # the grid must be a single point


class Optimizer(Enum):
    """Optimizers of the translator."""

    adam = "adam"
    sgd = "sgd"


class Schedule(Enum):
    """Learning-rate schedules of the translator."""

    constant = "constant"
    one_cycle = "one_cycle"  # up to learning_rate and down again, over all epochs
    decay = "decay"  # seq2seq-attn: times decay_factor from decay_from on, or when dev stalls


class Clamp(Enum):
    """What an ablated neuron is set to."""

    zero = "zero"  # as the papers do
    mean = "mean"  # its mean over the training words, where zero is far from what it ever is


class TrackingMode(Enum):
    """Where Weights & Biases writes."""

    offline = "offline"
    online = "online"
    disabled = "disabled"


class StorageType(Enum):
    """Number format of recorded activations on disk."""

    fp32 = "fp32"
    fp16 = "fp16"
    bf16 = "bf16"


class Progress(Enum):
    """How long work shows that it goes on."""

    auto = "auto"  # bars on a terminal, lines elsewhere
    bar = "bar"
    lines = "lines"


@dataclass
class ModelSettings:
    """A model whose neurons are studied."""

    name: str = "nmt"
    hidden: int = 500  # units of one layer in one direction
    embedding: int | None = None  # null: as hidden
    layers: int = 2
    dropout: float = 0.3  # between layers and before the output layer
    instances: int = 1  # models of the same settings on disjoint equal parts of the data


@dataclass
class NmtModel(ModelSettings):
    """The AAAI 2019 translator: two independent direction stacks, attention, a decoder."""

    input_feeding: bool = True  # false: the decoder runs as one fused call in training
    beam: int = 1  # for the reported BLEU; 1 is greedy
    max_decode_ratio: float = 2.0  # a translation ends at this many pieces per source piece ...
    max_decode_extra: int = 10  # ... plus this many


@dataclass
class TrainerSettings:
    """How the model is trained (the probe has settings of its own)."""

    epochs: int = 20
    batch_size: int = 64  # sentences, of similar length
    optimizer: Optimizer = Optimizer.adam
    learning_rate: float = 3e-3
    schedule: Schedule = Schedule.one_cycle
    decay_factor: float = 0.5
    decay_from: int = 9  # epoch
    init_range: float | None = None  # uniform(-r, r); null: PyTorch's, forget gates open
    clip_norm: float = 5.0
    precision: Precision = Precision.auto
    accelerator: str = "auto"
    devices: int = 1
    progress: Progress = Progress.auto


@dataclass
class ActivationSettings:
    """How activations are recorded."""

    dtype: StorageType = StorageType.fp16
    layers: list[int] | None = None  # null: all; [2] is the second layer only
    batch_tokens: int = 8192  # model symbols in one forward pass, padding included
    shard_megabytes: int = 256


@dataclass
class LambdaGridSettings:
    """Every pair of an L1 and an L2 strength is fitted."""

    name: str = "coarse"
    lambda1: list[float] = field(default_factory=lambda: [0.0, 1e-6, 1e-5, 1e-4, 1e-3])
    lambda2: list[float] = field(default_factory=lambda: [0.0, 1e-6, 1e-5, 1e-4, 1e-3])


@dataclass
class ProbeSettings:
    """The elastic-net probe."""

    name: str = "elastic_net"
    penalty: Penalty = Penalty.squared
    tolerance: float = 1e-3  # optimality residual, relative to that of all-zero weights
    epochs: int = 40  # the most passes over the data; a point still above tolerance is marked
    batch_size: int | None = None  # words; null: a hundredth of all, between 64 and 2048
    precision: Precision = Precision.auto
    memory_gigabytes: float = 6.0  # activations are held in memory up to this, else mapped
    selection: Selection = Selection.best
    delta: float = 0.005  # for selection=sparsest: accuracy that may be given up
    alpha: float = 0.5  # for selection=ablation
    beta: float = 0.5
    seed: int | None = None  # null: the run's seed


@dataclass
class RankingSettings:
    """The order of the neurons."""

    name: str = "linear_correlation"
    share: float = 0.25  # a label's salient neurons hold this share of its weight mass


@dataclass
class AblationSettings:
    """Which neurons are kept on the probe, and how sure we are of what follows."""

    name: str = "probe_mask"
    fractions: list[float] | None = None  # of neurons kept; null: 0 to 100% in 100 steps
    keep: list[float] = field(default_factory=lambda: [0.10, 0.15, 0.20])  # shown in tables
    clamps: list[Clamp] = field(default_factory=lambda: [Clamp.zero, Clamp.mean])
    random_orders: int = 5
    bootstrap_samples: int = 1000  # over test sentences, for the 95% interval


@dataclass
class TrackingSettings:
    """Weights & Biases."""

    mode: TrackingMode = TrackingMode.offline
    project: str = "onegrain"
    entity: str | None = None
    group: str | None = None  # null: the sweep's or the run's folder name
    name: str | None = None  # null: made from what was chosen
    tags: list[str] = field(default_factory=list)


@dataclass
class Settings:
    """One run of onegrain."""

    data: DataSettings = field(default_factory=GrammarData)
    model: ModelSettings = field(default_factory=NmtModel)
    task: TaskSettings = field(default_factory=TaskSettings)
    lambda_grid: LambdaGridSettings = field(default_factory=LambdaGridSettings)
    probe: ProbeSettings = field(default_factory=ProbeSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)
    ablation: AblationSettings = field(default_factory=AblationSettings)
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    activations: ActivationSettings = field(default_factory=ActivationSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    seed: int = 1
    output_root: str = "outputs"  # runs, the store and W&B's files
    store: str | None = None  # null: output_root/store; a network folder shares finished work


def plain(settings: Any) -> dict[str, Any]:
    """Return a settings dataclass as nested plain data: enums by name.

    Example:
        >>> plain(TrainerSettings(epochs=3))["schedule"]
        'one_cycle'
    """

    def plain_items(items: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: _plain_value(value) for name, value in items}

    values: dict[str, Any] = asdict(settings, dict_factory=plain_items)
    return values


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return [_plain_value(item) for item in value] if isinstance(value, list) else value
