"""What German prepositions do to an article behind them: "im Garten", "zur Schule"."""

from __future__ import annotations

from collections.abc import Sequence

from onegrain.data.grammar.words import Word

_CONTRACTED = {
    ("in", "dem"): "im",
    ("an", "dem"): "am",
    ("zu", "dem"): "zum",
    ("zu", "der"): "zur",
    ("in", "das"): "ins",
    ("an", "das"): "ans",
}


def join(words: Sequence[Word]) -> list[Word]:
    """Contract; a contraction has its article's features and its preposition's semantic tag."""
    joined: list[Word] = []
    for word in words:
        before = joined[-1] if joined else None
        if before is not None and (before.pos, word.pos) == ("ADP", "DET"):
            form = _CONTRACTED.get((before.form, word.form))
            if form is not None:
                joined[-1] = Word(form, "ADP+DET", word.morph, before.sem)
                continue
        joined.append(word)
    return joined
