"""What French words do to their neighbours: elision ("l'homme") and contraction ("au marché")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onegrain.data.grammar.french_forms import starts_with_vowel
from onegrain.data.grammar.words import Word

_ELIDED = frozenset(["le", "la", "je", "me", "te", "se", "ne", "de", "que"])
_CONTRACTED = {
    ("de", "le"): "du",
    ("de", "les"): "des",
    ("à", "le"): "au",
    ("à", "les"): "aux",
}


def join(words: Sequence[Word]) -> list[Word]:
    """Elide and contract.

    A contraction has the features of its article and the semantic tag of its preposition.
    """
    return list(_contracted(list(_elided(words))))


def _elided(words: Sequence[Word]) -> Iterator[Word]:
    for word, after in zip(words, [*words[1:], None], strict=True):
        if after is None or word.form not in _ELIDED or not starts_with_vowel(after.form):
            yield word
        elif word.form in ("le", "la"):  # "l'" does not show its gender
            features = [one for one in word.morph.split("|") if not one.startswith("Gender")]
            yield word._replace(form="l'", morph="|".join(features))
        else:
            yield word._replace(form=word.form[:-1] + "'")


def _contracted(words: list[Word]) -> Iterator[Word]:
    position = 0
    while position < len(words):
        word = words[position]
        after = words[position + 1] if position + 1 < len(words) else None
        if after is not None and (word.pos, after.pos) == ("ADP", "DET"):
            form = _CONTRACTED.get((word.form, after.form))
            if form is not None:
                yield Word(form, "ADP+DET", after.morph, word.sem)
                position += 2
                continue
        yield word
        position += 1
