"""Sentences with one feature to change, and how they are translated before and after.

Every sentence has one meaning, from which all languages are said: so what a translation should be
in another tense, number or gender is known exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from onegrain.data.corpus import Words
from onegrain.data.features import NONE, value_of
from onegrain.data.grammar.generator import SAY, Said, distinct
from onegrain.data.grammar.meaning import Sentence
from onegrain.data.grammar.variants import variants
from onegrain.data.grammar.words import Word, line
from onegrain.data.wanted_forms import WantedForms
from onegrain.settings import ControlledFeature

SEARCHED = 40  # sentences at most, for each that is asked for

Change: TypeAlias = tuple[ControlledFeature, str]


@dataclass(frozen=True)
class Counterpart:
    """A sentence whose translation is known with one feature as it is and as it is wanted.

    Attributes:
        words: The sentence.
        places: Its words that have the present value and would have the wanted one.
        forms: Its translation, and that of the same meaning with the wanted value. What shows the
            value are the words that differ and have a part of speech of the words at ``places``.
        text: The translation as a line, as a corpus has it.
    """

    words: Words
    places: tuple[int, ...]
    forms: WantedForms
    text: str


def counterparts(
    count: int,
    pair: tuple[str, str],
    seed: int,
    skipped: int,
    changes: Sequence[Change],
) -> dict[Change, list[Counterpart]]:
    """Find sentences whose translation changes with one feature, for several changes in one pass.

    Those are taken in which the source changes at words that have the feature, and nowhere else:
    "he walks" and "he walked", not "he walks" and "he will walk".

    Args:
        count: How many for each change; fewer where so many are not found among `SEARCHED` times
            as many sentences.
        pair: Languages of the sentences and of their translations.
        seed: Of the grammar's sentences.
        skipped: The first sentences, which a model may have been trained on.
        changes: A feature and the value it is to have, such as ``Past``.

    Example:
        >>> to_past = (ControlledFeature.tense, "Past")
        >>> (found,) = counterparts(1, ("en", "fr"), seed=0, skipped=0, changes=[to_past])[to_past]
        >>> found.forms.present != found.forms.wanted
        True
    """
    found: dict[Change, list[Counterpart]] = {change: [] for change in changes}
    for sentence, said in islice(distinct(seed), skipped, skipped + SEARCHED * count):
        missing = [change for change, those in found.items() if len(those) < count]
        if not missing:
            break
        for change in missing:
            found[change] += islice(_changed(sentence, said, pair, *change), 1)
    return found


def _changed(
    sentence: Sentence,
    said: dict[str, Said],
    pair: tuple[str, str],
    feature: ControlledFeature,
    wanted: str,
) -> Iterator[Counterpart]:
    source, target = pair
    before, present = said[source], said[target]
    for variant in variants(sentence, feature, wanted):
        places = _changed_places(before, SAY[source](variant), feature.value, wanted)
        other = SAY[target](variant)
        if places and _forms(present) != _forms(other):
            forms = _of_classes({_class(before[place]) for place in places}, present, other)
            yield Counterpart(_forms(before), places, forms, line(present, target))


def _changed_places(before: Said, after: Said, feature: str, wanted: str) -> tuple[int, ...]:
    """Return where two sentences differ, if only in words that show the feature; else nothing."""
    if len(before) != len(after):
        return ()
    pairs = list(zip(before, after, strict=True))
    places = tuple(place for place, (word, other) in enumerate(pairs) if word.form != other.form)
    shown = all(_takes(*pairs[place], feature, wanted) for place in places)
    return places if shown else ()


def _takes(word: Word, other: Word, feature: str, wanted: str) -> bool:
    """Whether a word has another value of the feature, and takes the wanted one."""
    present = value_of(word.morph, feature)
    return present not in (NONE, wanted) and value_of(other.morph, feature) == wanted


def _of_classes(classes: set[str], present: Said, wanted: Said) -> WantedForms:
    """Compare two translations by their words of some parts of speech."""
    return WantedForms.of(_forms(present), _forms(wanted)).only(
        lambda place: _class(present[place]) in classes,
        lambda place: _class(wanted[place]) in classes,
    )


def _class(word: Word) -> str:
    """Return the part of speech; an auxiliary says in one language what a verb does in another."""
    return "VERB" if word.pos == "AUX" else word.pos


def _forms(words: Said) -> Words:
    return tuple(word.form for word in words)
