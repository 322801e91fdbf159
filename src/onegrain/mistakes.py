"""What is wrong with a command line, in one line, with the nearest right name.

Hydra says that a configuration could not be composed; here the overrides are looked at one by one
to say which of them is wrong and why. Called while Hydra is initialised.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

MAIN_FILE = "train"
OPTIONAL_GROUPS = ("property", "scale", "experiment", "debug")
TYPE_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    type(None): "null",
}


def explain(overrides: Sequence[str], error: Exception) -> str:
    """One line about the first wrong override; Hydra's own words where each looks right."""
    parsed = []
    for text in overrides:
        try:
            parsed.extend(OverridesParser.create().parse_overrides([text]))
        except HydraException:
            return f"{text}: not understood; write setting=value, the value in quotes if need be"
    visible = [item for item in parsed if not item.key_or_group.startswith(("hydra.", "hydra/"))]
    base = [text for text in overrides if text.startswith("hydra.searchpath=")]
    choices = [item for item in visible if item.key_or_group in known_groups(base)]
    problems = [_sweep_problem(item, is_choice=item in choices) for item in visible]
    problems += [_choice_problem(item, base) for item in choices]
    if not any(problems):
        chosen = [*base, *(str(item.input_line) for item in choices)]
        problems += [_setting_problem(item, chosen) for item in visible if item not in choices]
    return next(filter(None, problems), None) or in_one_line(error)


def in_one_line(error: Exception) -> str:
    """What Hydra or OmegaConf says, without its lists of paths and its line breaks."""
    causes = [error, error.__cause__] if isinstance(error.__cause__, Exception) else [error]
    words = " ".join(str(item) for item in causes).partition("object_type=")[0]
    return " ".join(words.partition("Config search path:")[0].split())


def _sweep_problem(override: Override, *, is_choice: bool) -> str | None:
    """``model.hidden=32,64`` or ``model=nmt,nlm`` without -m."""
    if not override.is_sweep_override():
        return None
    line = str(override.input_line)
    if is_choice:
        return f"{line}: several choices are a sweep; add -m for a sweep"
    name, value = line.split("=", 1)
    return f"{line}: several values are a sweep, which needs -m; a list is {name}=[{value}]"


