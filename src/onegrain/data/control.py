"""Control tasks: labels that can only be memorised, word by word (Hewitt & Liang, EMNLP 2019)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from itertools import accumulate, chain

from onegrain.data.corpus import NO_LABEL, Words


def control_labels(
    labels: Iterable[Words], seed: int, *, lowercase: bool = False
) -> Callable[[Words, Words], Words]:
    """Draw a label for every word type, from the distribution of the task's labels (§2.1).

    A probe that reads a property from activations does worse on such labels, which nothing but
    the word itself tells; the difference of the two accuracies is its selectivity.

    A type's label is drawn with a hash of the seed and the type. So it is the same in every split,
    a type that only the test split has gets one too, and none depends on which others there are.

    Args:
        labels: The task's, of the training split; their shares of its words are the chances.
        seed: Another seed is another control task.
        lowercase: Take words that differ in case only for one type, as the model does.

    Returns:
        A function from the words and labels of a sentence to its control labels. A word without
        a label gets none.

    Raises:
        ValueError: If no word has a label.

    Example:
        >>> control = control_labels([("DET", "NOUN", "NOUN")], seed=1)
        >>> first = control(("a", "dog"), ("DET", "NOUN"))
        >>> first == control(("a", "dog"), ("NOUN", "DET")), set(first) <= {"DET", "NOUN"}
        (True, True)
    """
    counts = Counter(chain.from_iterable(labels))
    del counts[NO_LABEL]
    if not counts:
        raise ValueError("a control task needs the labels of at least one word")
    names = sorted(counts)
    upper_ends = list(accumulate(counts[name] for name in names))

    @cache
    def label_of(word_type: str) -> str:
        drawn = _uniform(word_type, seed) * upper_ends[-1]
        return names[bisect_right(upper_ends, drawn)]

    def control(words: Words, own: Words) -> Words:
        types = (word.lower() if lowercase else word for word in words)
        pairs = zip(types, own, strict=True)
        return tuple(NO_LABEL if label == NO_LABEL else label_of(kind) for kind, label in pairs)

    return control


def _uniform(word_type: str, seed: int) -> float:
    """Return a number in [0, 1) that looks random and depends on nothing else."""
    digest = hashlib.sha256(f"{seed}\0{word_type}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2.0**48  # exact in a float, and below 1
