"""Settings of the probe, of rankings and of ablation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from onegrain.settings.model import Precision


@dataclass
class LambdaSearchSettings:
    """A search that begins with all points of the grid and gives up half of them time and again."""

    enabled: bool = False
    look: int = 2  # epochs before points are compared on dev; again after twice as many, and so on
    keep: int = 4  # points that stay at least, to the end
    head_start: float = 0.02  # of the strongest penalties, in what is compared; it fades


@dataclass
class LambdaGridSettings:
    """Every pair of an L1 and an L2 strength is fitted, or begun by a search."""

    name: str = "coarse"
    lambda1: list[float] = field(default_factory=lambda: [0.0, 1e-6, 1e-5, 1e-4, 1e-3])
    lambda2: list[float] = field(default_factory=lambda: [0.0, 1e-6, 1e-5, 1e-4, 1e-3])
    tolerance: float = 1e-3  # where points are compared: larger than probe.tolerance, or that
    epochs: int = 40  # the most until points are compared, and no more than probe.epochs
    search: LambdaSearchSettings = field(default_factory=LambdaSearchSettings)


class Penalty(Enum):
    """The L2 term of the probe's objective; the L1 term is always lambda1 * |W|_1."""

    squared = "squared"  # lambda2 * |W|^2, as the paper writes it
    neurox = "neurox"  # lambda2 * |W|, unsquared, as the papers' code has it


class Selection(Enum):
    """How one point of the lambda grid is chosen, always on the dev split."""

    best = "best"  # highest accuracy; ties go to the sparser probe
    sparsest = "sparsest"  # fewest non-zero weights within delta of the best accuracy
    ablation = "ablation"  # highest alpha * (top - bottom) - beta * (unregularised - this)
    fixed = "fixed"  # the grid must be a single point


@dataclass
class ProbeSettings:
    """The elastic-net probe."""

    name: str = "elastic_net"
    penalty: Penalty = Penalty.squared
    tolerance: float = 1e-4  # optimality residual, relative to that of all-zero weights
    epochs: int = 600  # the most passes over the data; a probe still above tolerance is marked
    batch_size: int | None = None  # words; null: a sixtieth of all, between 64 and 2048
    precision: Precision = Precision.auto
    memory_gigabytes: float = 6.0  # activations are held in memory up to this, else mapped
    selection: Selection = Selection.best
    delta: float = 0.005  # for selection=sparsest: accuracy that may be given up
    alpha: float = 0.5  # for selection=ablation
    beta: float = 0.5
    seed: int | None = None  # null: the run's seed
    mdl: bool = False  # also code the training labels online, for probe/codelength: some ten fits
    control: bool = True  # also fit a control task at the chosen point, for probe/selectivity


class Reduce(Enum):
    """How a neuron's best matches in several other models become one score."""

    max = "max"  # the paper; Bau et al.'s MaxCorr
    mean = "mean"
    min = "min"  # MinCorr: it must be found in every model


class Weight(Enum):
    """What a cross-model score is multiplied by."""

    none = "none"
    std = "std"  # the neuron's standard deviation: small neurons that match well count less


class Method(Enum):
    """How neurons are ranked. Those named after it differ from `cross_model` as they say."""

    linear_correlation = "linear_correlation"  # by the probe's weights: needs labels
    sensitivity = "sensitivity"  # by what labels' logits owe to it: needs labels, see reader
    cross_model = "cross_model"  # by what other instances have too; see reduce, signed, weight
    cross_model_mean = "cross_model_mean"
    cross_model_min = "cross_model_min"
    cross_model_signed = "cross_model_signed"
    cross_model_std = "cross_model_std"
    linear_regression = "linear_regression"  # by what other instances can say of it together
    svcca = "svcca"  # directions that instances share; ablation in the model projects them out
    variance = "variance"
    distance_from_mean = "distance_from_mean"  # |mean - mean of all means|
    distance_from_mean_nearest = "distance_from_mean_nearest"
    absolute_mean = "absolute_mean"
    absolute_deviation = "absolute_deviation"  # E|x - mean|
    random = "random"
    probeless = "probeless"  # this and all that follow: by the labelled training words
    anova = "anova"
    selectivity = "selectivity"
    iou = "iou"
    mean_weight = "mean_weight"
    gaussian = "gaussian"


COMPARING = frozenset(  # methods that need more than one instance of a model
    {Method.cross_model, Method.cross_model_mean, Method.cross_model_min}
    | {Method.cross_model_signed, Method.cross_model_std, Method.linear_regression, Method.svcca}
)


LABELLED = frozenset(  # methods that need the labels of a task
    {Method.linear_correlation, Method.mean_weight, Method.gaussian, Method.iou}
    | {Method.probeless, Method.anova, Method.selectivity}
)


class Criterion(Enum):
    """What greedy selection makes as large as it can, on dev words."""

    mutual_information = "mutual_information"  # of labels and neurons; the highest likelihood too
    accuracy = "accuracy"


