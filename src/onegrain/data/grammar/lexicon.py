"""The word tables of the grammar: what there is to talk about in three languages.

Every table is a text file in ``tables/`` whose first line says what its columns are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from onegrain.data.grammar.entries import (
    HUMAN,
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
from onegrain.data.grammar.words import Word


def rows(table: str) -> list[list[str]]:
    """Read the cells of a table in ``tables/``."""
    source = resources.files("onegrain.data.grammar") / "tables" / f"{table}.txt"
    lines = source.read_text(encoding="utf-8").splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in lines if line and line[0] != "#"]


@cache
def nouns() -> tuple[Noun, ...]:
    """All nouns, frequent ones first within a kind."""
    places = {row[0]: row[1:] for row in rows("places")}
    return tuple(_noun(row, places.get(row[0].split(":")[0])) for row in rows("nouns"))


@cache
def nouns_of(kinds: tuple[str, ...]) -> tuple[Noun, ...]:
    """The nouns of some kinds; ``human`` is every person, and a noun's own name is a kind."""
    wanted = set(kinds) | (set(HUMAN) if "human" in kinds else set())
    if "any" in wanted:
        return nouns()
    return tuple(noun for noun in nouns() if noun.kind in wanted or noun.english in wanted)


@cache
def destinations() -> tuple[Noun, ...]:
    """The places that one goes to."""
    return tuple(noun for noun in nouns_of(("place",)) if noun.to is not None)


@cache
def owned(noun: Noun) -> bool:
    """Whether it may be somebody's: "my doctor", but not "my king"."""
    persons = {kind: names.split(",") for kind, names in rows("possessions")}
    return noun.english in persons.get(noun.kind, [noun.english])


@cache
def verbs(frame: str, subject: Noun | None, thing: Noun | None = None) -> tuple[Verb, ...]:
    """The verbs of a frame that a subject (None: any person) and an object go with."""
    return tuple(
        verb
        for verb in _verbs()
        if verb.frame == frame
        and (
            {"human", "any"} & {*verb.subjects} if subject is None else fits(subject, verb.subjects)
        )
        and (thing is None or fits(thing, verb.objects))
    )


@cache
def adjectives_of(noun: Noun | None) -> tuple[Adjective, ...]:
    """The adjectives that can describe a noun (None: a person known by name)."""
    return tuple(
        adjective
        for adjective in _adjectives()
        if ("human" in adjective.kinds if noun is None else fits(noun, adjective.kinds))
        and (noun is None or noun.countable or adjective.sem != "DEG")
    )


@cache
def adverbs(kind: str) -> tuple[Adverb, ...]:
    """The adverbs of a kind: frequency, manner, place."""
    return tuple(
        Adverb(kind, english, feats, sem, french, german, tuple(verbs.split(",")))
        for one, english, feats, sem, french, german, verbs in rows("adverbs")
        if one == kind
    )


@cache
def manners(verb: Verb) -> tuple[Adverb, ...]:
    """The adverbs of manner that suit a verb."""
    return tuple(adverb for adverb in adverbs("manner") if "_".join(verb.english) in adverb.verbs)


@cache
def relations() -> Mapping[str, Relation]:
    """The prepositions by name, with the kinds of noun they take."""
    return {
        name: _relation(english, french, german, kinds)
        for name, english, french, german, kinds in rows("relations")
    }


@cache
def regions() -> tuple[Region, ...]:
    """Cities and countries."""
    return tuple(
        Region(english, french.split(":")[0], french.split(":")[1], german)
        for english, french, german in rows("places_named")
    )


@cache
def names() -> tuple[Name, ...]:
    """First names."""
    return tuple(Name(form, gender) for form, gender in rows("names"))


@cache
def surnames() -> tuple[Name, ...]:
    """Surnames, once for a woman and once for a man."""
    return tuple(Name(row[0], gender, True) for row in rows("surnames") for gender in "fm")


