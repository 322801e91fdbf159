"""The same sentence in another tense, with another number or gender: one feature changed at once.

Only changes that leave the rest of the meaning as it is are made: no tense beside "yesterday", no
number beside "a" or "three", no gender where somebody's role says it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from onegrain.data.grammar.entries import Moment
from onegrain.data.grammar.meaning import (
    Action,
    Being,
    Clause,
    Date,
    Determiner,
    Link,
    Mood,
    Nominal,
    NounPhrase,
    Phrase,
    Pronoun,
    Sentence,
    Tense,
)
from onegrain.settings import ControlledFeature

_TENSES = {"Pres": Tense.present, "Past": Tense.past}
_WITH_BOTH_NUMBERS = (Determiner.definite, Determiner.this, Determiner.that, Determiner.owned)
_WITH_ONE_TENSE = (Link.when, Link.if_)


def variants(sentence: Sentence, feature: ControlledFeature, wanted: str) -> Iterator[Sentence]:
    """Yield the sentence with one clause, noun or pronoun changed to have the wanted value.

    Args:
        sentence: What is said.
        feature: What is changed.
        wanted: The value it is to have, as treebanks call it: ``Past``, ``Plur``, ``Fem`` ...
    """
    if sentence.mood is Mood.request:
        return
    clause = sentence.clause
    match feature:
        case ControlledFeature.tense:
            tense = _TENSES[wanted]
            free = sentence.link not in _WITH_ONE_TENSE and _is_free(clause)
            changed = [replace(clause, tense=tense)] if free and clause.tense is not tense else []
        case ControlledFeature.number:
            changed = list(_numbers(clause, plural=wanted == "Plur"))
        case ControlledFeature.gender:
            changed = list(_genders(clause, "f" if wanted == "Fem" else "m"))
    for one in changed:
        yield replace(sentence, clause=one)


def _is_free(clause: Clause) -> bool:
    """Whether a clause can be said in the present and in the past alike."""
    action, time = clause.predicate, clause.time
    timeless = (
        time is None
        or (isinstance(time, Moment) and time.tense == "any")
        or (isinstance(time, Date) and time.month is not None)
    )
    reports = isinstance(action, Action) and action.content is not None
    bound = clause.progressive or clause.perfect or clause.modal or clause.frequency
    return clause.tense is not Tense.future and timeless and not reports and not bound


def _numbers(clause: Clause, *, plural: bool) -> Iterator[Clause]:
    if clause.also is not None:  # "(buys books) and reads them"
        return
    together = clause.manner is not None and clause.manner.english == "together"
    if not together and not _names_role(clause):
        for subject in _counted(clause.subject, plural=plural):
            yield replace(clause, subject=subject)
    if isinstance(clause.predicate, Action):
        for thing in _counted(clause.predicate.thing, plural=plural):
            yield replace(clause, predicate=replace(clause.predicate, thing=thing))


def _counted(nominal: Nominal | None, *, plural: bool) -> Iterator[NounPhrase]:
    """Yield a noun phrase in the other number, where nothing else has to change with it."""
    if (
        isinstance(nominal, NounPhrase)
        and nominal.plural is not plural
        and nominal.noun.countable
        and nominal.determiner in _WITH_BOTH_NUMBERS
        and nominal.relative is None
    ):
        yield replace(nominal, plural=plural)


def _genders(clause: Clause, gender: str) -> Iterator[Clause]:
    if not _names_role(clause):
        for subject in _gendered(clause.subject, gender):
            yield replace(clause, subject=subject)
    action = clause.predicate
    if isinstance(action, Action):
        for thing in _gendered(action.thing, gender):
            yield replace(clause, predicate=replace(action, thing=thing))
        for recipient in _gendered(action.recipient, gender):
            yield replace(clause, predicate=replace(action, recipient=recipient))
    for place, phrase in enumerate(clause.phrases):
        for company in _with_company(phrase, gender):
            phrases = (*clause.phrases[:place], company, *clause.phrases[place + 1 :])
            yield replace(clause, phrases=phrases)


def _gendered(nominal: object, gender: str) -> Iterator[Pronoun]:
    """Yield "she" for "he"; "they" shows no gender in English, and "it" stands for a thing."""
    if isinstance(nominal, Pronoun) and nominal.person == 3 and nominal.antecedent is None:
        other = {"m": "f", "f": "m"}.get(nominal.gender)
        if other == gender and not nominal.plural:
            yield replace(nominal, gender=gender)


def _with_company(phrase: Phrase, gender: str) -> Iterator[Phrase]:
    for pronoun in _gendered(phrase.ground, gender):
        yield replace(phrase, ground=pronoun)


def _names_role(clause: Clause) -> bool:
    """Whether the predicate is a noun that agrees with the subject: "she is a teacher"."""
    return isinstance(clause.predicate, Being) and clause.predicate.role is not None
