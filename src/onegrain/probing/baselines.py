"""What can be had without any neuron."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from onegrain.data.corpus import NO_LABEL, Corpus


def majority_accuracy(train: Corpus, test: Corpus, task: str, *, lowercase: bool = False) -> float:
    """Return the accuracy of MAJ, the local majority baseline (Dalvi et al., AAAI 2019, Table 1).

    It gives every word the label it most often has in training, and a word that training does
    not have the label most often seen overall. Ties go to the label that is first by name. Words
    without a label do not count.

    Args:
        train: Corpus with labels for ``task``.
        test: Another.
        task: Name of the labels.
        lowercase: Take words that differ in case only for the same, as the model does.

    Example:
        >>> train = Corpus("en", (("a", "dog", "a"),), labels={"pos": (("DET", "NOUN", "DET"),)})
        >>> test = Corpus("en", (("a", "cat"),), labels={"pos": (("DET", "NOUN"),)})
        >>> majority_accuracy(train, test, "pos")
        0.5
    """
    by_word: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for word, label in _pairs(train, task, lowercase):
        by_word[word][label] += 1
    overall = _most_frequent(Counter(label for _, label in _pairs(train, task, lowercase)))
    guess = {word: _most_frequent(labels) for word, labels in by_word.items()}
    hits = [guess.get(word, overall) == label for word, label in _pairs(test, task, lowercase)]
    return sum(hits) / len(hits)


def _pairs(corpus: Corpus, task: str, lowercase: bool) -> Iterable[tuple[str, str]]:
    for words, labels in zip(corpus.sentences, corpus.labels[task], strict=True):
        for word, label in zip(words, labels, strict=True):
            if label != NO_LABEL:
                yield word.lower() if lowercase else word, label


def _most_frequent(labels: Counter[str]) -> str:
    return min(labels, key=lambda label: (-labels[label], label))
