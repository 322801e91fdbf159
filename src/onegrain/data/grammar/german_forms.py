"""German words and their labels, after the conventions of UD German-GSD."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from onegrain.data.grammar import lexicon
from onegrain.data.grammar.entries import Adjective, Noun
from onegrain.data.grammar.words import Word, feats

GENDERS = {"m": "Gender=Masc", "f": "Gender=Fem", "n": "Gender=Neut"}
CASES = {"nom": "Case=Nom", "acc": "Case=Acc", "dat": "Case=Dat"}
SEPARABLE_ADVERBS = ("ein", "zurück")  # of the prefixes, these are tagged as adverbs

# What "der" ends in, by gender or plural; "dieser" and a strong adjective take the same.
_STRONG = {
    "nom": {"m": "er", "f": "e", "n": "es", "p": "e"},
    "acc": {"m": "en", "f": "e", "n": "es", "p": "e"},
    "dat": {"m": "em", "f": "er", "n": "em", "p": "en"},
}
_ARTICLES = {
    "nom": {"m": "der", "f": "die", "n": "das", "p": "die"},
    "acc": {"m": "den", "f": "die", "n": "das", "p": "die"},
    "dat": {"m": "dem", "f": "der", "n": "dem", "p": "den"},
}
_STEMS = {"teuer": "teur"}
_INSEPARABLE = ("be", "ver", "er", "ent", "zer", "ge", "über")


class Inflection(NamedTuple):
    """What the words of a noun phrase agree in; ``gender`` is m, f or n."""

    case: str
    gender: str
    plural: bool

    @property
    def cell(self) -> str:
        """The column of the tables of endings: a gender, or p for the plural."""
        return "p" if self.plural else self.gender


def strong(inflection: Inflection) -> str:
    """The ending of "dieser", and of an adjective that stands alone."""
    return _STRONG[inflection.case][inflection.cell]


def mixed(inflection: Inflection) -> str:
    """The ending of "ein", "mein" and "kein"."""
    bare = inflection.cell == "n" and inflection.case != "dat"
    return "" if bare or (inflection.cell, inflection.case) == ("m", "nom") else strong(inflection)


def after_article(inflection: Inflection) -> str:
    """The ending of an adjective behind "der" or "dieser"."""
    singular = inflection.cell == "m" and inflection.case == "nom"
    return "e" if singular or (inflection.cell in "fn" and inflection.case != "dat") else "en"


def after_ein(inflection: Inflection) -> str:
    """The ending of an adjective behind "ein", "mein" or "kein": it shows what they do not."""
    return after_article(inflection) if mixed(inflection) else strong(inflection)


@cache
def article(inflection: Inflection) -> Word:
    """The definite article."""
    form = _ARTICLES[inflection.case][inflection.cell]
    gender = "" if inflection.plural else GENDERS[inflection.gender]
    case, number = CASES[inflection.case], number_of(inflection.plural)
    return Word(form, "DET", feats(case, "Definite=Def", gender, number, "PronType=Art"), "DEF")


@cache
def relative(inflection: Inflection) -> Word:
    """The relative pronoun."""
    form = _ARTICLES[inflection.case][inflection.cell]
    if inflection.plural and inflection.case == "dat":
        form = "denen"
    gender = "" if inflection.plural else GENDERS[inflection.gender]
    case, number = CASES[inflection.case], number_of(inflection.plural)
    return Word(form, "PRON", feats(case, gender, number, "PronType=Dem,Rel"), "AND")


@cache
def noun(entry: Noun, inflection: Inflection) -> Word:
    """A noun in its case; its semantic tag follows its kind."""
    sem = {"role": "ROL", "family": "ROL", "unit": "UOM"}.get(entry.kind, "CON")
    form = entry.german
    if inflection.plural:
        form = entry.german_plural
        if inflection.case == "dat" and form[-1] not in "ns":
            form += "n"
    elif inflection.case != "nom":
        form = entry.german_oblique or form
    morph = feats(
        CASES[inflection.case], GENDERS[entry.german_gender], number_of(inflection.plural)
    )
    return Word(form, "NOUN", morph, sem)


@cache
def adjective(entry: Adjective, ending: str, inflection: Inflection) -> Word:
    """An adjective before its noun."""
    form = _STEMS.get(entry.german, entry.german).removesuffix("e") + ending  # "müde", "müder"
    morph = feats(
        CASES[inflection.case],
        "Degree=Pos",
        GENDERS[inflection.gender],
        number_of(inflection.plural),
    )
    return Word(form, "ADJ", morph, entry.sem)


@cache
def number_of(plural: bool) -> str:
    """The feature of number."""
    return "Number=Plur" if plural else "Number=Sing"


@cache
def finite(verb: str, tense: str, index: int, pos: str, sem: str, prefix: str = "") -> Word:
    """A finite form: ``tense`` is present or past, ``index`` counts ich, du, er, wir, ihr, sie."""
    form = present(verb)[index] if tense == "present" else _past(verb, index)
    morph = feats(
        "Mood=Ind",
        number_of(index > 2),
        f"Person={index % 3 + 1}",
        "Tense=Pres" if tense == "present" else "Tense=Past",
        "VerbForm=Fin",
    )
    return Word(prefix + form, pos, morph, sem)


@cache
def imperative(verb: str, formal: bool) -> Word:
    """The imperative that du or Sie is addressed with."""
    if formal:
        return Word(verb, "VERB", "Mood=Imp|Number=Plur|Person=3|VerbForm=Fin", "EXS")
    stem, he = _stem(verb), present(verb)[2]
    if verb in _irregular() and _vowel_raised(verb, he):
        form = he.removesuffix("t") if not he.endswith("tt") else he[:-2]
    elif verb.endswith(("eln", "ern")) or _needs_e(stem):
        form = present(verb)[0]  # "füttere", "warte"
    else:
        form = stem
    return Word(form, "VERB", "Mood=Imp|Number=Sing|Person=2|VerbForm=Fin", "EXS")


@cache
def infinitive(verb: str, pos: str = "VERB", sem: str = "EXS") -> Word:
    """The infinitive."""
    return Word(verb, pos, "VerbForm=Inf", sem)


@cache
def participle(verb: str, prefix: str) -> Word:
    """The past participle."""
    if verb in _irregular():
        form = _irregular()[verb][2]
    else:
        stem = _stem(verb)
        weak = stem + ("et" if _needs_e(stem) else "t")
        plain = verb.endswith("ieren") or verb.startswith(_INSEPARABLE)
        form = weak if plain else "ge" + weak
    return Word(prefix + form, "VERB", "VerbForm=Part", "EXT")


@cache
def perfect_auxiliary(verb: str, prefix: str) -> str:
    """The verb that builds the perfect, haben or sein."""
    entry = _irregular().get(prefix + verb) or _irregular().get(verb)
    return entry[3] if entry else "haben"


@cache
def separated(prefix: str) -> Word:
    """A prefix that stands by itself at the end of the clause."""
    return Word(prefix, "ADV" if prefix in SEPARABLE_ADVERBS else "ADP", "_", "REL")


@cache
def present(verb: str) -> tuple[str, ...]:
    """The six forms of the present.

    Example:
        >>> present("lesen")
        ('lese', 'liest', 'liest', 'lesen', 'lest', 'lesen')
        >>> present("arbeiten")[:3], present("lächeln")[:3]
        (('arbeite', 'arbeitest', 'arbeitet'), ('lächle', 'lächelst', 'lächelt'))
    """
    stem = _stem(verb)
    if verb == "sein":
        return ("bin", "bist", "ist", "sind", "seid", "sind")
    e = "e" if _needs_e(stem) else ""
    first = stem[:-2] + "le" if verb.endswith("eln") else stem + "e"
    he = _irregular()[verb][0] if verb in _irregular() else f"{stem}{e}t"
    if verb == "werden":
        return ("werde", "wirst", "wird", "werden", "werdet", "werden")
    if not he.endswith("t") or verb == "wissen":  # "kann", "weiß": no ending in the singular
        second = he + ("t" if he.endswith(("s", "ß")) else "st")
        return (he, second, he, verb, stem + e + "t", verb)
    return (first, _second(he), he, verb, stem + e + "t", verb)


def _second(he: str) -> str:
    if he in ("hält", "lädt"):
        return {"hält": "hältst", "lädt": "lädst"}[he]
    root = he[:-1]
    return root + ("t" if root[-1] in "sßzx" else "st")


def _past(verb: str, index: int) -> str:
    if verb in _irregular():
        he = _irregular()[verb][1]
    else:
        stem = _stem(verb)
        he = stem + ("ete" if _needs_e(stem) else "te")
    if he.endswith("e"):
        return he + ("", "st", "", "n", "t", "n")[index]
    return he + ("", "st", "", "en", "t", "en")[index]


def _stem(verb: str) -> str:
    return verb[:-2] if verb.endswith("en") else verb[:-1]


def _needs_e(stem: str) -> bool:
    return bool(re.search("([td]|ch[mn]|[^aeiouäöülrhmn][mn])$", stem))


def _vowel_raised(verb: str, he: str) -> bool:
    """Whether e turns into i or ie: "nehmen", "er nimmt", so "nimm!"."""
    return "e" in _stem(verb) and "i" in he and "i" not in _stem(verb)


@cache
def _irregular() -> dict[str, tuple[str, ...]]:
    return {row[0]: tuple(row[1:]) for row in lexicon.rows("german_verbs")}
