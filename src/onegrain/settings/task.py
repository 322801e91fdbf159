"""Settings of tasks: which property of words is probed, and the text whose words have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Rare(Enum):
    """What becomes of the words of a rare label."""

    merge = "merge"  # they share the label "other"
    drop = "drop"  # they are left out of training and test; the model still reads them


@dataclass
class TaskSettings:
    """What every task has: a name, the text, its size, and what is done with rare labels."""

    name: str = "pos"  # in the run's files and on its page
    root: str | None = None  # a folder of *train*, *dev*, *test* files; null: the model's own text
    train: str | None = None  # or each file by name
    dev: str | None = None
    test: str | None = None
    train_sentences: int | None = None  # null: all there are
    dev_sentences: int | None = None
    test_sentences: int | None = None
    min_count: int = 0  # a label with fewer training words is rare; 0: none is
    rare: Rare = Rare.merge
    unknown_limit: float = 0.25  # warn where the model does not know a larger share of the words


class Column(Enum):
    """A column of CoNLL-U that may hold a label."""

    lemma = "lemma"
    upos = "upos"
    xpos = "xpos"
    feats = "feats"
    deprel = "deprel"
    misc = "misc"


class PosColumn(Enum):
    """Which column of a treebank holds the part of speech."""

    upos = "upos"
    xpos = "xpos"


class Multiword(Enum):
    """The label of a treebank's multiword token, which is fed as its surface form."""

    joined = "joined"  # all labels of its words: French "du" is ADP+DET
    first = "first"
    last = "last"


@dataclass
class TreebankTask(TaskSettings):
    """A task whose labels a treebank has."""

    multiword: Multiword = Multiword.joined


@dataclass
class PosTask(TreebankTask):
    """Parts of speech."""

    column: PosColumn = PosColumn.upos


class Absent(Enum):
    """What becomes of words that do not have the probed feature."""

    keep = "keep"  # they have the label "_"
    drop = "drop"  # they are left out


@dataclass
class MorphTask(TreebankTask):
    """Morphological features."""

    name: str = "morph"
    feature: str | None = None  # such as Tense; null: all features of the word as one label
    absent: Absent = Absent.keep


class Parts(Enum):
    """Which words of a name such as ``New~York`` have its label; the others are left out."""

    all = "all"
    first = "first"
    last = "last"


@dataclass
class SemTask(TaskSettings):
    """Semantic tags of the Parallel Meaning Bank."""

    name: str = "sem"
    parts: Parts = Parts.all


@dataclass
class NerTask(TaskSettings):
    """Named entities in BIO."""

    name: str = "ner"
    prefix: bool = True  # B-PER, I-PER; false: PER


@dataclass
class WordsTask(TaskSettings):
    """A task that needs no annotation: its labels follow from the words."""


class PositionScheme(Enum):
    """Which words are the beginning and the end of a sentence; the others are its middle."""

    thirds = "thirds"  # those whose middle lies in the first or the last third
    ends = "ends"  # the first word and the last


@dataclass
class PositionTask(WordsTask):
    """Beginning, middle and end of the sentence."""

    name: str = "position"
    scheme: PositionScheme = PositionScheme.thirds


class Ambiguous(Enum):
    """When a word that means other things too, such as "may", is a month."""

    by_case = "by_case"  # by its capital; left out where a sentence begins, which has one anyway
    month = "month"  # always
    drop = "drop"  # never known, so always left out: for text in one case


@dataclass
class MonthsTask(WordsTask):
    """The twelve months of the year, in English, French or German."""

    name: str = "months"
    each: bool = False  # true: every month is a label of its own
    ambiguous: Ambiguous = Ambiguous.by_case


@dataclass
class VocabularyTask(WordsTask):
    """The words of a list against all others."""

    name: str = "vocabulary"
    words: list[str] | None = None
    file: str | None = None  # or a file with one word a line
    each: bool = False  # true: every word of the list is a label of its own
    ignore_case: bool = True


@dataclass
class RegexTask(WordsTask):
    """Words that match a pattern against all others."""

    name: str = "regex"
    patterns: list[str] = field(default_factory=list)  # each label=pattern, for whole words


@dataclass
class FilesTask(TaskSettings):
    """Words and labels of any kind, from files."""

    name: str = "files"
    train_labels: str | None = None  # labels of plain text, line by line and word by word
    dev_labels: str | None = None
    test_labels: str | None = None
    column: Column = Column.upos  # of .conllu
    multiword: Multiword = Multiword.joined  # of .conllu
    word_column: int | None = None  # of a table, from 1; null: by its kind
    label_column: int | None = None
