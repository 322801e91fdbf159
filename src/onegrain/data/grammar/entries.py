"""What the tables hold: one small class for each kind of entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onegrain.data.grammar.words import Word

HUMAN = ("person", "role", "family")


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A preposition: where, with whom, for whom. German has a case with it."""

    english: tuple[str, ...]
    french: tuple[str, ...]
    german: str
    case: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Noun:
    """A noun; plurals are empty where it has none, ``french`` starts with * if it bars elision."""

    english: str
    english_plural: str
    kind: str
    french: str
    french_gender: str
    french_plural: str
    german: str
    german_gender: str
    german_plural: str
    german_oblique: str
    at: Relation | None
    to: Relation | None

    @property
    def countable(self) -> bool:
        """Whether there can be two of it."""
        return bool(self.english_plural)

    @property
    def human(self) -> bool:
        """Whether it is a person."""
        return self.kind in HUMAN


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A verb with the kinds (or single nouns) that it goes with."""

    english: tuple[str, ...]
    english_past: str
    english_participle: str
    frame: str
    subjects: tuple[str, ...]
    objects: tuple[str, ...]
    french: str
    french_reflexive: bool
    french_preposition: str
    german: str
    german_prefix: str
    german_reflexive: bool
    german_preposition: str
    german_case: str
    state: bool
    simple: bool
    generic: bool
    near: bool
    far: bool

    @property
    def direct(self) -> bool:
        """Whether a pronoun can be its object in all three languages."""
        indirect = self.french_preposition or self.german_preposition
        return self.frame in ("transitive", "give") and not indirect


@dataclass(frozen=True, slots=True, eq=False)
class Adjective:
    """An adjective; ``german_comparative`` is empty where nobody compares."""

    english: str
    english_comparative: str
    kinds: tuple[str, ...]
    sem: str
    french: str
    french_feminine: str
    french_vowel: str
    french_before: bool
    german: str
    german_comparative: str


@dataclass(frozen=True, slots=True, eq=False)
class Adverb:
    """An adverb that is one word in each language; ``verbs`` are those that one of manner suits."""

    kind: str
    english: str
    english_morph: str
    sem: str
    french: str
    german: str
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A city or a country."""

    english: str
    french: str
    french_gender: str
    german: str

    @property
    def city(self) -> bool:
        """Whether it is a city."""
        return self.french_gender == "c"


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A first name, or the surname of somebody who is addressed formally."""

    form: str
    gender: str
    surname: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Numeral:
    """A number from two on, written out."""

    english: str
    french: str
    german: str


@dataclass(frozen=True, slots=True, eq=False)
class Month:
    """A month or a day of the week."""

    kind: str
    english: str
    french: str
    german: str


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A set phrase that says when, in all languages; ``tense`` is ``any`` if it fits all."""

    tense: str
    phrases: Mapping[str, tuple[Word, ...]]

    @property
    def repeated(self) -> bool:
        """Whether it is "every day" or the like."""
        return self.phrases["en"][0].form == "every"
