"""Several processes write one set of shards, byte for byte that of one process."""

from __future__ import annotations

from pathlib import Path

import torch

from onegrain.activations.record import record
from onegrain.data.corpus import Corpus
from onegrain.data.encoding import TextEncoder
from onegrain.models.translator import Translator
from onegrain.settings import ActivationSettings, NmtModel, TextSettings


def test_two_processes_write_the_files_of_one(tmp_path: Path) -> None:
    sentences = (("the", "dog", "sleeps", "."), (), ("a", "zebra", "sees", "the", "dog")) * 60
    known = [tuple(word for word in words if word != "zebra") for words in sentences]
    encoder = TextEncoder.learn(known, "en", TextSettings())
    torch.manual_seed(0)
    model = Translator(NmtModel(hidden=1500, embedding=4, layers=1), encoder.size, 10).eval()
    settings = ActivationSettings(shard_megabytes=1)  # 174 words
    folders = {count: tmp_path / str(count) for count in (1, 2)}
    for count, folder in folders.items():
        record(model, encoder, Corpus("en", sentences), folder, settings, count)
    files = [{path.name: path.read_bytes() for path in each.iterdir()} for each in folders.values()]
    assert files[0].keys() == files[1].keys()
    assert files[0] == files[1]
    assert len([name for name in files[0] if name.startswith("shard-")]) == 4
