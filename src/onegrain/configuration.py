"""From conf/ and a command line to checked `Settings`.

Every file of conf/ is held against the dataclasses of `onegrain.settings`, so a wrong name or type
is refused; what is refused is explained in one line (`onegrain.mistakes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import cast

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import MISSING, DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from onegrain import settings
from onegrain.errors import UserError
from onegrain.mistakes import MAIN_FILE, explain
from onegrain.settings import Settings
from onegrain.validation import validate

SCHEMAS = {
    "grammar_data": settings.GrammarData,
    "files_data": settings.FilesData,
    "dataset_data": settings.DatasetData,
    "nmt_model": settings.NmtModel,
    "nlm_model": settings.NlmModel,
    "transformer_model": settings.TransformerModel,
    "recorded_model": settings.RecordedModel,
    "tagger_model": settings.TaggerModel,
    "pos_task": settings.PosTask,
    "morph_task": settings.MorphTask,
    "sem_task": settings.SemTask,
    "ner_task": settings.NerTask,
    "position_task": settings.PositionTask,
    "months_task": settings.MonthsTask,
    "vocabulary_task": settings.VocabularyTask,
    "regex_task": settings.RegexTask,
    "files_task": settings.FilesTask,
}


@cache
def register_schemas() -> None:
    """Make the dataclasses known to Hydra, once for a process."""
    store = ConfigStore.instance()
    schema = OmegaConf.structured(Settings)
    # Each choice of these groups brings a type of its own.
    schema.data = schema.model = schema.task = schema.tuning.task = MISSING
    store.store(name="settings", node=schema)
    for name, choice in SCHEMAS.items():
        store.store(group="schema", name=name, node=choice)


def compose_settings(conf: Path, overrides: Sequence[str]) -> Settings:
    """The settings of one run, for the command line, a test or a notebook.

    Args:
        conf: The folder of ``train.yaml``.
        overrides: As on the command line: ``["data=tatoeba", "model.hidden=128"]``.

    Raises:
        UserError: A name, a type or a value is wrong.
    """
    register_schemas()
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        return _of(overrides)


def to_settings(config: DictConfig) -> Settings:
    """The checked dataclasses of a composed configuration.

    Raises:
        UserError: A value is out of its range, or a setting is not one of ours.
    """
    _refuse_additions(config, "")
    composed = cast(Settings, OmegaConf.to_object(config))
    validate(composed)
    return composed


def _refuse_additions(node: DictConfig, prefix: str) -> None:
    """With ``+`` Hydra lets a name through that no dataclass has and nothing would read."""
    known = {item.name for item in fields(OmegaConf.get_type(node) or Settings)}
    for key in map(str, node):
        if key not in known:
            raise UserError(f"+{prefix}{key}: no such setting, and none can be added")
        if isinstance(node[key], DictConfig):
            _refuse_additions(node[key], f"{prefix}{key}.")


@dataclass(frozen=True)
class Jobs:
    """What a command line asks for.

    Attributes:
        settings: Those of the run, or of enough jobs of a sweep to see each of its values once.
        swept: Whether it is a sweep: with ``-m``, or by its experiment's ``hydra.mode``.
        launcher: The class that runs the jobs of a sweep.
        sweeper: The class that says which jobs there are.
        warning: One line where ``property=`` is overruled, of the first job; else None.
    """

    settings: list[Settings]
    swept: bool
    launcher: str
    sweeper: str
    warning: str | None = None


def compose_jobs(conf: Path, overrides: Sequence[str], multirun: bool) -> Jobs:
    """Compose a run, or enough jobs of a sweep to see each of its values once.

    So a sweep with one wrong value is refused before its first job has run for an hour.

    Raises:
        UserError: A name, a type or a value is wrong.
    """
    register_schemas()
    first = next(_each_value_once(overrides))
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        config, hydra = _compose(first)
        targets = (hydra.launcher._target_, hydra.sweeper._target_)
        swept = multirun or hydra.mode is RunMode.MULTIRUN
        warning = _overruled(hydra.runtime.choices, overrides)
        if not swept:
            settings = [_settings_of(config, first) if first == list(overrides) else _of(overrides)]
            return Jobs(settings, swept, *targets, warning)
        params = OmegaConf.select(hydra, "sweeper.params") or {}
        chosen = {override.partition("=")[0] for override in overrides}
        swept_over = [f"{key}={value}" for key, value in params.items() if key not in chosen]
        settings = [_of(job) for job in _each_value_once([*swept_over, *overrides])]
    return Jobs(settings, swept, *targets, warning)


def _overruled(choices: Mapping[str, str | None], overrides: Sequence[str]) -> str | None:
    """Return a line where the task or the data is another than what ``property=`` stands for."""
    chosen = choices.get("property")
    if chosen is None:
        return None
    places = [text for text in overrides if text.startswith("hydra.searchpath=")]
    meant = _compose([*places, f"property={chosen}"])[1].runtime.choices
    other = [group for group in ("task", "data") if choices[group] != meant[group]]
    if not other:
        return None
    stands_for = " and ".join(f"{group}={meant[group]}" for group in other)
    taken = " and ".join(f"{group}={choices[group]}" for group in other)
    return (
        f"property={chosen} stands for {stands_for}; with {taken} instead, what else belongs to "
        "the property stays, such as its language and its words"
    )


def _of(overrides: Sequence[str]) -> Settings:
    return _settings_of(_compose(overrides)[0], overrides)


def _settings_of(config: DictConfig, overrides: Sequence[str]) -> Settings:
    try:
        return to_settings(config)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise UserError(explain(overrides, error)) from error


def _compose(overrides: Sequence[str]) -> tuple[DictConfig, DictConfig]:
    """Return what Hydra composes, its own settings apart; its conf folder has been chosen."""
    try:
        config = compose(MAIN_FILE, overrides=list(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise UserError(explain(overrides, error)) from error
    with read_write(config), open_dict(config):
        return config, config.pop("hydra")


def _each_value_once(overrides: Sequence[str]) -> Iterator[list[str]]:
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise UserError(explain(overrides, error)) from error
    choices = [_ends_or_values(text, each) for text, each in zip(overrides, parsed, strict=True)]
    first = [values[0] for values in choices]
    yield first
    for position, values in enumerate(choices):
        for value in values[1:]:
            yield [*first[:position], value, *first[position + 1 :]]


def _ends_or_values(text: str, override: Override) -> list[str]:
    """Return what a sweep may set: each value of a list, both ends of an interval."""
    if not override.is_sweep_override():
        return [text]
    if override.is_discrete_sweep():
        values = list(override.sweep_string_iterator())
    else:
        interval = cast(IntervalSweep, override.value())
        values = [str(interval.start), str(interval.end)]
    return [f"{override.get_key_element()}={value}" for value in values]
