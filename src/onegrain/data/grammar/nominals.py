"""Draws who and what a sentence is about, and where and when it happens."""

from __future__ import annotations

from dataclasses import dataclass

from onegrain.data.grammar import lexicon
from onegrain.data.grammar.chance import Chance
from onegrain.data.grammar.entries import HUMAN, Adjective, Name, Noun, Relation, Verb
from onegrain.data.grammar.meaning import (
    Date,
    Determiner,
    Nominal,
    NounPhrase,
    Pair,
    Phrase,
    Pronoun,
    Quality,
    Span,
    Tense,
    Time,
)

D = Determiner


@dataclass(frozen=True)
class Setting:
    """What holds in a whole sentence.

    Attributes:
        chance: The source of all draws.
        formal: How "you" is addressed.
        you: The gender of "you".
    """

    chance: Chance
    formal: bool
    you: str = "m"

    def second_person(self) -> Pronoun:
        """Return the "you" of this sentence."""
        return Pronoun(2, plural=False, gender=self.you, formal=self.formal)


_SINGULAR = ((D.definite, 46), (D.indefinite, 22), (D.owned, 20), (D.this, 6), (D.that, 3))
_SINGULAR_EACH = (*_SINGULAR, (D.each, 3))
_PLURAL = ((D.definite, 40), (D.owned, 20), (D.this, 5), (D.that, 2))
_PLURAL_COUNTED = (*_PLURAL, (D.many, 8), (D.several, 6), (D.number, 18))
_SINGULAR_UNOWNED = ((D.definite, 62), (D.indefinite, 28), (D.this, 6), (D.that, 4))
_PLURAL_UNOWNED = ((D.definite, 82), (D.this, 12), (D.that, 6))
_MASS = ((D.definite, 50), (D.owned, 10), (D.this, 6))

_I, _WE = Pronoun(1), Pronoun(1, plural=True)
_HE, _SHE = Pronoun(3), Pronoun(3, gender="f")
_THEY, _THEY_WOMEN = Pronoun(3, plural=True), Pronoun(3, plural=True, gender="f")
_PRONOUNS = ((_I, 20), (None, 18), (_HE, 22), (_SHE, 20), (_WE, 12), (_THEY, 8), (_THEY_WOMEN, 2))

_STANDING = ("in", "on", "under", "behind", "front", "beside")
_LARGE = ("city", "village", "forest", "mountain", "island")  # too large to be in a city
_HOME = ("house", "garden", "kitchen", "room", "office")
_TIMES = (("moment", 42), ("month", 16), ("day", 22), ("year", 8), ("away", 12))


def noun_phrase(
    setting: Setting,
    noun: Noun,
    *,
    object_: bool = False,
    counted: bool = True,
    described: float = 0.32,
) -> NounPhrase:
    """Draw the words around a noun.

    Args:
        setting: What holds in the whole sentence.
        noun: The noun.
        object_: Whether it may stand bare ("milk", "books"), as objects do.
        counted: Whether it may be counted or quantified; a negated object is not.
        described: The probability of an adjective.
    """
    chance = setting.chance
    plural = noun.countable and chance.happens(0.3)
    if noun.kind == "family":
        determiner = D.owned
    elif not lexicon.owned(noun):
        determiner = chance.weighted(_PLURAL_UNOWNED if plural else _SINGULAR_UNOWNED)
    elif not noun.countable:
        determiner = chance.weighted((*_MASS, (D.bare, 70)) if object_ else _MASS)
    elif plural:
        options = _PLURAL_COUNTED if counted else _PLURAL
        determiner = chance.weighted((*options, (D.bare, 25)) if object_ else options)
    else:
        determiner = chance.weighted(_SINGULAR_EACH if counted else _SINGULAR)
    return NounPhrase(
        noun,
        determiner,
        plural,
        number=chance.of(lexicon.numerals()) if determiner is D.number else None,
        owner=owner(setting) if determiner is D.owned else None,
        qualities=qualities(setting, noun) if chance.happens(described) else (),
    )


