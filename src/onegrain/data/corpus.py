"""Sentences and what is known about them: the first thing that travels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

Words = tuple[str, ...]
NO_LABEL = ""  # of a word that a task leaves out; no file can hold it
_Row = TypeVar("_Row")
_Splits = TypeVar("_Splits", bound="Splits")


@dataclass(frozen=True)
class Corpus:
    """Sentences of one language, perhaps with a translation and labels each.

    Attributes:
        language: ISO 639-1 code, such as ``en``.
        sentences: The words of every sentence.
        text: The untouched line of every sentence (case, spacing), where there is one. BLEU is
            computed against it.
        translation: The same sentences in another language, aligned one to one.
        labels: For a property such as ``pos``, the label of every word of every sentence;
            `NO_LABEL` where a word has none.

    Raises:
        ValueError: If the parts do not have one entry for each sentence (and word).

    Example:
        >>> corpus = Corpus("en", (("a", "dog"),), labels={"pos": (("DET", "NOUN"),)})
        >>> len(corpus), corpus.word_count
        (1, 2)
    """

    language: str
    sentences: tuple[Words, ...]
    text: tuple[str, ...] | None = None
    translation: Corpus | None = None
    labels: Mapping[str, tuple[Words, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.sentences)
        if self.text is not None and len(self.text) != size:
            raise ValueError(f"{len(self.text)} lines of text for {size} sentences")
        if self.translation is not None and len(self.translation) != size:
            raise ValueError(f"{len(self.translation)} translations for {size} sentences")
        for task, labels in self.labels.items():
            if [len(row) for row in labels] != [len(words) for words in self.sentences]:
                raise ValueError(f"'{task}' does not have one label for every word")

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def word_count(self) -> int:
        """Number of words in all sentences."""
        return sum(map(len, self.sentences))

    def select(self, indices: Iterable[int]) -> Corpus:
        """Return the sentences at ``indices``, in that order, with all that belongs to them."""
        chosen = list(indices)
        return replace(
            self,
            sentences=_pick(self.sentences, chosen),
            text=None if self.text is None else _pick(self.text, chosen),
            translation=None if self.translation is None else self.translation.select(chosen),
            labels={task: _pick(labels, chosen) for task, labels in self.labels.items()},
        )

    def with_labels(self, task: str, labels: Iterable[Words]) -> Corpus:
        """Return the same words with the labels of one task, and nothing else."""
        return Corpus(self.language, self.sentences, labels={task: tuple(labels)})

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the content: equal corpora have equal fingerprints in every process."""
        digest = hashlib.sha256(self.language.encode())
        _add_rows(digest, "words", self.sentences)
        _add_rows(digest, "text", () if self.text is None else [(line,) for line in self.text])
        for task in sorted(self.labels):
            _add_rows(digest, task, self.labels[task])
        if self.translation is not None:
            digest.update(self.translation.fingerprint.encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Splits:
    """The three parts of a data set."""

    train: Corpus
    dev: Corpus
    test: Corpus

    @classmethod
    def empty(cls, language: str) -> Splits:
        """Return three parts without sentences."""
        return cls(*(Corpus(language, ()) for _ in range(3)))

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the content of all three parts."""
        parts = (self.train.fingerprint, self.dev.fingerprint, self.test.fingerprint)
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def with_each(self: _Splits, change: Callable[[Corpus], Corpus]) -> _Splits:
        """Return the same with every part changed."""
        parts = {"train": self.train, "dev": self.dev, "test": self.test}
        return replace(self, **{name: change(part) for name, part in parts.items()})


def _pick(rows: Sequence[_Row], indices: Sequence[int]) -> tuple[_Row, ...]:
    return tuple(rows[index] for index in indices)


def _add_rows(digest: hashlib._Hash, name: str, rows: Iterable[Words]) -> None:
    digest.update(json.dumps(name).encode())
    for row in rows:
        digest.update(json.dumps(row).encode())  # no two rows have the same, whatever is in them
