"""Says who and what, where and when in French."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from onegrain.data.grammar import french_forms as forms
from onegrain.data.grammar.entries import Adverb, Moment, Name, Region
from onegrain.data.grammar.french_forms import number, starts_with_vowel
from onegrain.data.grammar.meaning import (
    Date,
    Determiner,
    Gap,
    Nominal,
    NounPhrase,
    Pair,
    Phrase,
    Pronoun,
    Quality,
    Span,
    Time,
)
from onegrain.data.grammar.words import Word, feats

_GENDERS = {"m": "Gender=Masc", "f": "Gender=Fem"}
_VERY = Word("très", "ADV", "_", "INT")
_DE = Word("de", "ADP", "_", "REL")
_MANY = (Word("beaucoup", "ADV", "_", "QUV"), Word("de", "ADP", "_", "NIL"))
_PAIRS = {False: Word("et", "CCONJ", "_", "GRP"), True: Word("ou", "CCONJ", "_", "DIS")}
_OWNED = (  # by the owner's person and number: masculine, feminine, plural
    ("mon", "ma", "mes"),
    ("ton", "ta", "tes"),
    ("son", "sa", "ses"),
    ("notre", "notre", "nos"),
    ("votre", "votre", "vos"),
    ("leur", "leur", "leurs"),
)
_STRONG = ("moi", "toi", "lui", "nous", "vous", "eux")
_TITLES = {"f": ("madame", "Gender=Fem"), "m": ("monsieur", "Gender=Masc")}


class Agreement(NamedTuple):
    """What a verb and its participle agree with; ``form`` counts je, tu, il, nous, vous, ils."""

    form: int
    gender: str
    plural: bool


def agreement(subject: Nominal) -> Agreement:
    """The agreement of a subject; a formal "vous" is one person."""
    if isinstance(subject, Pronoun):
        return Agreement(_person(subject), _gender(subject), subject.plural)
    if isinstance(subject, Pair):
        members = (agreement(subject.first), agreement(subject.second))
        return Agreement(5, "f" if all(one.gender == "f" for one in members) else "m", True)
    if isinstance(subject, Name):
        return Agreement(2, subject.gender, False)
    return Agreement(5 if subject.plural else 2, subject.noun.french_gender, subject.plural)


def nominal(drawn: Nominal, *, negated: bool = False, generic: bool = False) -> list[Word]:
    """Say a subject, an object or what a preposition stands before, but no relative clause.

    Args:
        drawn: What to say.
        negated: Whether it is the direct object of a negated verb ("pas de pain").
        generic: Whether a bare noun means all of a kind ("aime le pain").
    """
    if isinstance(drawn, Gap):
        return []
    if isinstance(drawn, Pronoun):
        return [_strong(_person(drawn), _gender(drawn))]
    if isinstance(drawn, Name):
        return _name(drawn)
    if isinstance(drawn, Pair):
        words = [*nominal(drawn.first, generic=generic), _PAIRS[drawn.choice]]
        return [*words, *nominal(drawn.second, generic=generic)]
    return _noun_phrase(drawn, negated, generic)


def quality(drawn: Quality, gender: str, plural: bool, before: str = "") -> list[Word]:
    """Say an adjective, perhaps right before a word."""
    vowel = bool(before) and starts_with_vowel(before)
    word = forms.adjective(drawn.adjective, gender, plural, vowel)
    return [_VERY, word] if drawn.very else [word]


def role(drawn: NounPhrase) -> list[Word]:
    """Say what somebody is: "professeur", but "un bon professeur"."""
    return nominal(drawn) if drawn.qualities else [forms.noun(drawn.noun, drawn.plural)]


def phrase(drawn: Phrase) -> list[Word]:
    """Say a place, a goal or company."""
    ground = drawn.ground
    if isinstance(ground, Adverb):
        return [Word(ground.french, "ADV", "_", ground.sem)]
    if isinstance(ground, Region):
        return _region(ground)
    assert drawn.relation is not None
    return [*map(preposition, drawn.relation.french), *nominal(ground)]


def time(drawn: Time | None) -> list[Word]:
    """Say when."""
    if drawn is None:
        return []
    if isinstance(drawn, Moment):
        return list(drawn.phrases["fr"])
    if isinstance(drawn, Span):
        length = [_number(drawn.number.french), forms.noun(drawn.unit, True)]
        if drawn.kind == "ago":
            return [*_there_is(), *length]
        return [preposition("pendant" if drawn.kind == "for" else "dans"), *length]
    if drawn.month is None:
        return [preposition("en"), Word(str(drawn.year), "NUM", "NumType=Card", "YOC")]
    return _date(drawn)


def clitic(form: str, gender: str, plural: bool, person: int) -> Word:
    """An unstressed object pronoun; ``person`` counts from 1."""
    shown = _GENDERS[gender] if form in ("le", "la") else ""
    morph = feats("Emph=No", shown, number(plural), f"Person={person}", "PronType=Prs")
    return Word(form, "PRON", morph, "PRO")


@cache
def preposition(form: str) -> Word:
    """A preposition, or a word of one such as "à côté de"."""
    if form == "côté":
        return Word(form, "NOUN", "Gender=Masc|Number=Sing", "REL")
    return Word(form, "ADP", "_", "REL")


@cache
def definite(gender: str, plural: bool, sem: str = "DEF") -> Word:
    """The definite article."""
    shown = "" if plural else _GENDERS[gender]
    form = "les" if plural else "la" if gender == "f" else "le"
    return Word(form, "DET", feats("Definite=Def", shown, number(plural), "PronType=Art"), sem)


def _person(pronoun: Pronoun) -> int:
    if pronoun.formal:
        return 4
    return pronoun.person - 1 + (3 if pronoun.plural else 0)


def _gender(pronoun: Pronoun) -> str:
    if pronoun.antecedent is not None:
        return pronoun.antecedent.french_gender
    return "f" if pronoun.gender == "f" else "m"


@cache
def _strong(index: int, gender: str) -> Word:
    form, shown = _STRONG[index], ""
    if index % 3 == 2:
        shown = _GENDERS[gender]
        if gender == "f":
            form = "elles" if index == 5 else "elle"
    morph = feats("Emph=Yes", shown, number(index > 2), f"Person={index % 3 + 1}", "PronType=Prs")
    return Word(form, "PRON", morph, "PRO")


def _noun_phrase(drawn: NounPhrase, negated: bool, generic: bool) -> list[Word]:
    gender, plural = drawn.noun.french_gender, drawn.plural
    noun = forms.noun(drawn.noun, plural)
    words = [noun]
    for described in drawn.qualities:
        if described.adjective.french_before:
            words = [*quality(described, gender, plural, words[0].form), *words]
        else:
            words += quality(described, gender, plural)
    if drawn.place is not None:
        words += phrase(drawn.place)
    if isinstance(drawn.owner, Name):
        return [definite(gender, plural), *words, _DE, *_name(drawn.owner)]
    return [*_determiner(drawn, words[0], negated, generic), *words]


def _determiner(drawn: NounPhrase, before: Word, negated: bool, generic: bool) -> list[Word]:
    determiner, gender, plural = drawn.determiner, drawn.noun.french_gender, drawn.plural
    vowel = starts_with_vowel(before.form)
    if determiner is Determiner.definite or (determiner is Determiner.bare and generic):
        return [definite(gender, plural)]
    if determiner in (Determiner.bare, Determiner.indefinite):
        adjective_first = before.pos != "NOUN"
        return list(
            _indefinite(drawn.noun.countable, gender, plural, vowel, negated, adjective_first)
        )
    if determiner is Determiner.number and drawn.number is not None:
        return [_number(drawn.number.french)]
    if determiner is Determiner.many:
        return list(_MANY)
    if isinstance(drawn.owner, Pronoun):
        return [_owned(_person(drawn.owner), gender, plural, vowel)]
    return [_pointing(determiner, gender, plural, vowel)]


@cache
def _indefinite(
    countable: bool, gender: str, plural: bool, vowel: bool, negated: bool, adjective_first: bool
) -> tuple[Word, ...]:
    shown = "" if plural else _GENDERS[gender]
    morph = feats("Definite=Ind", shown, number(plural), "PronType=Art")
    if negated or (plural and adjective_first):
        return (Word("de", "DET", feats("Definite=Ind", number(plural), "PronType=Art"), "DIS"),)
    if plural:
        return (Word("des", "DET", morph, "DIS"),)
    if countable:
        return (Word("une" if gender == "f" else "un", "DET", morph, "DIS"),)
    if gender == "m" and not vowel:
        return (Word("du", "DET", morph, "DIS"),)
    return (Word("de", "DET", morph, "DIS"), definite(gender, False, "NIL"))


@cache
def _owned(owner: int, gender: str, plural: bool, vowel: bool) -> Word:
    masculine, feminine, many = _OWNED[owner]
    form = many if plural else masculine if gender == "m" or vowel else feminine
    shown = "" if plural or masculine == feminine else _GENDERS[gender]
    morph = feats(
        shown,
        number(plural),
        f"Number[psor]={'Plur' if owner > 2 else 'Sing'}",
        f"Person[psor]={owner % 3 + 1}",
        "Poss=Yes",
        "PronType=Prs",
    )
    return Word(form, "DET", morph, "HAS")


@cache
def _pointing(determiner: Determiner, gender: str, plural: bool, vowel: bool) -> Word:
    if determiner is Determiner.each:
        return Word("chaque", "DET", "Number=Sing|PronType=Ind", "AND")
    if determiner is Determiner.several:
        return Word("plusieurs", "DET", "Number=Plur|PronType=Ind", "QUV")
    sem = "PRX" if determiner is Determiner.this else "DST"
    shown = "" if plural else _GENDERS[gender]
    form = "cette" if gender == "f" else "cet" if vowel else "ce"
    morph = feats(shown, number(plural), "PronType=Dem")
    return Word("ces" if plural else form, "DET", morph, sem)


def _region(region: Region) -> list[Word]:
    morph = "_" if region.city else feats(_GENDERS[region.french_gender], "Number=Sing")
    name = Word(region.french, "PROPN", morph, "GPE")
    if region.french_gender == "m":
        return [preposition("à"), definite("m", False), name]
    return [preposition("à" if region.city else "en"), name]


def _date(date: Date) -> list[Word]:
    assert date.month is not None
    month = date.month.kind == "month"
    name = Word(date.month.french, "NOUN", "Gender=Masc|Number=Sing", "MOY" if month else "DOW")
    return [preposition("en"), name] if month else [name]


def _name(name: Name) -> list[Word]:
    proper = Word(name.form, "PROPN", feats(_GENDERS[name.gender], "Number=Sing"), "PER")
    if not name.surname:
        return [proper]
    title, gender = _TITLES[name.gender]
    return [Word(title, "NOUN", feats(gender, "Number=Sing"), "ROL"), proper]


@cache
def _number(form: str) -> Word:
    return Word(form.lstrip("*"), "NUM", "Number=Plur", "QUC")


def _there_is() -> list[Word]:
    morph = "Emph=No|Gender=Masc|Number=Sing|Person=3|PronType=Prs"
    return [
        Word("il", "PRON", morph, "NIL"),
        Word("y", "PRON", "Emph=No|Person=3|PronType=Prs", "NIL"),
        forms.finite("avoir", "present", 2, "VERB", "PST"),
    ]
