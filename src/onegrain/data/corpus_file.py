"""A corpus as one JSON document: read back, it is the one that was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from sys import intern
from typing import Any

from onegrain.data.corpus import Corpus, Words


def write_corpus(corpus: Corpus, path: Path) -> None:
    """Write sentences, lines, labels and translations."""
    path.write_text(json.dumps(_document(corpus), ensure_ascii=False), encoding="utf-8")


def read_corpus(path: Path) -> Corpus:
    """Read what `write_corpus` wrote."""
    return _corpus(json.loads(path.read_text(encoding="utf-8")))


def _document(corpus: Corpus) -> dict[str, Any]:
    return {
        "language": corpus.language,
        "sentences": corpus.sentences,
        "text": corpus.text,
        "labels": dict(corpus.labels),
        "translation": None if corpus.translation is None else _document(corpus.translation),
    }


def _corpus(document: dict[str, Any]) -> Corpus:
    text, translation = document["text"], document["translation"]
    return Corpus(
        document["language"],
        _rows(document["sentences"]),
        text=None if text is None else tuple(text),
        translation=None if translation is None else _corpus(translation),
        labels={task: _rows(labels) for task, labels in document["labels"].items()},
    )


def _rows(rows: Iterable[Sequence[str]]) -> tuple[Words, ...]:
    return tuple(tuple(map(intern, row)) for row in rows)  # a word is in memory once