def qualities(setting: Setting, noun: Noun) -> tuple[Quality, ...]:
    """Draw one adjective, or one of size and one of colour or origin."""
    fitting = lexicon.adjectives_of(noun)
    if not fitting:
        return ()
    chance = setting.chance
    first = chance.of(fitting)
    quality = Quality(first, gradable(first) and chance.happens(0.08))
    last = [adjective for adjective in fitting if adjective.sem in ("COL", "GPO")]
    if first.french_before and last and chance.happens(0.15):
        return (quality, Quality(chance.of(last)))
    return (quality,)


def gradable(adjective: Adjective) -> bool:
    """Whether there can be more or less of it."""
    return bool(adjective.german_comparative)


def owner(setting: Setting) -> Pronoun | Name:
    """Draw whose something is."""
    if setting.chance.happens(0.12):
        return setting.chance.of(lexicon.names())
    return pronoun(setting)


def pronoun(setting: Setting, but_not: Nominal | None = None) -> Pronoun:
    """Draw a personal pronoun; not one that would have to be reflexive after ``but_not``."""
    while True:
        drawn = setting.chance.weighted(_PRONOUNS) or setting.second_person()
        if not isinstance(but_not, Pronoun) or but_not.person != drawn.person or drawn.person == 3:
            return drawn


def person(setting: Setting, *, described: float = 0.2) -> NounPhrase:
    """Draw somebody who is not called by name."""
    chance = setting.chance
    kind = chance.weighted((("person", 40), ("role", 34), ("family", 26)))
    return noun_phrase(setting, chance.of(lexicon.nouns_of((kind,))), described=described)


def somebody(setting: Setting) -> NounPhrase | Name | Pronoun | Pair:
    """Draw a person or persons as a subject."""
    chance = setting.chance
    kind = chance.weighted((("pronoun", 34), ("name", 22), ("person", 38), ("pair", 6)))
    if kind == "pronoun":
        return pronoun(setting)
    if kind == "name":
        return chance.of(lexicon.names())
    return person(setting) if kind == "person" else pair_of_people(setting)


def pair_of_people(setting: Setting) -> Pair:
    """Draw "Anna and my brother"."""
    first = _one_of_two(setting)
    second = _one_of_two(setting)
    while _spoken(first) == _spoken(second):
        second = _one_of_two(setting)
    return Pair(first, second)


def object_pair(setting: Setting, noun: Noun, others: tuple[Noun, ...]) -> Pair | NounPhrase:
    """Draw "a book and two letters", or "the tea or the coffee"."""
    chance = setting.chance
    first = noun_phrase(setting, noun, object_=True, described=0.1)
    rest = [one for one in others if one.kind == noun.kind and one.english != noun.english]
    if not rest:
        return first
    second = noun_phrase(setting, chance.of(rest), object_=True, described=0.1)
    return Pair(first, second, choice=chance.happens(0.25))


def place(setting: Setting) -> Phrase:
    """Draw where something happens."""
    chance = setting.chance
    kind = chance.weighted((("place", 52), ("region", 26), ("adverb", 12), ("beside", 10)))
    if kind == "region":
        return Phrase(None, chance.of(lexicon.regions()))
    if kind == "adverb":
        return Phrase(None, chance.any_of(lexicon.adverbs("place")))
    if kind == "beside":
        relation = lexicon.relations()[chance.any_of(("front", "behind", "beside"))]
        return Phrase(relation, ground(setting, chance.of(lexicon.nouns_of(relation.kinds))))
    noun = chance.of(lexicon.nouns_of(("place",)))
    assert noun.at is not None
    return Phrase(noun.at, ground(setting, noun))


