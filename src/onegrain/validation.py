"""Which values a setting may have, beyond its type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from onegrain.data.patterns import named_pattern
from onegrain.errors import UserError
from onegrain.settings import (
    COMPARING,
    TUNINGS,
    Clamp,
    FilesData,
    FilesTask,
    LstmModel,
    Method,
    MorphTask,
    NmtModel,
    Pieces,
    Reader,
    RecordedModel,
    Reduce,
    RegexTask,
    Selection,
    Settings,
    Site,
    Strategy,
    TaggerModel,
    Target,
    TaskSettings,
    TransformerModel,
    TuningSettings,
    VocabularyTask,
    Weight,
)

NAMED_VARIANTS = {  # of cross_model, by reduce, signed and weight
    (Reduce.mean, False, Weight.none): Method.cross_model_mean,
    (Reduce.min, False, Weight.none): Method.cross_model_min,
    (Reduce.max, True, Weight.none): Method.cross_model_signed,
    (Reduce.max, False, Weight.std): Method.cross_model_std,
}

ON_PROBE = {Target.probe_mask, Target.probe_retrain, Target.label}


@dataclass(frozen=True)
class Rule:
    """What holds of a right value, and how to say it."""

    holds: Callable[[Any], bool]
    wanted: str


def validate(settings: Settings) -> None:
    """Refuse settings that cannot be meant.

    Raises:
        UserError: One line with the first wrong setting, its value and what would be right.
    """
    for name, rule in RULES.items():
        value = _look_up(settings, name)
        if value is not None and not rule.holds(value):  # None: it may be null, or is not there
            raise UserError(f"{name}={_as_typed(value)}: {rule.wanted}")
    _validate_together(settings)
    _validate_task(settings.task)
    _validate_tuning(settings)
    _validate_beside(settings)
    _validate_ranking(settings)
    _validate_control(settings)
    _validate_recorded(settings)


def _validate_together(settings: Settings) -> None:
    data, model, grid = settings.data, settings.model, settings.lambda_grid
    if data.min_length > data.max_length:
        raise UserError(f"data.min_length={data.min_length}: is over data.max_length")
    if settings.trainer.devices > 1 and settings.trainer.strategy is Strategy.single:
        raise UserError(
            f"trainer.devices={settings.trainer.devices}: several share the work with trainer=ddp"
        )
    if isinstance(data, FilesData):
        for name in ("source", "target"):
            if getattr(data, name) is None:
                raise UserError(f"data.{name}: data=files needs a file, data.{name}=...")
    if model.instance > model.instances:
        raise UserError(f"model.instance={model.instance}: model.instances is {model.instances}")
    if isinstance(model, LstmModel):
        _validate_trained(settings, model)
    if isinstance(model, TaggerModel):
        _validate_tagger(settings, model)
    if isinstance(model, TransformerModel):
        _validate_pretrained(settings, model)
    layers = settings.activations.layers
    if layers is not None and set(settings.ablation.targets) - ON_PROBE:
        raise UserError(
            f"activations.layers={_as_typed(layers)}: ablation in the model needs the rankings of "
            "all of its neurons; take activations.layers=null or ablation=probe_mask"
        )
    if settings.analysis.redundancy.sets and not settings.analysis.minimal.enabled:
        raise UserError(
            f"analysis.redundancy.sets={settings.analysis.redundancy.sets}: begins with the "
            "minimal set; take analysis.minimal.enabled=true or analysis=sets"
        )
    points = len(grid.lambda1) * len(grid.lambda2)
    if settings.probe.selection is Selection.fixed and grid.search.enabled:
        raise UserError(
            "probe.selection=fixed: a search chooses among many points; take best, sparsest or "
            "ablation, or lambda_grid=single"
        )
    if settings.probe.selection is Selection.fixed and points != 1:
        raise UserError(
            f"probe.selection=fixed: needs a grid of one point, and this one has {points}; "
            "lambda_grid=single is one"
        )


def _validate_trained(settings: Settings, model: LstmModel) -> None:
    layers = settings.activations.layers
    if layers is not None and not all(1 <= layer <= model.layers for layer in layers):
        raise UserError(
            f"activations.layers={_as_typed(layers)}: model.layers is {model.layers}, and they are "
            "counted from 1"
        )
    kept = settings.trainer.keep_epochs
    if kept and max(kept) > settings.trainer.epochs:
        raise UserError(
            f"trainer.keep_epochs={_as_typed(kept)}: trainer.epochs is {settings.trainer.epochs}"
        )
    if model.epoch is not None and model.epoch not in kept:
        raise UserError(
            f"model.epoch={model.epoch}: is not one of trainer.keep_epochs={_as_typed(kept)}"
        )


def _validate_pretrained(settings: Settings, model: TransformerModel) -> None:
    anew = settings.tuning.name == "words"
    if model.path is None and not anew:
        raise UserError(
            "model.path: model=transformer needs a folder or a name on the hub, "
            "model.path=bert-base-cased"
        )
    if model.instances > 1:
        raise UserError(f"model.instances={model.instances}: a pretrained model is one")
    comparing = [method.name for method in settings.ranking.methods if method in COMPARING]
    if comparing:
        raise UserError(
            f"ranking.methods: {comparing[0]} compares instances, and a pretrained model is one; "
            "take ranking=pretrained"
        )
    targets, inside = settings.ablation.targets, settings.ablation.model
    if Target.prune in targets:
        raise UserError(
            "ablation.targets: prune is for LSTMs; a transformer's layers share the units of one "
            "residual stream, take ablation=pretrained"
        )
    if Target.model in targets and inside.sites != [Site.layer_output]:
        raise UserError(
            f"ablation.model.sites={_as_typed(inside.sites)}: a transformer has one site, "
            "ablation.model.sites=[layer_output]"
        )
    if Target.model in targets and not model.head:
        raise UserError(
            "model.head=false: ablation in the model needs the head, whose answers are measured"
        )


def _validate_tuning(settings: Settings) -> None:
    tuning, model = settings.tuning, settings.model
    if tuning.is_on and not isinstance(model, TransformerModel):
        raise UserError(
            f"tuning={tuning.name}: a transformer is tuned; take model=transformer or tuning=none"
        )
    if tuning.name == "tokens":
        _validate_task(tuning.task, "tuning.task")
        if tuning.piece is Pieces.mean:
            raise UserError(
                "tuning.piece=mean: a label is read off one piece of its word; take first or last"
            )
    if tuning.name == "sentences" and tuning.train is None:
        raise UserError(
            "tuning.train: tuning=sentences needs a file of lines sentence<TAB>label, "
            "tuning.train=..."
        )
    if tuning.name == "words":
        _validate_network(tuning)


def _validate_network(tuning: TuningSettings) -> None:
    network = tuning.network
    if network.hidden % network.heads:
        raise UserError(
            f"tuning.network.heads={network.heads}: must divide tuning.network.hidden="
            f"{network.hidden}"
        )


def _validate_tagger(settings: Settings, model: TaggerModel) -> None:
    targets = settings.ablation.targets
    inside = [target for target in targets if target not in ON_PROBE]
    if inside:
        raise UserError(
            f"ablation.targets={_as_typed(targets)}: neurons of a tagger are taken away before its "
            "output layer, or from the probe; take ablation=label or ablation=probe_mask"
        )
    if model.frozen and model.vectors is None:
        raise UserError(
            "model.frozen=True: there are no vectors to freeze; give model.vectors=FILE"
        )
    if settings.activations.layers is not None and settings.ranking.reader is Reader.auto:
        raise UserError(
            f"activations.layers={_as_typed(settings.activations.layers)}: a tagger's output layer "
            "reads its own neurons; take activations.layers=null or ranking.reader=probe"
        )


def _validate_task(task: TaskSettings, group: str = "task") -> None:
    if isinstance(task, VocabularyTask) and (task.words is None) == (task.file is None):
        raise UserError(
            f"{group}.words: task=vocabulary needs {group}.words=[...] or else {group}.file=..."
        )
    if isinstance(task, RegexTask):
        _validate_patterns(task.patterns, group)
    if isinstance(task, FilesTask):
        if (task.root, task.train, task.dev, task.test) == (None,) * 4:
            raise UserError(
                f"{group}.root: task=files needs files, {group}.root=... or {group}.train=..."
            )
        for split in ("train", "dev", "test"):
            if getattr(task, f"{split}_labels") is not None and getattr(task, split) is None:
                raise UserError(f"{group}.{split}_labels: needs {group}.{split}, the words, too")
        if task.word_column is not None and task.word_column == task.label_column:
            raise UserError(f"{group}.label_column={task.label_column}: is {group}.word_column")


def _validate_patterns(patterns: list[str], group: str) -> None:
    if not patterns:
        raise UserError(
            rf"{group}.patterns: task=regex needs some, {group}.patterns=['year=\d{{4}}']"
        )
    for text in patterns:
        try:
            named_pattern(text)
        except ValueError as error:
            raise UserError(f"{group}.patterns: {text}: {error}") from None


def _validate_beside(settings: Settings) -> None:
    tasks = [task.name for task in settings.analysis.tasks]
    if settings.task.name in tasks or len(set(tasks)) < len(tasks):
        raise UserError(
            f"analysis.tasks={_as_typed(tasks)}: must name none twice, and only tasks beside "
            f"task={settings.task.name}"
        )


def _validate_ranking(settings: Settings) -> None:
    ranking, instances = settings.ranking, settings.model.instances
    comparing = [method.name for method in ranking.methods if method in COMPARING]
    if comparing and instances < 2:
        raise UserError(
            f"model.instances={instances}: {comparing[0]} compares instances; take "
            "model.instances=3 or ranking=one_model"
        )
    targets = settings.ablation.targets
    inside_only = Target.model in targets and Target.prune not in targets
    if ranking.methods == [Method.svcca] and not inside_only:
        raise UserError(
            "ranking=svcca: directions are ablated in the model only; take ablation=model"
        )
    as_set = (ranking.reduce, ranking.signed, ranking.weight)
    named = NAMED_VARIANTS.get(as_set)
    if named and {Method.cross_model, named} <= set(ranking.methods):
        raise UserError(
            f"ranking.methods={_as_typed(ranking.methods)}: cross_model is {named.name} "
            "too, by ranking.reduce, signed and weight; take one of them"
        )


def _validate_control(settings: Settings) -> None:
    control, task = settings.analysis.control, settings.task
    if not control.enabled:
        return
    if not isinstance(settings.model, NmtModel):
        raise UserError(
            f"analysis.control.enabled=true: translations are controlled, and model="
            f"{settings.model.name} writes none; take model=nmt"
        )
    if settings.activations.layers is not None:
        raise UserError("activations.layers: control of translations needs null, all neurons")
    known = isinstance(task, MorphTask) and task.feature is None
    if settings.data.name != "grammar" and not known:
        raise UserError(
            "analysis.control.enabled=true: words need all their features as labels; take "
            "data=grammar, or task=morph with task.root=TREEBANK and task.feature=null"
        )
    layers = 1 if control.site is Site.context else settings.model.layers
    there = 2 * settings.model.hidden * layers
    if max(control.neurons) > there:
        raise UserError(
            f"analysis.control.neurons={_as_typed(control.neurons)}: "
            f"site={control.site.name} reaches {there} neurons; take at most as many"
        )


def _validate_recorded(settings: Settings) -> None:
    model, task = settings.model, settings.task
    if not isinstance(model, RecordedModel):
        return
    for split in ("train", "dev", "test"):
        if getattr(model, split) is None:
            raise UserError(
                f"model.{split}: model=recorded needs a file of activations for each split, "
                f"such as model.{split}={split}.hdf5"
            )
        if getattr(task, f"{split}_sentences") is not None:
            raise UserError(
                f"task.{split}_sentences={getattr(task, f'{split}_sentences')}: model=recorded "
                "reads all sentences of its files; take null (debug=fast sets it)"
            )
    if (task.root, task.train, task.dev, task.test) == (None,) * 4:
        raise UserError(
            "task.train: model=recorded needs the words that were recorded, and their labels; take "
            "task=files task.train=words.txt task.train_labels=labels.txt and so on"
        )
    inside = [target.name for target in settings.ablation.targets if target not in ON_PROBE]
    if inside:
        raise UserError(
            f"ablation.targets={_as_typed(settings.ablation.targets)}: {inside[0]} needs a "
            "network, and model=recorded has none; take ablation=probe_mask"
        )


def _at_least(bound: int) -> Rule:
    return Rule(lambda value: value >= bound, f"must be at least {bound}")


def _share(low: str = "[", high: str = "]") -> Rule:
    """From 0 to 1; a round bracket leaves that end out."""

    def holds(value: float) -> bool:
        return 0 <= value <= 1 and (low == "[" or value > 0) and (high == "]" or value < 1)

    return Rule(holds, f"must lie in {low}0, 1{high}")


def _each(rule: Rule) -> Rule:
    return Rule(
        lambda values: len(values) > 0 and all(map(rule.holds, values)),
        f"must be a list of at least one number, each of which {rule.wanted}",
    )


NOT_NEGATIVE = Rule(lambda value: 0 <= value < math.inf, "must be at least 0")
POSITIVE = Rule(lambda value: 0 < value < math.inf, "must be above 0")
SEED = Rule(lambda value: 0 <= value < 2**32, "must lie from 0 to 4294967295")
NOT_EMPTY = Rule(lambda value: value.strip() != "", "must not be empty; null is no value")
PAIR = Rule(
    lambda value: (
        re.fullmatch(r"[a-z]{2,3}-[a-z]{2,3}", value) is not None
        and len(set(value.split("-"))) == 2
    ),
    "must name two languages, source-target, such as en-fr",
)
DISTINCT = Rule(
    lambda values: 0 < len(values) == len(set(values)), "must name at least one, and none twice"
)
PROBE_CLAMPS = Rule(
    lambda values: DISTINCT.holds(values) and Clamp.resample not in values,
    "must be a list of zero and mean; resample is for ablation.model.clamps",
)
KEPT_EPOCHS = Rule(
    lambda values: len(values) == len(set(values)) and all(value >= 1 for value in values),
    "must be a list of epochs from 1 on, none twice",
)
SOME_WORDS = Rule(
    lambda values: len(values) > 0 and all(len(word.split()) == 1 for word in values),
    "must be a list of at least one word, none with a space",
)
LAMBDAS = _each(NOT_NEGATIVE)

RULES: dict[str, Rule] = {
    "data.pair": PAIR,
    "data.root": NOT_EMPTY,
    "data.source": NOT_EMPTY,
    "data.target": NOT_EMPTY,
    "data.dev_source": NOT_EMPTY,
    "data.dev_target": NOT_EMPTY,
    "data.test_source": NOT_EMPTY,
    "data.test_target": NOT_EMPTY,
    "data.train_sentences": _at_least(1),
    "data.dev_sentences": _at_least(1),
    "data.test_sentences": _at_least(1),
    "data.min_length": _at_least(1),
    "data.max_length": _at_least(1),
    "data.seed": SEED,
    "data.text.vocabulary_size": _at_least(10),
    "model.hidden": _at_least(1),
    "model.embedding": _at_least(1),
    "model.layers": _at_least(1),
    "model.dropout": _share("[", ")"),
    "model.instances": _at_least(1),
    "model.instance": _at_least(1),
    "model.epoch": _at_least(1),
    "model.path": NOT_EMPTY,
    "model.revision": NOT_EMPTY,
    "model.max_length": _at_least(3),
    "model.batch_tokens": _at_least(1),
    "model.translation.source_language": NOT_EMPTY,
    "model.translation.target_language": NOT_EMPTY,
    "model.translation.beam": _at_least(1),
    "model.translation.max_decode_ratio": NOT_NEGATIVE,
    "model.translation.max_decode_extra": _at_least(1),
    "model.beam": _at_least(1),
    "model.max_decode_ratio": NOT_NEGATIVE,
    "model.max_decode_extra": _at_least(1),
    "task.root": NOT_EMPTY,
    "task.train": NOT_EMPTY,
    "task.dev": NOT_EMPTY,
    "task.test": NOT_EMPTY,
    "task.train_labels": NOT_EMPTY,
    "task.dev_labels": NOT_EMPTY,
    "task.test_labels": NOT_EMPTY,
    "task.word_column": _at_least(1),
    "task.label_column": _at_least(1),
    "task.name": NOT_EMPTY,
    "task.feature": NOT_EMPTY,
    "task.file": NOT_EMPTY,
    "task.words": SOME_WORDS,
    "task.min_count": NOT_NEGATIVE,
    "task.unknown_limit": _share(),
    "task.train_sentences": _at_least(1),
    "task.dev_sentences": _at_least(1),
    "task.test_sentences": _at_least(1),
    "lambda_grid.lambda1": LAMBDAS,
    "lambda_grid.lambda2": LAMBDAS,
    "lambda_grid.search.look": _at_least(1),
    "lambda_grid.search.keep": _at_least(1),
    "lambda_grid.search.refine": NOT_NEGATIVE,
    "probe.tolerance": NOT_NEGATIVE,
    "probe.epochs": _at_least(1),
    "probe.batch_size": _at_least(1),
    "probe.memory_gigabytes": NOT_NEGATIVE,
    "probe.delta": _share(),
    "probe.alpha": NOT_NEGATIVE,
    "probe.beta": NOT_NEGATIVE,
    "probe.seed": SEED,
    "ranking.methods": DISTINCT,
    "ranking.share": _share("("),
    "ranking.sentences": _at_least(1),
    "ranking.gaussian.neurons": _at_least(1),
    "ranking.gaussian.words": _at_least(1),
    "ranking.iou.quantile": Rule(lambda value: 0 < value <= 0.5, "must lie in (0, 0.5]; null is 0"),
    "ablation.targets": DISTINCT,
    "ablation.fractions": _each(_share()),
    "ablation.keep": _each(_share()),
    "ablation.random_orders": _at_least(1),
    "ablation.bootstrap_samples": _at_least(1),
    "ablation.clamps": PROBE_CLAMPS,
    "ablation.retrain.fractions": _each(_share()),
    "ablation.retrain.random_orders": NOT_NEGATIVE,
    "ablation.label.fractions": _each(_share()),
    "ablation.label.shown": _share("("),
    "ablation.model.sites": DISTINCT,
    "ablation.model.clamps": DISTINCT,
    "ablation.model.fractions": _each(_share()),
    "ablation.model.shown": _each(_share()),
    "ablation.model.random_orders": NOT_NEGATIVE,
    "ablation.model.sentences": _at_least(1),
    "ablation.model.rows_at_once": _at_least(1),
    "ablation.model.workers": _at_least(1),
    "analysis.top": _share("("),
    "analysis.words": _at_least(1),
    "analysis.min_count": _at_least(1),
    "analysis.minimal.delta": _share("[", ")"),
    "analysis.minimal.fractions": _each(_share()),
    "analysis.redundancy.sets": NOT_NEGATIVE,
    "analysis.clusters.cut": _share("[", ")"),
    "analysis.judges.neurons": _each(_at_least(1)),
    "analysis.control.features": DISTINCT,
    "analysis.control.rankings": DISTINCT,
    "analysis.control.neurons": _each(_at_least(1)),
    "analysis.control.betas": _each(NOT_NEGATIVE),
    "analysis.control.sentences": _at_least(1),
    "trainer.epochs": _at_least(1),
    "trainer.keep_epochs": KEPT_EPOCHS,
    "trainer.batch_size": _at_least(1),
    "trainer.learning_rate": POSITIVE,
    "trainer.weight_decay": NOT_NEGATIVE,
    "trainer.warmup": _share(),
    "trainer.decay_factor": _share("("),
    "trainer.decay_from": _at_least(1),
    "trainer.init_range": POSITIVE,
    "trainer.clip_norm": POSITIVE,
    "trainer.devices": _at_least(1),
    "tuning.name": Rule(lambda value: value in TUNINGS, f"must be one of {', '.join(TUNINGS)}"),
    "tuning.train": NOT_EMPTY,
    "tuning.dev": NOT_EMPTY,
    "tuning.test": NOT_EMPTY,
    "tuning.masked": _share("(", ")"),
    "tuning.network.hidden": _at_least(1),
    "tuning.network.layers": _at_least(1),
    "tuning.network.heads": _at_least(1),
    "tuning.network.max_length": _at_least(3),
    "tuning.epochs": _at_least(1),
    "tuning.batch_size": _at_least(1),
    "tuning.learning_rate": POSITIVE,
    "tuning.warmup": _share(),
    "tuning.weight_decay": NOT_NEGATIVE,
    "tuning.clip_norm": POSITIVE,
    "activations.layers": _each(NOT_NEGATIVE),
    "activations.batch_tokens": _at_least(1),
    "activations.shard_megabytes": _at_least(1),
    "seed": SEED,
    "output_root": NOT_EMPTY,
    "store": NOT_EMPTY,
}
RULES |= {f"tuning.{name}": rule for name, rule in RULES.items() if name.startswith("task.")}


def _look_up(settings: object, name: str) -> Any:
    """The value of a dotted name, None where this choice of a group has no such setting."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _as_typed(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_as_typed, value))}]"
    return value.name if isinstance(value, Enum) else str(value)
