"""French words and their labels, after the conventions of UD French-GSD."""

from __future__ import annotations

import re
from functools import cache

from onegrain.data.grammar import lexicon
from onegrain.data.grammar.entries import Adjective, Noun
from onegrain.data.grammar.words import Word, feats

SINGULAR_FORMS = 3  # of six: je, tu, il; nous, vous, ils
_GENDERS = {"m": "Gender=Masc", "f": "Gender=Fem", "": ""}
_WITH_ETRE = ("aller", "venir", "revenir", "partir", "arriver", "rester", "mourir", "retourner")
_FUTURE = ("ai", "as", "a", "ons", "ez", "ont")
_IMPERFECT = ("ais", "ais", "ait", "ions", "iez", "aient")
_TENSES = {"present": "Tense=Pres", "future": "Tense=Fut", "imperfect": "Tense=Imp"}


@cache
def noun(entry: Noun, plural: bool) -> Word:
    """A noun; its semantic tag follows its kind."""
    sem = {"role": "ROL", "family": "ROL", "unit": "UOM"}.get(entry.kind, "CON")
    form = entry.french.lstrip("*")
    if plural:
        form = entry.french_plural or form + "s"
    return Word(form, "NOUN", feats(_GENDERS[entry.french_gender], number(plural)), sem)


@cache
def adjective(entry: Adjective, gender: str, plural: bool, before_vowel: bool = False) -> Word:
    """An adjective that agrees; some have a form of their own before a vowel ("vieil")."""
    form = feminine(entry) if gender == "f" else entry.french
    if plural:
        form = plural_of(form)
    elif gender == "m" and before_vowel:
        form = entry.french_vowel
    shown = "" if feminine(entry) == entry.french else gender
    return Word(form, "ADJ", feats(_GENDERS[shown], number(plural)), entry.sem)


def feminine(entry: Adjective) -> str:
    """The feminine, as the table has it or by rule."""
    form = entry.french
    if entry.french_feminine or form.endswith("e"):
        return entry.french_feminine or form
    return form[:-1] + "se" if form.endswith("eux") else form + "e"


def plural_of(form: str) -> str:
    """The plural of an adjective.

    Example:
        >>> plural_of("petit"), plural_of("heureux"), plural_of("beau")
        ('petits', 'heureux', 'beaux')
    """
    if form.endswith(("s", "x")):
        return form
    return form + ("x" if form.endswith("eau") else "s")


def number(plural: bool) -> str:
    """The feature of number."""
    return "Number=Plur" if plural else "Number=Sing"


def takes_etre(verb: str, reflexive: bool) -> bool:
    """Whether the passé composé is built with être."""
    return reflexive or verb in _WITH_ETRE


@cache
def finite(verb: str, tense: str, index: int, pos: str, sem: str) -> Word:
    """A finite form: ``tense`` is present, future or imperfect, ``index`` counts je to ils."""
    morph = feats(
        "Mood=Ind",
        number(index >= SINGULAR_FORMS),
        f"Person={index % SINGULAR_FORMS + 1}",
        _TENSES[tense],
        "VerbForm=Fin",
    )
    return Word(_finite_form(verb, tense, index), pos, morph, sem)


@cache
def imperative(verb: str, formal: bool) -> Word:
    """The imperative that tu or vous is addressed with."""
    form = _present(verb)[4 if formal else 1]
    if form.endswith("es"):
        form = form[:-1]  # "mange", "ouvre"; but "lis"
    return Word(
        form,
        "VERB",
        feats("Mood=Imp", number(formal), "Person=2", "Tense=Pres", "VerbForm=Fin"),
        "EXS",
    )


@cache
def infinitive(verb: str, pos: str = "VERB", sem: str = "EXS") -> Word:
    """The infinitive."""
    return Word(verb, pos, "VerbForm=Inf", sem)


@cache
def participle(verb: str, gender: str, plural: bool) -> Word:
    """The past participle that agrees."""
    form = _participle_form(verb)
    if gender == "f":
        form += "e"
    if plural and not form.endswith("s"):
        form += "s"
    morph = feats(_GENDERS[gender], number(plural), "Tense=Past", "VerbForm=Part", "Voice=Act")
    return Word(form, "VERB", morph, "EXT")


@cache
def starts_with_vowel(form: str) -> bool:
    """Whether a word before this one is elided.

    Example:
        >>> [starts_with_vowel(form) for form in ("homme", "héros", "œuf", "livre", "huit")]
        [True, False, True, False, False]
    """
    return form[0].lower() in "aeiouhyàâéèêëîïôûœæ" and form not in _never_elided()


@cache
def _never_elided() -> frozenset[str]:
    starred = [noun for noun in lexicon.nouns() if noun.french[0] == "*"]
    singular = [noun.french[1:] for noun in starred]
    plural = [noun.french_plural or noun.french[1:] + "s" for noun in starred]
    numbers = [one.french[1:] for one in lexicon.numerals() if one.french[0] == "*"]
    return frozenset([*singular, *plural, *numbers])


def _finite_form(verb: str, tense: str, index: int) -> str:
    if tense == "present":
        return _present(verb)[index]
    if tense == "future":
        return _future_stem(verb) + _FUTURE[index]
    stem = "ét" if verb == "être" else _present(verb)[3][: -len("ons")]
    ending = _IMPERFECT[index]
    return (stem.replace("ç", "c") if ending.startswith("i") else stem) + ending


@cache
def _irregular() -> dict[str, tuple[tuple[str, ...], str, str]]:
    return {
        verb: (tuple(present.split()), future, participle_form)
        for verb, present, future, participle_form in lexicon.rows("french_verbs")
    }


@cache
def _present(verb: str) -> tuple[str, ...]:
    if verb in _irregular():
        return _irregular()[verb][0]
    stem = verb[:-2]
    if verb.endswith("ir"):
        endings = ("is", "is", "it", "issons", "issez", "issent")
        return tuple(stem + ending for ending in endings)
    if verb.endswith("re"):
        return tuple(stem + ending for ending in ("s", "s", "", "ons", "ez", "ent"))
    silent = _stressed(stem)
    nous = re.sub("g$", "ge", re.sub("c$", "ç", stem)) + "ons"
    return (silent + "e", silent + "es", silent + "e", nous, stem + "ez", silent + "ent")


def _stressed(stem: str) -> str:
    """The stem of a verb on -er before a silent ending: achèt-, appell-, nettoi-, espèr-."""
    if stem == "appel":
        return "appell"
    stem = re.sub("([ou])y$", r"\1i", re.sub("ay$", "ai", stem))
    return re.sub("[eé]([bcdfghjklmnpqrstvz]{1})$", r"è\1", stem)


@cache
def _future_stem(verb: str) -> str:
    if verb in _irregular():
        return _irregular()[verb][1]
    if verb.endswith("re"):
        return verb[:-1]
    if not verb.endswith("er"):
        return verb
    stem = verb[:-2]
    return (stem if re.search("é[^é]$", stem) else _stressed(stem)) + "er"


def _participle_form(verb: str) -> str:
    if verb in _irregular():
        return _irregular()[verb][2]
    ending = {"er": "é", "ir": "i", "re": "u"}[verb[-2:]]
    return verb[:-2] + ending
