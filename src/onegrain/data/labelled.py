"""Labelled text for a probe, from treebanks, two-column files or the data's own gold."""

from __future__ import annotations

from pathlib import Path

from onegrain.data.conllu_file import read_conllu
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.download import fetch_treebank
from onegrain.data.origins import TREEBANKS
from onegrain.data.sampling import sampled
from onegrain.data.tsv_file import read_tsv
from onegrain.errors import UserError
from onegrain.settings import TaskSettings

SPLITS = ("train", "dev", "test")
_MARKS = {"train": ("train",), "dev": ("dev", "val"), "test": ("test",)}  # in file names
_SUFFIXES = (".conllu", ".tsv")
_PACKINGS = (".xz", ".gz")


def load_labelled(task: TaskSettings, data: Splits, language: str, seed: int = 0) -> Splits:
    """Read the three parts of a probing task.

    Files named by ``task.train``, ``task.dev`` and ``task.test`` come first, then those found in
    the folder ``task.root``, which may also be the name of a pinned treebank such as
    ``UD_English-EWT``: it is fetched once. With none of them, the gold labels of the data itself
    are taken. Sentences of every length are kept. Where fewer are asked for, a seeded sample is
    drawn that keeps the order of the file.

    Args:
        task: What is probed and where it is found.
        data: The model's own text.
        language: That of the model's source side.
        seed: Of the sample.

    Returns:
        Corpora whose ``labels`` hold ``task.name``.

    Raises:
        UserError: If files are missing or ambiguous, or a line is wrong; the message names it.
    """
    if (task.root, task.train, task.dev, task.test) == (None,) * 4:
        splits = _gold_of(task, data, language)
    else:
        files = _files_of(task)
        splits = Splits(*(_read(files[split], task, language) for split in SPLITS))
    return Splits(
        train=sampled(splits.train, task.train_sentences, seed, "task.train_sentences"),
        dev=sampled(splits.dev, task.dev_sentences, seed, "task.dev_sentences"),
        test=sampled(splits.test, task.test_sentences, seed, "task.test_sentences"),
    )


def _gold_of(task: TaskSettings, data: Splits, language: str) -> Splits:
    for corpus in (data.train, data.dev, data.test):
        if corpus.language != language:
            raise ValueError(f"the data is {corpus.language}, and the task asks for {language}")
        if task.name not in corpus.labels:
            raise UserError(
                f"task.root: the data has no '{task.name}' labels of its own; name a folder with "
                "labelled text, such as task.root=../shared/data/ud/UD_English-EWT"
            )
    return data


def _files_of(task: TaskSettings) -> dict[str, Path]:
    named = {"train": task.train, "dev": task.dev, "test": task.test}
    files = {split: Path(name) for split, name in named.items() if name is not None}
    missing = [split for split in SPLITS if split not in files]
    if not missing:
        return files
    if task.root is None:
        names = " and ".join(f"task.{split}" for split in missing)
        raise UserError(f"{names}: name a file for every split, or a folder by task.root")
    folder = _folder_of(task.root)
    for split in missing:
        files[split] = _only_file(folder, split)
    return files


def _folder_of(root: str) -> Path:
    folder = Path(root)
    if folder.is_dir():
        return folder
    if root in TREEBANKS:
        return fetch_treebank(root)
    raise UserError(f"task.root={root}: no such folder, nor one of {', '.join(TREEBANKS)}")


def _only_file(folder: Path, split: str) -> Path:
    labelled = sorted(path for path in folder.iterdir() if path.is_file() and _kind_of(path))
    found = [path for path in labelled if any(mark in path.name for mark in _MARKS[split])]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(path.name for path in found or labelled) or "none"
    problem = f"has {len(found)} files" if found else "has no file"
    raise UserError(
        f"{folder}: {problem} for {split} among its .conllu and .tsv ({listed}); "
        f"name one, such as task.{split}=FILE"
    )


def _read(path: Path, task: TaskSettings, language: str) -> Corpus:
    kind = _kind_of(path)
    if kind == ".conllu":
        return read_conllu(path, task.column, task.multiword, language, task.name)
    if kind == ".tsv":
        return read_tsv(path, language, task.name)
    raise UserError(f"{path}: expected a name that ends in .conllu or .tsv (perhaps .xz, .gz)")


def _kind_of(path: Path) -> str | None:
    name = path.with_suffix("") if path.suffix in _PACKINGS else path
    return name.suffix if name.suffix in _SUFFIXES else None
