"""Which values a single setting may have, beyond its type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onegrain.errors import UserError
from onegrain.settings import TUNINGS, Clamp, Settings
from onegrain.validation.typed import as_typed


@dataclass(frozen=True)
class Rule:
    """What holds of a right value, and how to say it."""

    holds: Callable[[Any], bool]
    wanted: str


def validate_each(settings: Settings) -> None:
    """Refuse the first value that breaks its rule."""
    for name, rule in RULES.items():
        value = _look_up(settings, name)
        if value is not None and not rule.holds(value):  # None: it may be null, or is not there
            raise UserError(f"{name}={as_typed(value)}: {rule.wanted}")


def _look_up(settings: object, name: str) -> Any:
    """The value of a dotted name, None where this choice of a group has no such setting."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


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
    "data.labelled_sentences": _at_least(1),
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
    "lambda_grid.tolerance": NOT_NEGATIVE,
    "lambda_grid.epochs": _at_least(1),
    "lambda_grid.search.look": _at_least(2),
    "lambda_grid.search.keep": _at_least(1),
    "lambda_grid.search.head_start": NOT_NEGATIVE,
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
    "trainer.at_once": _at_least(1),
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
