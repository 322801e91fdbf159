"""Settings of text, parallel and labelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Splitting(Enum):
    """How text is cut into words; the same for parallel and for labelled text."""

    spaces = "spaces"  # at white space only: for text that is tokenised already
    punctuation = "punctuation"  # also at punctuation and clitics: for raw text


class VocabularyKind(Enum):
    """What the model's input symbols are."""

    words = "words"  # the papers' way; rare words become <unk>
    bpe = "bpe"  # byte-pair pieces; a word's activation is that of its last piece


@dataclass
class TextSettings:
    """How text becomes the model's symbols."""

    splitting: Splitting = Splitting.punctuation
    lowercase: bool = True
    vocabulary: VocabularyKind = VocabularyKind.words
    vocabulary_size: int = 6000  # for each language, special symbols included


@dataclass
class DataSettings:
    """Parallel text."""

    name: str = "grammar"
    pair: str = "en-fr"  # source-target; the model reads the source
    train_sentences: int | None = None  # null: all there are
    dev_sentences: int | None = None
    test_sentences: int | None = None
    min_length: int = 1  # words a side, for training pairs only
    max_length: int = 50
    seed: int = 0  # which sentences are drawn, and how files without splits are split
    text: TextSettings = field(default_factory=TextSettings)


@dataclass
class GrammarData(DataSettings):
    """Sentences of the embedded synchronous grammar."""

    labelled_sentences: int | None = 6000  # training sentences that have labels; null: all


@dataclass
class FilesData(DataSettings):
    """Two aligned text files (plain, .gz, .xz), one sentence a line; splits are optional."""

    name: str = "files"
    source: str | None = None  # training text
    target: str | None = None
    dev_source: str | None = None  # without these, 5% of the pairs are held out, by hash
    dev_target: str | None = None
    test_source: str | None = None
    test_target: str | None = None


@dataclass
class DatasetData(DataSettings):
    """A known corpus, from a folder or fetched once."""

    root: str | None = None  # its folder; null: fetch it (where its origin is pinned)
