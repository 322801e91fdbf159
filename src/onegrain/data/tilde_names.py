"""Names of several words that a corpus writes as one: ``New~York`` in the Parallel Meaning Bank."""

from __future__ import annotations

from collections.abc import Iterator

from onegrain.data.corpus import NO_LABEL, Corpus, Words
from onegrain.settings import Parts

JOIN = "~"


def in_parts(corpus: Corpus, task: str, labelled: Parts) -> Corpus:
    """Read each part as a word of its own, as it stands in every other text.

    A model that knows "New" and "York" does not know "New~York". Each part has the label of the
    whole, or only the first or the last one has it and the others have none.

    Args:
        corpus: With labels for ``task``.
        task: Name of the labels.
        labelled: Which parts have the label.

    Example:
        >>> corpus = Corpus("en", (("New~York", "!"),), labels={"sem": (("GPE", "EMP"),)})
        >>> parts = in_parts(corpus, "sem", Parts.all)
        >>> parts.sentences, parts.labels["sem"]
        ((('New', 'York', '!'),), (('GPE', 'GPE', 'EMP'),))
    """
    rows = zip(corpus.sentences, corpus.labels[task], strict=True)
    pairs = [list(_parts(words, labels, labelled)) for words, labels in rows]
    return Corpus(
        corpus.language,
        tuple(tuple(word for word, _ in row) for row in pairs),
        labels={task: tuple(tuple(label for _, label in row) for row in pairs)},
    )


def _parts(words: Words, labels: Words, labelled: Parts) -> Iterator[tuple[str, str]]:
    for word, label in zip(words, labels, strict=True):
        parts = list(filter(None, word.split(JOIN))) or [word]  # "~" itself is a word too
        chosen = {Parts.all: range(len(parts)), Parts.first: [0], Parts.last: [len(parts) - 1]}
        for index, part in enumerate(parts):
            yield part, label if index in chosen[labelled] else NO_LABEL
