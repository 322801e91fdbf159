"""The files that hold the words and labels of a task."""

from __future__ import annotations

import re
from pathlib import Path

from onegrain.data.aligned_labels import read_aligned
from onegrain.data.bio import require_bio
from onegrain.data.column_file import (
    IOB2_COLUMNS,
    PMB_COLUMNS,
    TWO_COLUMNS,
    Columns,
    corpus_of,
    read_columns,
)
from onegrain.data.conllu_file import read_conllu
from onegrain.data.corpus import Corpus
from onegrain.data.download import fetch_treebank
from onegrain.data.features import features_of
from onegrain.data.origins import TREEBANKS
from onegrain.data.text_files import read_lines
from onegrain.data.tokenization import words_of
from onegrain.errors import UserError
from onegrain.settings import (
    Column,
    FilesTask,
    MorphTask,
    Multiword,
    NerTask,
    PosTask,
    SemTask,
    Splitting,
    TaskSettings,
    WordsTask,
)

SPLITS = ("train", "dev", "test")
_MARKS = {  # in file names; "eval" is none
    split: re.compile(rf"(?<![a-z])({marks})", re.IGNORECASE)
    for split, marks in (("train", "train"), ("dev", "dev|val"), ("test", "test"))
}
_PACKINGS = (".xz", ".gz")
_KINDS: dict[type[TaskSettings], tuple[str, ...]] = {  # that a task reads, the better ones first
    PosTask: (".conllu", ".tsv"),
    MorphTask: (".conllu", ".tsv"),
    SemTask: (".tsv", ".conll"),
    NerTask: (".iob2", ".conll", ".tsv"),
}
_ALL_KINDS = (".conllu", ".tsv", ".iob2", ".conll")


def names_files(task: TaskSettings) -> bool:
    """Return whether a task has text of its own; else it takes the model's."""
    return (task.root, task.train, task.dev, task.test) != (None,) * 4


def files_of(task: TaskSettings) -> dict[str, Path]:
    """Return the file of every split, named or found in the folder.

    Where a folder holds a split in several kinds of files, the kind that suits the task is taken.

    Raises:
        UserError: If files are missing or ambiguous.
    """
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
        files[split] = _only_file(folder, split, _kinds_of(task))
    return files


def read_split(
    split: str, path: Path, task: TaskSettings, language: str, splitting: Splitting
) -> Corpus:
    """Read words and labels; for a task whose labels follow from the words, words alone.

    Args:
        split: ``train``, ``dev`` or ``test``.
        path: Its file; the kind is known by the suffix.
        task: What is probed; its name is that of the labels.
        language: Of the text.
        splitting: How lines of plain text are cut into words.

    Raises:
        UserError: If a line is wrong, with its file and number.
    """
    if isinstance(task, WordsTask):
        return _words(path, language, splitting)
    if isinstance(task, FilesTask):
        labels = getattr(task, f"{split}_labels")
        if labels is not None:
            return read_aligned(path, Path(labels), language, task.name)
    kind = _kind_of(path)
    if kind is None or kind not in _kinds_of(task):
        wanted = f"expected a name that ends in {_listed(_kinds_of(task))} (perhaps .xz, .gz)"
        if isinstance(task, FilesTask):
            wanted += f"; plain text needs a file of labels, task.{split}_labels=..."
        raise UserError(f"{path}: {wanted}")
    if kind == ".conllu":
        column, multiword = _conllu_choice(task)
        return read_conllu(path, column, multiword, language, task.name)
    return _table(path, kind, task, language)


def _words(path: Path, language: str, splitting: Splitting) -> Corpus:
    match _kind_of(path):
        case ".conllu":
            return read_conllu(path, Column.upos, Multiword.first, language)
        case ".iob2":
            return corpus_of(read_columns(path, IOB2_COLUMNS), language, "")
        case ".tsv" | ".conll":
            return corpus_of(read_columns(path), language, "")
    lines = (words_of(line, language, splitting) for line in read_lines(path))
    sentences = tuple(filter(None, lines))
    if not sentences:
        raise UserError(f"{path}: there is no word")
    return Corpus(language, sentences)


def _conllu_choice(task: TaskSettings) -> tuple[Column, Multiword]:
    match task:
        case PosTask():
            return Column[task.column.name], task.multiword
        case MorphTask():
            return Column.feats, task.multiword
        case FilesTask():
            return task.column, task.multiword
    raise TypeError(f"task={task.name} reads no treebank")


def _table(path: Path, kind: str, task: TaskSettings, language: str) -> Corpus:
    sentences = read_columns(path, _columns_of(task, kind))
    if isinstance(task, NerTask):
        require_bio(path, sentences)
    if isinstance(task, MorphTask):
        for line, _, bundle in (tagged for row in sentences for tagged in row):
            try:
                features_of(bundle)
            except ValueError as error:
                raise UserError(f"{path}:{line}: {error}") from None
    return corpus_of(sentences, language, task.name)


def _columns_of(task: TaskSettings, kind: str) -> Columns:
    usual = IOB2_COLUMNS if kind == ".iob2" else TWO_COLUMNS
    if isinstance(task, SemTask) and kind == ".conll":
        return PMB_COLUMNS
    if isinstance(task, FilesTask) and (task.word_column or task.label_column):
        word = task.word_column or usual.word
        return Columns(word, task.label_column or word + 1)
    return usual


def _folder_of(root: str) -> Path:
    folder = Path(root)
    if folder.is_dir():
        return folder
    if root in TREEBANKS:
        return fetch_treebank(root)
    raise UserError(f"task.root={root}: no such folder, nor one of {', '.join(TREEBANKS)}")


def _only_file(folder: Path, split: str, kinds: tuple[str, ...]) -> Path:
    labelled = sorted(path for path in folder.iterdir() if path.is_file() and _kind_of(path))
    marked = [path for path in labelled if _MARKS[split].search(path.name)]
    by_kind = ([path for path in marked if _kind_of(path) == kind] for kind in kinds)
    found = next(filter(None, by_kind), [])
    if len(found) == 1:
        return found[0]
    listed = ", ".join(path.name for path in found or labelled) or "none"
    problem = f"has {len(found)} files" if found else "has no file"
    raise UserError(
        f"{folder}: {problem} for {split} among its {_listed(kinds)} ({listed}); "
        f"name one, such as task.{split}=FILE"
    )


def _kinds_of(task: TaskSettings) -> tuple[str, ...]:
    return _KINDS.get(type(task), _ALL_KINDS)


def _kind_of(path: Path) -> str | None:
    name = path.with_suffix("") if path.suffix in _PACKINGS else path
    return name.suffix if name.suffix in _ALL_KINDS else None


def _listed(kinds: tuple[str, ...]) -> str:
    return f"{', '.join(kinds[:-1])} or {kinds[-1]}"
