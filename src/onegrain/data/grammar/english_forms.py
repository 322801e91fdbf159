"""English words and their labels, after the conventions of UD English-EWT."""

from __future__ import annotations

import re
from functools import cache

from onegrain.data.grammar.entries import Adjective, Noun, Verb
from onegrain.data.grammar.meaning import Modal, Tense
from onegrain.data.grammar.words import Word, feats

Agreement = tuple[int, bool]  # person, plural

_PERSONAL = {
    (1, False): ("I", "me", "my"),
    (2, False): ("you", "you", "your"),
    (1, True): ("we", "us", "our"),
    (2, True): ("you", "you", "your"),
    (3, True): ("they", "them", "their"),
}
_THIRD = {
    "m": ("he", "him", "his", "Gender=Masc"),
    "f": ("she", "her", "her", "Gender=Fem"),
    "n": ("it", "it", "its", "Gender=Neut"),
}
_CASES = ("Nom", "Acc", "Gen")
_BE = {
    Tense.present: {(1, False): "am", (3, False): "is"},
    Tense.past: {(1, False): "was", (3, False): "was"},
}
_BE_OTHERWISE = {Tense.present: "are", Tense.past: "were"}
_DOUBLING = ("begin", "forget")  # of two syllables, the second stressed
PARTICLES = {
    "up": ("ADP", "_", "REL"),
    "on": ("ADP", "_", "REL"),
    "off": ("ADP", "_", "REL"),
    "back": ("ADV", "_", "IST"),
    "asleep": ("ADJ", "Degree=Pos", "IST"),
}


@cache
def pronoun(person: int, plural: bool, gender: str, case: str, sem: str = "PRO") -> Word:
    """A personal pronoun in the case Nom, Acc or Gen ("my")."""
    third = person == 3 and not plural
    forms = _THIRD[gender][:3] if third else _PERSONAL[person, plural]
    number = "" if person == 2 else f"Number={'Plur' if plural else 'Sing'}"
    morph = feats(
        f"Case={case}",
        _THIRD[gender][3] if third else "",
        number,
        f"Person={person}",
        "Poss=Yes" if case == "Gen" else "",
        "PronType=Prs",
    )
    return Word(forms[_CASES.index(case)], "PRON", morph, "HAS" if case == "Gen" else sem)


@cache
def noun(entry: Noun, plural: bool) -> Word:
    """A noun; its semantic tag follows its kind."""
    sem = {"role": "ROL", "family": "ROL", "unit": "UOM"}.get(entry.kind, "CON")
    form = entry.english_plural if plural else entry.english
    return Word(form, "NOUN", "Number=Plur" if plural else "Number=Sing", sem)


@cache
def adjective(entry: Adjective) -> Word:
    """An adjective."""
    return Word(entry.english, "ADJ", "Degree=Pos", entry.sem)


@cache
def comparative(entry: Adjective) -> tuple[Word, ...]:
    """The comparative: "older", "more famous"."""
    if entry.english_comparative:
        return (Word(entry.english_comparative, "ADJ", "Degree=Cmp", "MOR"),)
    return (Word("more", "ADV", "Degree=Cmp", "MOR"), adjective(entry))


@cache
def finite(entry: Verb, tense: Tense, agreement: Agreement) -> Word:
    """A finite full verb in the present or the past."""
    form, sem = present(entry.english[0], agreement), "ENS"
    if tense is Tense.past:
        form, sem = past(entry), "EPS"
    return Word(form, "VERB", finite_feats(tense, agreement), sem)


@cache
def want(agreement: Agreement) -> Word:
    """The finite form of "want" in the present."""
    morph = finite_feats(Tense.present, agreement)
    return Word(present("want", agreement), "VERB", morph, "ENS")


@cache
def infinitive(form: str) -> Word:
    """The infinitive of a full verb."""
    return Word(form, "VERB", "VerbForm=Inf", "EXS")


@cache
def progressive(entry: Verb) -> Word:
    """The present participle."""
    base = entry.english[0]
    if base.endswith("ie"):
        stem = base[:-2] + "y"
    elif base.endswith("e") and not base.endswith("ee"):
        stem = base[:-1]
    else:
        stem = _doubled(base)
    return Word(stem + "ing", "VERB", "Tense=Pres|VerbForm=Part", "EXG")


@cache
def participle(entry: Verb) -> Word:
    """The past participle."""
    form = entry.english_participle or past(entry)
    return Word(form, "VERB", "Tense=Past|VerbForm=Part", "EXT")


@cache
def have(agreement: Agreement) -> Word:
    """The auxiliary of the perfect."""
    morph = finite_feats(Tense.present, agreement)
    return Word(present("have", agreement), "AUX", morph, "NOW")


@cache
def imperative(form: str, pos: str = "VERB") -> Word:
    """The imperative."""
    return Word(form, pos, "Mood=Imp|VerbForm=Fin", "EXS" if pos == "VERB" else "NOW")


@cache
def be(tense: Tense, agreement: Agreement, sem: str = "", pos: str = "AUX") -> Word:
    """A finite form of "to be"."""
    form = _BE[tense].get(agreement, _BE_OTHERWISE[tense])
    label = sem or ("NOW" if tense is Tense.present else "PST")
    return Word(form, pos, finite_feats(tense, agreement), label)


@cache
def do(tense: Tense, agreement: Agreement) -> Word:
    """The auxiliary "do"."""
    if tense is Tense.past:
        return Word("did", "AUX", finite_feats(tense, agreement), "PST")
    return Word(present("do", agreement), "AUX", finite_feats(tense, agreement), "NOW")


@cache
def modal(which: Modal | None) -> Word:
    """The modals "can" and "must"; for None, the "will" of the future."""
    form, sem = {Modal.can: ("can", "POS"), Modal.must: ("must", "NEC")}.get(
        which or Modal.want, ("will", "FUT")
    )
    return Word(form, "AUX", "VerbForm=Fin", sem)


@cache
def finite_feats(tense: Tense, agreement: Agreement) -> str:
    """The features of a finite form."""
    person, plural = agreement
    return feats(
        "Mood=Ind",
        f"Number={'Plur' if plural else 'Sing'}",
        f"Person={person}",
        "Tense=Pres" if tense is Tense.present else "Tense=Past",
        "VerbForm=Fin",
    )


def present(base: str, agreement: Agreement) -> str:
    """The present tense of any verb but "to be".

    Example:
        >>> present("watch", (3, False)), present("cry", (3, False)), present("go", (1, False))
        ('watches', 'cries', 'go')
    """
    if agreement != (3, False):
        return base
    if base == "have":
        return "has"
    if re.search("(s|sh|ch|x|z|o)$", base):
        return base + "es"
    return base[:-1] + "ies" if re.search("[^aeiou]y$", base) else base + "s"


def past(entry: Verb) -> str:
    """The past tense, as the table has it or by rule."""
    base = entry.english[0]
    if entry.english_past:
        return entry.english_past
    if base.endswith("e"):
        return base + "d"
    return base[:-1] + "ied" if re.search("[^aeiou]y$", base) else _doubled(base) + "ed"


def article(before: str) -> str:
    """The indefinite article before a word.

    Example:
        >>> article("old"), article("university"), article("hour")
        ('an', 'a', 'an')
    """
    if before.startswith(("univ", "use", "Euro", "one")):
        return "a"
    return "an" if before[0] in "aeiouAEIOU" or before.startswith("hour") else "a"


def _doubled(base: str) -> str:
    short = re.fullmatch("[^aeiou]*[aeiou][^aeiouwxy]", base)
    return base + base[-1] if short or base in _DOUBLING else base
