"""What a sentence says, before it is said in any language.

A `Sentence` is built of these parts by `drawing`; english.py, french.py and german.py say it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from onegrain.data.grammar.entries import (
    Adjective,
    Adverb,
    Moment,
    Month,
    Name,
    Noun,
    Numeral,
    Region,
    Relation,
    Verb,
)


class Tense(Enum):
    """When it happens."""

    present = "present"
    past = "past"
    future = "future"


class Negation(Enum):
    """Whether it happens."""

    none = "none"
    not_ = "not"
    never = "never"


class Modal(Enum):
    """Ability, duty, wish."""

    can = "can"
    must = "must"
    want = "want"


class Determiner(Enum):
    """How a noun phrase begins."""

    definite = "definite"
    indefinite = "indefinite"
    bare = "bare"  # "milk", "books"
    this = "this"
    that = "that"
    each = "each"
    many = "many"
    several = "several"
    number = "number"
    owned = "owned"


class Mood(Enum):
    """What a sentence is for; the questions for a place, a time, a reason by their word."""

    statement = "statement"
    question = "question"
    where = "where"
    when = "when"
    why = "why"
    request = "request"


class Link(Enum):
    """What joins two clauses."""

    and_ = "and"
    but = "but"
    because = "because"
    when = "when"
    if_ = "if"


@dataclass(frozen=True, slots=True, eq=False)
class Pronoun:
    """A personal pronoun; ``antecedent`` is the noun that "it" stands for, if any."""

    person: int
    plural: bool = False
    gender: str = "m"
    formal: bool = False
    antecedent: Noun | None = None
    weather: bool = False  # the "it" of "it rains"


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """The place in a relative clause that the relative pronoun stands for."""

    noun: Noun
    plural: bool


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """An adjective, perhaps with "very"."""

    adjective: Adjective
    very: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class NounPhrase:
    """A noun with what belongs to it. ``relative`` has a `Gap` as subject or object."""

    noun: Noun
    determiner: Determiner
    plural: bool = False
    number: Numeral | None = None
    owner: Pronoun | Name | None = None
    qualities: tuple[Quality, ...] = ()
    place: Phrase | None = None
    relative: Clause | None = None
    relative_that: bool = False  # English "that" for "which"


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two that are named together, by "and" or "or"."""

    first: NounPhrase | Name | Pronoun
    second: NounPhrase | Name
    choice: bool = False


Nominal = Pronoun | Name | NounPhrase | Pair | Gap


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A preposition with a noun phrase, or a named place, or "here" and "there".

    Attributes:
        relation: None for a named place and for an adverb.
        ground: What the relation is to.
        toward: Whether a named place is a goal.
    """

    relation: Relation | None
    ground: NounPhrase | Name | Pronoun | Region | Adverb
    toward: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A length of time: "three days ago", "in three days", "for three days"."""

    kind: str
    number: Numeral
    unit: Noun


@dataclass(frozen=True, slots=True, eq=False)
class Date:
    """In a month, on a day of the week, in a year."""

    month: Month | None
    year: int = 0


Time = Moment | Span | Date


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """A verb and what it takes: an object, a recipient, a goal or place, or a clause."""

    verb: Verb
    thing: Nominal | None = None
    recipient: NounPhrase | Name | Pronoun | None = None
    goal: Phrase | None = None
    content: Clause | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Being:
    """What somebody or something is, where, or how compared with another."""

    quality: Quality | None = None
    than: NounPhrase | Name | None = None
    role: NounPhrase | None = None
    place: Phrase | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Existence:
    """There is something somewhere."""

    thing: NounPhrase
    place: Phrase


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """A subject, a predicate and their circumstances; ``subject`` is None where it is "there".

    ``also`` is a second thing that the same subject does.
    """

    subject: Nominal | None
    predicate: Action | Being | Existence
    tense: Tense
    negation: Negation = Negation.none
    modal: Modal | None = None
    progressive: bool = False
    perfect: bool = False  # English "has eaten" of what the others say like "ate"
    frequency: Adverb | None = None
    manner: Adverb | None = None
    phrases: tuple[Phrase, ...] = ()
    time: Time | None = None
    time_first: bool = False
    also: Action | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """One or two clauses, and to whom they are said."""

    mood: Mood
    clause: Clause
    link: Link | None = None
    linked: Clause | None = None
    linked_first: bool = False
    addressee: Name | None = None
    formal: bool = False  # how a request addresses one person
    please: bool = False
