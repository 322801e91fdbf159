"""What models are worth without some of their neurons, found in the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import Tensor

from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import Ablation
from onegrain.ablation.resampling import Resample
from onegrain.ablation.summaries import Keep, Summary
from onegrain.data.corpus import Corpus
from onegrain.models import pretrained
from onegrain.models.lightning import choose_device
from onegrain.precision import resolve_precision
from onegrain.settings import NmtModel, Settings, TransformerModel
from onegrain.stages.models import identity, search_settings
from onegrain.store import Store

SUMMARIES_FILE = "summaries.json"
_UNREAD = {  # of a transformer: its identity tells what it is
    *("name", "path", "revision", "instances", "instance", "batch_tokens"),
}


def kept_summaries(settings: Settings, model: Path, test: Corpus, store: Store) -> Keep:
    """Return what finds the summaries of ablations of one model on one text, or keeps them.

    Args:
        settings: Those of the run.
        model: The folder of the model.
        test: What it is measured on (`unseen_text`).
        store: Of finished work.
    """
    measured = {
        **_measured_by(settings, model, test),
        "bootstrap": [settings.ablation.bootstrap_samples, settings.seed],
    }

    def keep(ablations: Sequence[Ablation], measure: Callable[[], list[Summary]]) -> list[Summary]:
        def make(folder: Path) -> None:
            text = json.dumps(measure(), indent=1)
            (folder / SUMMARIES_FILE).write_text(text + "\n", encoding="utf-8")

        key = {**measured, "ablations": _fingerprint(ablations)}
        folder = store.get_or_make("ablated", key, make, quiet=True)
        summaries: list[Summary] = json.loads((folder / SUMMARIES_FILE).read_text(encoding="utf-8"))
        return summaries

    return keep


def _measured_by(settings: Settings, model: Path, test: Corpus) -> dict[str, Any]:
    """Return the model, the text, and what decides what the model makes of it."""
    chosen = settings.model
    if isinstance(chosen, TransformerModel):
        read = {name: value for name, value in asdict(chosen).items() if name not in _UNREAD}
        return {"model": pretrained.identity(model), "read": read, "text": test.fingerprint}
    text = replace(test, labels={}).fingerprint
    measured = {"model": identity(model), "search": search_settings(chosen), "text": text}
    if isinstance(chosen, NmtModel):
        device = choose_device(settings.trainer.accelerator)
        measured["dtype"] = str(resolve_precision(settings.ablation.model.precision, device))
    return measured


def _fingerprint(ablations: Sequence[Ablation]) -> str:
    digest, digest_of = sha256(), cache(_digest)  # the values of all masks are mostly the same
    for each in ablations:
        if isinstance(each, Mask):
            values = each.values
            seed = values.seed if isinstance(values, Resample) else ""
            numbers = values.pool if isinstance(values, Resample) else values
            told = [each.site.value, seed, "" if numbers is None else digest_of(numbers)]
            digest.update(f"{told} {each.neurons.tolist()}".encode())
        else:
            digest.update(f"{digest_of(each.basis)} {digest_of(each.mean)}".encode())
    return digest.hexdigest()


def _digest(numbers: Tensor) -> str:
    content = numbers.detach().cpu().contiguous()
    return sha256(content.numpy().tobytes()).hexdigest() + str(tuple(content.shape))
