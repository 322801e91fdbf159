"""Labelled text for a probe: from files, from the data's own gold, or from the words themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from onegrain.data.bio import entity_type
from onegrain.data.corpus import NO_LABEL, Corpus, Splits, Words
from onegrain.data.features import NONE, names_in, value_of
from onegrain.data.label_files import SPLITS, files_of, names_files, read_split
from onegrain.data.months import month_labels
from onegrain.data.patterns import pattern_labels
from onegrain.data.positions import position_labels
from onegrain.data.rare import RareLabels, without_rare
from onegrain.data.sampling import sampled
from onegrain.data.tilde_names import in_parts
from onegrain.data.word_lists import list_labels, read_list
from onegrain.errors import UserError
from onegrain.settings import (
    Absent,
    MonthsTask,
    MorphTask,
    NerTask,
    PosColumn,
    PositionTask,
    PosTask,
    RegexTask,
    SemTask,
    Splitting,
    TaskSettings,
    VocabularyTask,
    WordsTask,
)

_GOLD: dict[type[TaskSettings], str] = {PosTask: "pos", MorphTask: "morph", SemTask: "sem"}
_SUCH_AS: dict[type[TaskSettings], str] = {  # folders that may lie at hand, for messages
    SemTask: "../shared/data/pmb/4.0.0/en/gold",
    NerTask: "../shared/data/wnut17",
}
_TREEBANK = "../shared/data/ud/UD_English-EWT"


@dataclass(frozen=True)
class LabelledText(Splits):
    """The three parts of a probing task.

    Attributes:
        rare: Which labels were merged or dropped.
    """

    rare: RareLabels


def load_labelled(
    task: TaskSettings,
    data: Splits,
    language: str,
    seed: int = 0,
    splitting: Splitting = Splitting.punctuation,
) -> LabelledText:
    """Read the three parts of a probing task.

    Files named by ``task.train``, ``task.dev`` and ``task.test`` come first, then those found in
    the folder ``task.root``, which may also be the name of a pinned treebank such as
    ``UD_English-EWT``: it is fetched once. With none of them, the data's own sentences are taken,
    with its gold labels or with those that follow from the words. Sentences of every length are
    kept. Where fewer are asked for, a seeded sample is drawn that keeps the order of the file.

    Args:
        task: What is probed and where it is found.
        data: The model's own text.
        language: That of the model's source side.
        seed: Of the sample.
        splitting: How plain text is cut into words.

    Returns:
        Corpora whose ``labels`` hold ``task.name``; a word that the task leaves out has
        `NO_LABEL`.

    Raises:
        UserError: If files are missing or ambiguous, a line is wrong, or there are not two
            different labels to tell apart; the message names it.
    """
    if names_files(task):
        files = files_of(task)
        parts = {
            split: read_split(split, files[split], task, language, splitting) for split in SPLITS
        }
    else:
        parts = {
            "train": _own(task, data.train, language),
            "dev": _own(task, data.dev, language),
            "test": _own(task, data.test, language),
        }
    label = _labeller(task, parts["train"])
    drawn = {
        split: sampled(label(corpus), getattr(task, name), seed, f"task.{name}")
        for split, corpus in parts.items()
        for name in [f"{split}_sentences"]
    }
    kept, rare = without_rare(Splits(**drawn), task.name, task.min_count, task.rare)
    _require_labels(kept, task)
    return LabelledText(kept.train, kept.dev, kept.test, rare)


def _own(task: TaskSettings, corpus: Corpus, language: str) -> Corpus:
    """Return a part of the data itself, with its gold labels where the task needs any."""
    if corpus.language != language:
        raise ValueError(f"the data is {corpus.language}, and the task asks for {language}")
    if isinstance(task, WordsTask):
        return Corpus(language, corpus.sentences)
    gold = _GOLD.get(type(task))
    if gold is None or gold not in corpus.labels:
        such_as = _SUCH_AS.get(type(task), _TREEBANK)
        raise UserError(
            f"task.root: the data has no '{gold or task.name}' labels of its own; name a folder "
            f"with labelled text, such as task.root={such_as}"
        )
    if isinstance(task, PosTask) and task.column is not PosColumn.upos:
        raise UserError(
            f"task.column={task.column.name}: the data's own gold is upos; name a treebank, such "
            f"as task.root={_TREEBANK}"
        )
    labels = {**corpus.labels, task.name: corpus.labels[gold]}  # what the others explain is shown
    return Corpus(corpus.language, corpus.sentences, labels=labels)


def _labeller(task: TaskSettings, train: Corpus) -> Callable[[Corpus], Corpus]:
    """Return what makes the task's labels of what was read."""
    match task:
        case MorphTask(feature=str(feature)):
            return _feature_labeller(task, feature, train)
        case NerTask(prefix=False):
            return lambda corpus: _relabelled(corpus, task.name, entity_type)
        case SemTask():
            return lambda corpus: in_parts(corpus, task.name, task.parts)
        case WordsTask():
            label = _sentence_labeller(task, train.language)
            return lambda corpus: corpus.with_labels(task.name, map(label, corpus.sentences))
    return lambda corpus: corpus


def _feature_labeller(task: MorphTask, feature: str, train: Corpus) -> Callable[[Corpus], Corpus]:
    names = set().union(*map(names_in, set(chain.from_iterable(train.labels[task.name]))))
    if feature not in names:
        raise UserError(
            f"task.feature={feature}: no training word has it; there are "
            f"{', '.join(sorted(names)) or 'no features'}"
        )

    @cache  # a bundle occurs many times
    def value(bundle: str) -> str:
        found = value_of(bundle, feature)
        return NO_LABEL if found == NONE and task.absent is Absent.drop else found

    return lambda corpus: _relabelled(corpus, task.name, value)


def _sentence_labeller(task: WordsTask, language: str) -> Callable[[Words], Words]:
    match task:
        case PositionTask():
            return lambda words: position_labels(len(words), task.scheme)
        case MonthsTask():
            return month_labels(language, task.ambiguous, each=task.each)
        case VocabularyTask():
            listed = task.words or ([] if task.file is None else read_list(Path(task.file)))
            name = None if task.each else "listed"
            return list_labels(listed, name, ignore_case=task.ignore_case)
        case RegexTask():
            return pattern_labels(task.patterns)
    raise TypeError(f"task={task.name} has no labels that follow from the words")


def _relabelled(corpus: Corpus, name: str, change: Callable[[str], str]) -> Corpus:
    return corpus.with_labels(name, (tuple(map(change, row)) for row in corpus.labels[name]))


def _require_labels(splits: Splits, task: TaskSettings) -> None:
    for split, corpus in (("train", splits.train), ("dev", splits.dev), ("test", splits.test)):
        there = set(chain.from_iterable(corpus.labels[task.name])) - {NO_LABEL}
        if not there:
            raise UserError(f"task={task.name}: no word of {split} has a label")
        if split == "train" and len(there) == 1:
            raise UserError(
                f"task={task.name}: every training word has the same label, '{there.pop()}'; "
                "a probe needs at least two to tell apart"
            )
