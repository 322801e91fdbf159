"""A trained model on disk: weights, settings and encoders in one folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError

from onegrain.data.encoding import TextEncoder
from onegrain.data.labels import LabelSet
from onegrain.errors import UserError
from onegrain.models.text_model import TextLanguageModel, TextModel, TextTagger, TextTranslator
from onegrain.settings import NlmModel, NmtModel, TaggerModel, network_settings

WEIGHTS = "model.safetensors"
CONFIG = "model.json"
SOURCE = "source.json"
TARGET = "target.json"


def save_model(trained: TextModel, folder: Path, trained_with: dict[str, Any]) -> None:
    """Write a model into ``folder``; ``trained_with`` is noted for the reader."""
    folder.mkdir(parents=True, exist_ok=True)
    trained.source.save(folder / SOURCE)
    if isinstance(trained, TextTranslator):
        trained.target.save(folder / TARGET)
    config = {
        "model": network_settings(trained.settings),
        "layout": trained.model.layout.to_json(),
        **_labels_of(trained),
        **trained_with,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    safetensors.torch.save_model(trained.model, str(folder / WEIGHTS))


def load_model(folder: Path) -> TextModel:
    """Read what `save_model` wrote, on the CPU and in evaluation mode.

    Raises:
        UserError: If a file is missing, damaged or does not belong to the others.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        loaded = _without_weights(config, folder)
        safetensors.torch.load_model(loaded.model, str(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder}: not a whole trained model ({error})") from error
    loaded.model.eval()
    return loaded


def _labels_of(trained: TextModel) -> dict[str, Any]:
    if not isinstance(trained, TextTagger):
        return {}
    return {"task": trained.task, "labels": trained.labels.names}


def _without_weights(config: dict[str, Any], folder: Path) -> TextModel:
    source = TextEncoder.load(folder / SOURCE)
    settings = config["model"]
    if settings["name"] == TaggerModel.name:
        labels = LabelSet(tuple(config["labels"]))
        return TextTagger.untrained(TaggerModel(**settings), source, labels, config["task"])
    if settings["name"] == NlmModel.name:
        return TextLanguageModel.untrained(NlmModel(**settings), source)
    if settings["name"] == NmtModel.name:
        target = TextEncoder.load(folder / TARGET)
        return TextTranslator.untrained(NmtModel(**settings), source, target)
    raise ValueError(f"there is no model={settings['name']}")
