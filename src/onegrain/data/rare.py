"""Rare labels share one label, or their words are left out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from onegrain.data.corpus import NO_LABEL, Corpus, Splits, Words
from onegrain.data.word_lists import OTHER
from onegrain.settings import Rare

log = logging.getLogger(__name__)

SHOWN = 8  # names in a message


@dataclass(frozen=True)
class RareLabels:
    """Which labels were rare.

    Attributes:
        names: From the most frequent in training to the rarest, ties by name; labels that dev or
            test have and training has not are among them.
        words: Number of their words in each split.
    """

    names: Words
    words: Mapping[str, int]


def without_rare(
    splits: Splits, task: str, min_count: int, rare: Rare
) -> tuple[Splits, RareLabels]:
    """Merge or drop the labels that have fewer than ``min_count`` words in training.

    What is rare is decided by the training split alone and holds for all three. It is said once.

    Args:
        splits: Corpora with labels for ``task``.
        task: Name of the labels.
        min_count: 0 or 1 changes no label that training has; 0 changes nothing at all.
        rare: What becomes of them.

    Returns:
        The corpora with new labels, and what was rare.
    """
    counts = {name: _counts(corpus, task) for name, corpus in _parts(splits).items()}
    every = sorted(counts["train"].keys() | counts["dev"].keys() | counts["test"].keys())
    few = {name for name in every if counts["train"][name] < min_count}
    names = tuple(sorted(few, key=lambda name: (-counts["train"][name], name)))
    words = {split: sum(count[name] for name in few) for split, count in counts.items()}
    found = RareLabels(names, words)
    if not few:
        return splits, found
    _say(found, min_count, rare)
    instead = OTHER if rare is Rare.merge else NO_LABEL
    return _renamed(splits, task, dict.fromkeys(few, instead)), found


def _renamed(splits: Splits, task: str, instead: Mapping[str, str]) -> Splits:
    def renamed(corpus: Corpus) -> Corpus:
        return corpus.with_labels(
            task,
            (tuple(instead.get(label, label) for label in row) for row in corpus.labels[task]),
        )

    return Splits(**{split: renamed(corpus) for split, corpus in _parts(splits).items()})


def _say(found: RareLabels, min_count: int, rare: Rare) -> None:
    shown = ", ".join(found.names[:SHOWN]) + (", ..." if len(found.names) > SHOWN else "")
    log.info(
        "task.min_count=%d: %d rare labels %s, %d training, %d dev and %d test words (%s)",
        min_count,
        len(found.names),
        f"become '{OTHER}'" if rare is Rare.merge else "are left out",
        *(found.words[split] for split in ("train", "dev", "test")),
        shown,
    )


def _parts(splits: Splits) -> dict[str, Corpus]:
    return {"train": splits.train, "dev": splits.dev, "test": splits.test}


def _counts(corpus: Corpus, task: str) -> Counter[str]:
    counts = Counter(chain.from_iterable(corpus.labels[task]))
    del counts[NO_LABEL]
    return counts
