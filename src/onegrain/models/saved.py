"""A trained translator on disk: weights, settings and both encoders in one folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_model, save_model

from onegrain.data.encoding import TextEncoder
from onegrain.errors import UserError
from onegrain.models.translator import Translator
from onegrain.settings import NmtModel

WEIGHTS = "model.safetensors"
CONFIG = "model.json"
SOURCE = "source.json"
TARGET = "target.json"


@dataclass(frozen=True)
class TrainedTranslator:
    """A translator with what turns text into its symbols and back.

    Attributes:
        model: The network, in evaluation mode.
        source: Encoder of the language it reads.
        target: Encoder of the language it writes.
        settings: What the network was built from.
    """

    model: Translator
    source: TextEncoder
    target: TextEncoder
    settings: NmtModel


def save_translator(trained: TrainedTranslator, folder: Path, trained_with: dict[str, Any]) -> None:
    """Write the translator into ``folder``; ``trained_with`` is noted for the reader."""
    trained.source.save(folder / SOURCE)
    trained.target.save(folder / TARGET)
    config = {
        "model": vars(trained.settings),
        "layout": trained.model.layout.to_json(),
        **trained_with,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_model(trained.model, str(folder / WEIGHTS))


def load_translator(folder: Path) -> TrainedTranslator:
    """Read what `save_translator` wrote.

    Raises:
        UserError: If a file is missing, damaged or does not belong to the others.
    """
    try:
        settings = NmtModel(**json.loads((folder / CONFIG).read_text(encoding="utf-8"))["model"])
        source = TextEncoder.load(folder / SOURCE)
        target = TextEncoder.load(folder / TARGET)
        model = Translator(settings, source.size, target.size)
        load_model(model, str(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder}: not a whole trained translator ({error})") from error
    return TrainedTranslator(model.eval(), source, target, settings)
