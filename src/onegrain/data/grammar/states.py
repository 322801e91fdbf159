"""Draws what somebody or something is, what there is, and the weather."""

from __future__ import annotations

from dataclasses import replace

from onegrain.data.grammar import lexicon, nominals
from onegrain.data.grammar.entries import Name, Noun
from onegrain.data.grammar.meaning import (
    Action,
    Being,
    Clause,
    Determiner,
    Existence,
    Gap,
    Modal,
    Negation,
    Nominal,
    NounPhrase,
    Pair,
    Phrase,
    Pronoun,
    Quality,
    Tense,
)
from onegrain.data.grammar.nominals import Setting

_THINGS = (
    ("animal", 45),
    ("vehicle", 18),
    ("event", 14),
    ("storm", 3),
    ("thing", 12),
    ("place", 8),
)
_WEATHER = Pronoun(3, gender="n", weather=True)
_PASSING = ("happy", "tired", "sad", "ill", "quiet", "friendly", "empty", "wet", "cold", "noisy")


def being(setting: Setting, tense: Tense, frame: str) -> Clause:
    """Draw what somebody or something is, or where."""
    chance = setting.chance
    thing = frame in ("quality", "comparison") and chance.happens(0.55)
    subject = thing_subject(setting) if thing else nominals.somebody(setting)
    if frame == "role" and not isinstance(subject, Pair):
        return _role(setting, subject, tense)
    if frame == "place":
        place = nominals.place(setting)
        return Clause(subject, Being(place=place), tense, negation(setting, subject, None))
    if frame == "comparison" and isinstance(subject, NounPhrase | Name):
        return _comparison(setting, subject, tense)
    return described(setting, subject, tense)


def described(setting: Setting, subject: Nominal, tense: Tense) -> Clause:
    """Draw an adjective for a subject."""
    chance = setting.chance
    adjective = chance.of(lexicon.adjectives_of(noun_of(subject)))
    quality = Quality(adjective, nominals.gradable(adjective) and chance.happens(0.2))
    gap = isinstance(subject, Gap)
    denied = Negation.none if gap else negation(setting, subject, None)
    passing = adjective.english in _PASSING and chance.happens(0.4)
    time = nominals.time(setting, tense) if passing and not gap else None
    first = time is not None and chance.happens(0.3)
    return Clause(subject, Being(quality), tense, denied, time=time, time_first=first)


def _comparison(setting: Setting, subject: NounPhrase | Name, tense: Tense) -> Clause:
    chance, noun = setting.chance, noun_of(subject)
    options = [one for one in lexicon.adjectives_of(noun) if nominals.gradable(one)]
    if not options:
        return described(setting, subject, tense)
    adjective = chance.of(options)
    others = lexicon.nouns_of((noun.kind if noun else "role",))
    fitting = [one for one in others if one is not noun and lexicon.fits(one, adjective.kinds)]
    if not fitting or (noun is None and chance.happens(0.6)):
        than = chance.of([name for name in lexicon.names() if name is not subject])
        if noun is not None and not noun.human:
            return described(setting, subject, tense)
        return Clause(subject, Being(Quality(adjective), than), tense)
    return Clause(
        subject, Being(Quality(adjective), nominals.ground(setting, chance.of(fitting))), tense
    )


def _role(setting: Setting, subject: Nominal, tense: Tense) -> Clause:
    chance = setting.chance
    gender, plural = "m", False
    if isinstance(subject, Pronoun | Name):
        gender = subject.gender
        plural = isinstance(subject, Pronoun) and subject.plural
    elif isinstance(subject, NounPhrase):
        if subject.noun.kind == "role" or subject.noun.english == "guest":
            return described(setting, subject, tense)
        gender, plural = subject.noun.french_gender, subject.plural
    noun = chance.of([one for one in lexicon.nouns_of(("role",)) if one.french_gender == gender])
    good = nominals.qualities(setting, noun) if chance.happens(0.4) else ()
    determiner = Determiner.bare if plural else Determiner.indefinite
    role = NounPhrase(noun, determiner, plural, qualities=good)
    return Clause(subject, Being(role=role), tense, negation(setting, subject, None))


def existence(setting: Setting, tense: Tense) -> Clause:
    """Draw that there is something somewhere."""
    kind = setting.chance.weighted((("animal", 40), ("thing", 30), ("person", 20), ("vehicle", 10)))
    noun = setting.chance.of(lexicon.nouns_of((kind,)))
    thing = nominals.noun_phrase(setting, noun)
    if thing.determiner not in (Determiner.number, Determiner.many, Determiner.several):
        determiner = Determiner.bare if thing.plural else Determiner.indefinite
        thing = replace(thing, determiner=determiner, owner=None)
    return Clause(None, Existence(thing, nominals.place(setting)), tense)


def weather(setting: Setting, tense: Tense) -> Clause:
    """Draw rain and snow."""
    chance = setting.chance
    verb = chance.of(lexicon.verbs("weather", None))
    time = nominals.time(setting, tense)
    place = Phrase(None, chance.of(lexicon.regions()))
    return Clause(
        _WEATHER,
        Action(verb),
        tense,
        progressive=tense is Tense.present and chance.happens(0.7),
        phrases=(place,) if chance.happens(0.6) else (),
        time=time,
        time_first=chance.happens(0.3),
    )


def thing_subject(setting: Setting) -> NounPhrase:
    """Draw a subject that is no person."""
    kind = setting.chance.weighted(_THINGS)
    return nominals.noun_phrase(setting, setting.chance.of(lexicon.nouns_of((kind,))))


def negation(setting: Setting, subject: Nominal, modal: Modal | None) -> Negation:
    """Draw whether a clause is negated; "every" and "must" are not."""
    each = isinstance(subject, NounPhrase) and subject.determiner is Determiner.each
    if each or modal is Modal.must or not setting.chance.happens(0.17):
        return Negation.none
    return Negation.never if modal is None and setting.chance.happens(0.2) else Negation.not_


def human(subject: Nominal) -> bool:
    """Whether a subject is a person."""
    noun = noun_of(subject)
    return noun is None or noun.human


def noun_of(subject: Nominal | None) -> Noun | None:
    """The noun whose kind decides what a subject can do; None for any person."""
    return subject.noun if isinstance(subject, NounPhrase | Gap) else None
