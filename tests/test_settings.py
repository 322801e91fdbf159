from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from onegrain.configuration import compose_settings
from onegrain.settings import (
    AblationSettings,
    Clamp,
    FilesData,
    Precision,
    Settings,
    TextSettings,
    plain,
)

CONF = Path(__file__).resolve().parents[1] / "conf"


@pytest.mark.parametrize("data", ["grammar", "tatoeba", "multi30k"])
def test_plain_settings_are_json_and_name_every_field(data: str) -> None:
    settings = compose_settings(CONF, [f"data={data}"])
    values = plain(settings)
    assert json.loads(json.dumps(values)) == values

    def names(node: object) -> dict[str, object]:
        assert is_dataclass(node)
        found = {item.name: getattr(node, item.name) for item in fields(node)}
        return {name: names(v) if is_dataclass(v) else None for name, v in found.items()}

    def keys(node: dict[str, object]) -> dict[str, object]:
        return {name: keys(v) if isinstance(v, dict) else None for name, v in node.items()}

    assert keys(values) == names(settings)


def test_choices_are_named_also_inside_lists() -> None:
    assert plain(AblationSettings(clamps=[Clamp.mean]))["clamps"] == ["mean"]
    assert plain(Settings())["probe"]["precision"] == Precision.auto.name


def test_each_settings_object_has_lists_and_parts_of_its_own() -> None:
    first, second = Settings(), Settings()
    first.lambda_grid.lambda1.append(1.0)
    first.data.text.lowercase = False
    assert second == Settings()
    assert FilesData().text == TextSettings()