def _choice_problem(override: Override, base: list[str]) -> str | None:
    """``model=nmtt``: the group is right and the choice is not."""
    group, value = override.key_or_group, override.value()
    if override.is_delete():
        return None
    options = choices_of(group, base)
    if value is None:
        what = f"~{group} leaves it out" if group in OPTIONAL_GROUPS else "it needs a choice"
        return f"{override.input_line}: {what}; available: {', '.join(options)}"
    asked = value if isinstance(value, list) else [value]
    wrong = [item for item in asked if item not in options]
    if not wrong and (len(asked) == 1 or group in OPTIONAL_GROUPS):
        return None
    if not wrong:
        return f"{override.input_line}: one choice at a time; several with -m are {group}=a,b"
    near = get_close_matches(str(wrong[0]), options, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{override.input_line}: no such {group}; {hint}available: {', '.join(options)}"


def _setting_problem(override: Override, choices: list[str]) -> str | None:
    """``model.hiden=32`` or ``probe.epochs=abc``: the name or the type is wrong."""
    config = _try_compose(choices)
    if config is None or override.is_delete():
        return None
    line = str(override.input_line)
    name = re.sub(r"\.\d+$", "", override.key_or_group)  # of the list, for an item of one
    if name not in _names(config):
        return f"{line}: {_right_name(name, line.partition('=')[2], config, choices)}"
    try:
        OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
    except OmegaConfBaseException:
        return f"{line}: expected {_expected(config, name, str(override.value()))}"
    return None


def _right_name(name: str, value: str, config: DictConfig, choices: list[str]) -> str:
    group = name.partition(".")[0]
    if homes := [choice for choice in _alternatives(group, choices) if _has(choice, name, choices)]:
        chosen = config.hydra.runtime.choices[group]
        return f"{group}={chosen} has no such setting; {' and '.join(homes)} has"
    known = [*_names(config), *known_groups(choices)]
    if near := _nearest(name, known):
        return f"no such setting; did you mean {' or '.join(f'{item}={value}' for item in near)}?"
    siblings = [item for item in known if item.rpartition(".")[0] == name.rpartition(".")[0]]
    return (
        f"no such setting; available: {', '.join(sorted(set(siblings or known_groups(choices))))}"
    )


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    """Names that are beside it and look alike, or end the same elsewhere, or look alike at all."""
    parent, _, leaf = name.rpartition(".")
    beside = [item.rpartition(".")[2] for item in known if item.rpartition(".")[0] == parent]
    alike, much_alike = (get_close_matches(leaf, beside, 1, cutoff) for cutoff in (0.6, 0.85))
    named = [f"{parent}.{near}" if parent else near for near in much_alike or alike]
    if same_leaf := [item for item in known if item.rpartition(".")[2] == leaf]:
        elsewhere = get_close_matches(name, same_leaf, n=2, cutoff=0)
        return [*named, *elsewhere][:2] if much_alike else elsewhere
    if named:
        return named
    return get_close_matches(name, known, n=1, cutoff=0.7)


def _expected(config: DictConfig, name: str, value: str) -> str:
    parent, _, leaf = name.rpartition(".")
    owner = OmegaConf.get_type(OmegaConf.select(config, parent) if parent else config)
    hint = typing.get_type_hints(owner)[leaf]
    enums = [item for item in (hint, *typing.get_args(hint)) if isinstance(item, type)]
    names = [member.name for item in enums if issubclass(item, Enum) for member in item]
    near = get_close_matches(value, names, n=1)
    return _describe(hint) + (f"; did you mean {near[0]}?" if near else "")


def _describe(hint: Any) -> str:
    if isinstance(hint, types.UnionType):
        return " or ".join(_describe(item) for item in typing.get_args(hint))
    if typing.get_origin(hint) is list:
        (item,) = typing.get_args(hint)
        named = isinstance(item, type) and issubclass(item, Enum)
        example = ",".join([member.name for member in item][:2]) if named else "1,2"
        return f"a list, each item {_describe(item)}, such as [{example}]"
    if is_dataclass(hint):
        return "the name of a setting in it, then its value"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(member.name for member in hint)}"
    return TYPE_NAMES.get(hint, str(hint))


def known_groups(choices: list[str]) -> list[str]:
    """The groups that a user chooses from; ``choices`` may hold a search path for more."""
    found = _listed("", ObjectType.GROUP, choices)
    return [group for group in found if group not in ("hydra", "schema")]


def choices_of(group: str, choices: list[str]) -> list[str]:
    """The choices of a group."""
    return sorted(_listed(group, ObjectType.CONFIG, choices))


def _listed(group: str, kind: ObjectType, choices: list[str]) -> list[str]:
    # The choices are needed where they hold a search path, which is where more of them may lie.
    loader = GlobalHydra.instance().config_loader()
    return loader.get_group_options(group, kind, MAIN_FILE, choices)


def _alternatives(group: str, choices: list[str]) -> list[str]:
    taken = [choice for choice in choices if choice.startswith(f"{group}=")]
    every = (
        [f"{group}={option}" for option in choices_of(group, choices)]
        if group in known_groups(choices)
        else []
    )
    return [choice for choice in every if choice not in taken]


def _has(choice: str, name: str, choices: list[str]) -> bool:
    group = choice.partition("=")[0]
    others = [item for item in choices if not item.startswith(f"{group}=")]
    config = _try_compose([*others, choice])
    return config is not None and name in _names(config)


def _try_compose(choices: list[str]) -> DictConfig | None:
    try:
        return compose(MAIN_FILE, overrides=choices, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException):
        return None


def _names(config: DictConfig) -> list[str]:
    """All dotted names of settings, and of the groups of settings that hold them."""
    return list(_walk({key: config[key] for key in map(str, config) if key != "hydra"}, ""))


def _walk(node: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in node.items():
        yield f"{prefix}{key}"
        if isinstance(value, DictConfig):
            yield from _walk(typing.cast(Mapping[str, Any], value), f"{prefix}{key}.")