@cache
def numerals() -> tuple[Numeral, ...]:
    """Numbers from two on."""
    return tuple(Numeral(*row) for row in rows("numbers"))


@cache
def calendar(kind: str) -> tuple[Month, ...]:
    """Months or days of the week."""
    return tuple(Month(*row) for row in rows("calendar") if row[0] == kind)


@cache
def moments(tense: str) -> tuple[Moment, ...]:
    """The set phrases of time that go with a tense."""
    parsed = (
        Moment(row[0], dict(zip(("en", "fr", "de"), map(_phrase, row[1:]), strict=True)))
        for row in rows("times")
    )
    return tuple(moment for moment in parsed if moment.tense in (tense, "any"))


def fits(noun: Noun, kinds: Iterable[str]) -> bool:
    """Whether a noun is of one of these kinds, or named among them."""
    return noun.kind in kinds or noun.english in kinds or (noun.human and "human" in kinds)


def _noun(row: list[str], place: list[str] | None) -> Noun:
    english, kind, french, german = row
    singular, _, plural = english.partition(":")
    french_singular, french_gender, french_plural, *_ = [*french.split(":"), ""]
    german_singular, german_gender, german_plural, oblique, *_ = [*german.split(":"), ""]
    return Noun(
        singular,
        "" if plural == "0" else plural or _english_plural(singular),
        kind,
        french_singular,
        french_gender,
        french_plural,
        german_singular,
        german_gender,
        german_plural.strip("-"),
        oblique,
        at=_relation(*place[:3]) if place else None,
        to=_relation("to", *place[3:5]) if place and place[3] != "-" else None,
    )


def _english_plural(singular: str) -> str:
    return singular + ("es" if singular.endswith(("s", "x", "ch", "sh")) else "s")


def _relation(english: str, french: str, german: str, kinds: str = "") -> Relation:
    preposition, case = german.split("+")
    english_words, french_words = (tuple(part.split("_")) for part in (english, french))
    return Relation(english_words, french_words, preposition, case, tuple(kinds.split(",")))


@cache
def _verbs() -> tuple[Verb, ...]:
    return tuple(_verb(*row) for row in rows("verbs"))


def _verb(
    english: str, frame: str, subjects: str, objects: str, french: str, german: str, how: str
) -> Verb:
    base, past, participle, *_ = [*english.split(":"), "", ""]
    french_verb, _, french_preposition = french.partition(" ")
    german_verb, _, government = german.removeprefix("sich ").partition(" ")
    prefix, _, stem = german_verb.rpartition("|")
    preposition, _, case = government.partition("+")
    return Verb(
        english=tuple(base.split("_")),
        english_past=past,
        english_participle=participle or past,
        frame=frame,
        subjects=tuple(subjects.split(",")),
        objects=tuple(objects.split(",")),
        french=re.sub(r"^(se_|s')", "", french_verb),
        french_reflexive=french_verb.startswith(("se_", "s'")),
        french_preposition=french_preposition,
        german=stem,
        german_prefix=prefix,
        german_reflexive=german.startswith("sich "),
        german_preposition=preposition,
        german_case=case or "acc",
        state="state" in how,
        simple="simple" in how or "state" in how,
        generic="generic" in how,
        near="far" not in how,
        far="near" not in how,
    )


@cache
def _adjectives() -> tuple[Adjective, ...]:
    return tuple(_adjective(*row) for row in rows("adjectives"))


def _adjective(
    english: str,
    comparative: str,
    kinds: str,
    sem: str,
    french: str,
    position: str,
    german: str,
    german_comparative: str,
) -> Adjective:
    masculine, feminine, vowel, *_ = [*french.split(":"), "", ""]
    return Adjective(
        english,
        comparative.strip("-"),
        tuple(kinds.split(",")),
        sem,
        masculine,
        feminine,
        vowel or masculine,
        position == "before",
        german,
        german_comparative.strip("-"),
    )


def _phrase(cell: str) -> tuple[Word, ...]:
    return tuple(Word(*part.split("/")) for part in cell.split(" "))