@dataclass
class GaussianSettings:
    """The greedy selection of `Method.gaussian`."""

    neurons: int = 50  # to be selected; the others follow by what they are worth alone
    criterion: Criterion = Criterion.mutual_information
    words: int = 5000  # of dev, on which neurons are valued


@dataclass
class IouSettings:
    """When a neuron counts as active, for `Method.iou`."""

    quantile: float | None = (
        None  # share of words, at the top or the bottom; null: above or below 0
    )


class Reader(Enum):
    """The linear layer whose labels neurons are sensitive for."""

    auto = "auto"  # a tagger's own output layer; the probe of any other model
    probe = "probe"


class Groups(Enum):
    """The words of a label, for sensitivity."""

    gold = "gold"  # those that have it
    predicted = "predicted"  # those for which the reader predicts it


class RankingText(Enum):
    """The words over which instances are compared and variances taken."""

    data = "data"  # the source side of the parallel training text
    task = "task"  # the labelled training text


@dataclass
class RankingSettings:
    """The order of the neurons."""

    name: str = "default"
    methods: list[Method] = field(
        default_factory=lambda: [Method.linear_correlation, Method.cross_model, Method.variance]
    )
    share: float = 0.25  # a label's salient neurons hold this share of its weight mass
    reduce: Reduce = Reduce.max  # these three: what cross_model is
    signed: bool = False
    weight: Weight = Weight.none
    text: RankingText = RankingText.data
    sentences: int | None = 5000  # of that text; null: all there are
    reader: Reader = Reader.auto  # these two: what sensitivity is
    groups: Groups = Groups.gold
    gaussian: GaussianSettings = field(default_factory=GaussianSettings)
    iou: IouSettings = field(default_factory=IouSettings)


class Clamp(Enum):
    """What an ablated neuron is set to."""

    zero = "zero"  # as the papers do
    mean = "mean"  # its mean over the training words, where zero is far from what it ever is
    resample = "resample"  # what it was at another training word; inside the model only


class Site(Enum):
    """Where inside a model neurons are ablated."""

    recurrent = "recurrent"  # h at every step: next step, next layer, context and decoder see it
    layer_output = "layer_output"  # what a layer hands upwards; its recurrence is left alone
    context = "context"  # the top layer, as attention or the output layer reads it


class Target(Enum):
    """What is ablated."""

    probe_mask = "probe_mask"  # the probe: all but some neurons are clamped
    probe_retrain = "probe_retrain"  # the probe, fitted again on some neurons
    model = "model"  # the network itself, measured by BLEU or perplexity
    prune = "prune"  # the network, whose neurons are really removed
    label = "label"  # each label's neurons, for the recall of every label; see ranking.reader


@dataclass
class ModelAblationSettings:
    """Ablation inside the network, which is measured by BLEU or perplexity."""

    sites: list[Site] = field(default_factory=lambda: [Site.recurrent])
    clamps: list[Clamp] = field(default_factory=lambda: [Clamp.zero])
    fractions: list[float] | None = None  # ablated; null: 0, 0.5, 1, 2.5, 5, 10, 15, 20, 30 .. 100%
    shown: list[float] = field(default_factory=lambda: [0.025, 0.10])  # in tables and metrics
    random_orders: int = 1
    sentences: int | None = None  # of the test split; null: all there are
    rows_at_once: int | None = None  # sentences (times the beam, and on a GPU times masks) in one
    # step, which bounds the memory of each worker; null: 512, and 8,192 on a GPU
    workers: int | None = None  # points measured side by side; null: one for each CPU thread
    precision: Precision = Precision.fp32  # of the product with the vocabulary; bf16 moves BLEU


@dataclass
class RetrainSettings:
    """The probe fitted again on some neurons, for `Target.probe_retrain`."""

    fractions: list[float] | None = None  # of neurons kept; null: ablation.keep and 0.1 to 90%
    random_orders: int = 1


@dataclass
class LabelAblationSettings:
    """The neurons of one label dropped, for `Target.label`."""

    fractions: list[float] | None = None  # of neurons dropped; null: 2, 4 .. 20, 30 .. 100%
    shown: float = 0.2  # in the matrix and in metrics


@dataclass
class AblationSettings:
    """Which neurons are taken away from what, and how sure we are of what follows."""

    name: str = "default"
    targets: list[Target] = field(default_factory=lambda: [Target.probe_mask, Target.model])
    fractions: list[float] | None = None  # of neurons kept; null: 0 to 100% in 100 steps
    keep: list[float] = field(default_factory=lambda: [0.10, 0.15, 0.20])  # shown in tables
    clamps: list[Clamp] = field(default_factory=lambda: [Clamp.zero, Clamp.mean])
    random_orders: int = 5
    bootstrap_samples: int = 1000  # over test sentences, for the 95% interval
    retrain: RetrainSettings = field(default_factory=RetrainSettings)
    model: ModelAblationSettings = field(default_factory=ModelAblationSettings)
    label: LabelAblationSettings = field(default_factory=LabelAblationSettings)
