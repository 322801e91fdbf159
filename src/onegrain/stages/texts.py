"""Parallel text; the grammar's, which takes seconds to say, is found in the store."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from pathlib import Path

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.corpus_file import read_corpus, write_corpus
from onegrain.data.datasets import load_parallel
from onegrain.settings import DataSettings
from onegrain.store import Store

CORPUS_FILE = "corpus.json"


def parallel_text(settings: DataSettings, store: Store) -> Splits:
    """Return what models learn from.

    Raises:
        UserError: If a setting or a file is wrong; the message names it.
    """
    return load_parallel(settings, partial(_said, store))


def _said(store: Store, count: int, source: str, target: str, seed: int) -> Corpus:
    """Return what the grammar says, which a change of any of its files may change."""
    from onegrain.data import grammar  # its lexicon takes a moment, and few need it

    def make(folder: Path) -> None:
        write_corpus(grammar.generate(count, source, target, seed), folder / CORPUS_FILE)

    files = Path(grammar.__file__).parent
    key = {"grammar": _digest(files), "pair": [source, target], "sentences": count, "seed": seed}
    return read_corpus(store.get_or_make("text", key, make, quiet=True) / CORPUS_FILE)


def _digest(folder: Path) -> str:
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()