def goal(setting: Setting, verb: Verb) -> Phrase:
    """Draw where somebody goes."""
    chance = setting.chance
    if not verb.near or (verb.far and chance.happens(0.4)):
        return Phrase(None, chance.of(lexicon.regions()), toward=True)
    noun = chance.of(lexicon.destinations())
    assert noun.to is not None
    return Phrase(noun.to, ground(setting, noun))


def ground(setting: Setting, noun: Noun) -> NounPhrase:
    """Draw what a preposition stands before: mostly "the" with a noun."""
    chance = setting.chance
    if noun.kind == "family" or (noun.english in _HOME and chance.happens(0.4)):
        determiner = D.owned
    else:
        determiner = chance.weighted(((D.definite, 80), (D.indefinite, 10), (D.this, 10)))
    if not noun.countable:
        determiner = D.definite
    return NounPhrase(
        noun,
        determiner,
        plural=noun.human and chance.happens(0.2) and determiner is not D.indefinite,
        owner=owner(setting) if determiner is D.owned else None,
        qualities=qualities(setting, noun) if chance.happens(0.15) else (),
    )


def standing(setting: Setting, noun: Noun) -> Phrase | None:
    """Draw where a thing that we speak of is: "(the book) on the table"."""
    chance = setting.chance
    if noun.human:
        return _phrase(setting, lexicon.relations()["wearing"])
    if noun.kind in ("thing", "text", "animal", "clothing"):
        return _phrase(setting, lexicon.relations()[chance.of(_STANDING)])
    if noun.kind == "place" and noun.english not in _LARGE:
        return Phrase(None, chance.of(lexicon.regions()))
    return None


def event(setting: Setting) -> Phrase:
    """Draw "after the concert" or "before the meal"."""
    return _phrase(setting, lexicon.relations()[setting.chance.any_of(("after", "before"))])


def company(setting: Setting, subject: Nominal | None, name: str = "with") -> Phrase:
    """Draw "with my sister", "with him", "for Anna"."""
    chance = setting.chance
    relation = lexicon.relations()[name]
    if chance.happens(0.3):
        return Phrase(relation, pronoun(setting, but_not=subject))
    if chance.happens(0.35):
        return Phrase(relation, chance.of(lexicon.names()))
    return Phrase(relation, ground(setting, chance.of(lexicon.nouns_of(HUMAN))))


def time(setting: Setting, tense: Tense, *, lasting: bool = False) -> Time:
    """Draw when something happens, or when a state lasts."""
    chance = setting.chance
    kind = chance.weighted(_TIMES)
    if lasting and kind in ("moment", "day"):
        kind = "month"
    if kind == "year" and tense is Tense.past:
        return Date(None, 1960 + int(chance.any_of(range(60))))
    if kind == "away" and tense is not Tense.present:
        return span(setting, "ago" if tense is Tense.past else "in")
    if kind in ("month", "day"):
        return Date(chance.of(lexicon.calendar(kind)))
    return chance.of(lexicon.moments(tense.value))


def span(setting: Setting, kind: str) -> Span:
    """Draw a number of hours, days or years."""
    units = lexicon.nouns_of(("unit",))
    return Span(kind, setting.chance.of(lexicon.numerals()), setting.chance.of(units))


def _phrase(setting: Setting, relation: Relation) -> Phrase:
    return Phrase(relation, ground(setting, setting.chance.of(lexicon.nouns_of(relation.kinds))))


def _one_of_two(setting: Setting) -> NounPhrase | Name:
    if setting.chance.happens(0.45):
        return setting.chance.of(lexicon.names())
    kind = setting.chance.any_of(HUMAN)
    noun = setting.chance.of(lexicon.nouns_of((kind,)))
    determiner = D.owned if kind == "family" else D.definite
    return NounPhrase(noun, determiner, owner=owner(setting) if determiner is D.owned else None)


def _spoken(one: NounPhrase | Name) -> str:
    return one.form if isinstance(one, Name) else one.noun.english
