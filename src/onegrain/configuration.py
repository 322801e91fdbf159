"""From conf/ and a command line to checked `Settings`.

Every file of conf/ is held against the dataclasses of `onegrain.settings`, so a wrong name or type
is refused; what is refused is explained in one line (`onegrain.mistakes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import cast

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import MISSING, DictConfig, OmegaConf
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
        try:
            config = compose(MAIN_FILE, overrides=list(overrides))
            composed = to_settings(config)
        except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
            raise UserError(explain(overrides, error)) from error
    return composed


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


def compose_jobs(conf: Path, overrides: Sequence[str], multirun: bool) -> list[Settings]:
    """The settings of a run, or those of enough jobs of a sweep to see each of its values once.

    So a sweep with one wrong value is refused before its first job has run for an hour.

    Raises:
        UserError: A name, a type or a value is wrong.
    """
    jobs = _each_value_once(overrides) if multirun else [list(overrides)]
    return [compose_settings(conf, job) for job in jobs]


def _each_value_once(overrides: Sequence[str]) -> Iterator[list[str]]:
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise UserError(explain(overrides, error)) from error
    choices = [
        [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
        if override.is_sweep_override() and override.is_discrete_sweep()
        else [text]
        for text, override in zip(overrides, parsed, strict=True)
    ]
    first = [values[0] for values in choices]
    yield first
    for position, values in enumerate(choices):
        for value in values[1:]:
            yield [*first[:position], value, *first[position + 1 :]]
