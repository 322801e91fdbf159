"""Says who and what, where and when in English."""

from __future__ import annotations

from functools import cache

from onegrain.data.grammar import english_forms as forms
from onegrain.data.grammar.english_forms import Agreement
from onegrain.data.grammar.entries import Adverb, Moment, Name, Region
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
from onegrain.data.grammar.words import Word

_THE = Word("the", "DET", "Definite=Def|PronType=Art", "DEF")
_OF_NAME = Word("'s", "PART", "_", "HAS")
_VERY = Word("very", "ADV", "_", "INT")
_DETERMINERS = {
    Determiner.definite: _THE,
    Determiner.each: Word("every", "DET", "PronType=Tot", "AND"),
    Determiner.many: Word("many", "ADJ", "Degree=Pos", "QUV"),
    Determiner.several: Word("several", "ADJ", "Degree=Pos", "QUV"),
}
_DEMONSTRATIVES = {
    (Determiner.this, False): Word("this", "DET", "Number=Sing|PronType=Dem", "PRX"),
    (Determiner.this, True): Word("these", "DET", "Number=Plur|PronType=Dem", "PRX"),
    (Determiner.that, False): Word("that", "DET", "Number=Sing|PronType=Dem", "DST"),
    (Determiner.that, True): Word("those", "DET", "Number=Plur|PronType=Dem", "DST"),
}
_PAIRS = {False: Word("and", "CCONJ", "_", "GRP"), True: Word("or", "CCONJ", "_", "DIS")}
_TITLES = {"f": "Mrs", "m": "Mr"}


def agreement(subject: Nominal) -> Agreement:
    """The person and number of a subject."""
    if isinstance(subject, Pronoun):
        return (subject.person, subject.plural)
    if isinstance(subject, Pair):
        return (3, True)
    return (3, not isinstance(subject, Name) and subject.plural)


def nominal(drawn: Nominal, case: str = "Nom") -> list[Word]:
    """Say a subject, an object or what a preposition stands before, but no relative clause."""
    if isinstance(drawn, Gap):
        return []
    if isinstance(drawn, Pronoun):
        sem = "NIL" if drawn.weather else "PRO"
        return [forms.pronoun(drawn.person, drawn.plural, drawn.gender, case, sem)]
    if isinstance(drawn, Name):
        return _name(drawn)
    if isinstance(drawn, Pair):
        return [*nominal(drawn.first), _PAIRS[drawn.choice], *nominal(drawn.second)]
    return _noun_phrase(drawn)


def quality(drawn: Quality) -> list[Word]:
    """Say an adjective."""
    word = forms.adjective(drawn.adjective)
    return [_VERY, word] if drawn.very else [word]


def phrase(drawn: Phrase) -> list[Word]:
    """Say a place, a goal or company."""
    ground = drawn.ground
    if isinstance(ground, Adverb):
        return [Word(ground.english, "ADV", ground.english_morph, ground.sem)]
    if isinstance(ground, Region):
        preposition = _preposition("to" if drawn.toward else "in")
        return [preposition, _proper(ground.english, "GPE")]
    assert drawn.relation is not None
    return [*map(_preposition, drawn.relation.english), *nominal(ground, "Acc")]


def time(drawn: Time | None) -> list[Word]:
    """Say when."""
    if drawn is None:
        return []
    if isinstance(drawn, Moment):
        return list(drawn.phrases["en"])
    if isinstance(drawn, Span):
        length = [_number(drawn.number.english), forms.noun(drawn.unit, True)]
        if drawn.kind == "ago":
            return [*length, Word("ago", "ADV", "_", "PST")]
        return [_preposition(drawn.kind), *length]
    return _date(drawn)


def _date(date: Date) -> list[Word]:
    if date.month is None:
        return [
            _preposition("in"),
            Word(str(date.year), "NUM", "NumForm=Digit|NumType=Card", "YOC"),
        ]
    month = date.month.kind == "month"
    name = _proper(date.month.english, "MOY" if month else "DOW")
    return [_preposition("in" if month else "on"), name]


def _noun_phrase(drawn: NounPhrase) -> list[Word]:
    words = [word for described in drawn.qualities for word in quality(described)]
    words.append(forms.noun(drawn.noun, drawn.plural))
    words = [*_determiner(drawn, words[0].form), *words]
    if drawn.place is not None:
        words += phrase(drawn.place)
    return words


def _determiner(drawn: NounPhrase, before: str) -> list[Word]:
    determiner = drawn.determiner
    if determiner is Determiner.bare:
        return []
    if determiner is Determiner.indefinite:
        return [Word(forms.article(before), "DET", "Definite=Ind|PronType=Art", "DIS")]
    if determiner is Determiner.number and drawn.number is not None:
        return [_number(drawn.number.english)]
    if isinstance(drawn.owner, Name):
        return [*_name(drawn.owner), _OF_NAME]
    if isinstance(drawn.owner, Pronoun):
        return nominal(drawn.owner, "Gen")
    return [_DETERMINERS.get(determiner) or _DEMONSTRATIVES[determiner, drawn.plural]]


def _name(name: Name) -> list[Word]:
    proper = _proper(name.form, "PER")
    return [_proper(_TITLES[name.gender], "ROL"), proper] if name.surname else [proper]


@cache
def _preposition(form: str) -> Word:
    if form == "front":  # "in front of"
        return Word(form, "NOUN", "Number=Sing", "REL")
    return Word(form, "ADV" if form == "next" else "ADP", "_", "REL")


@cache
def _number(form: str) -> Word:
    return Word(form, "NUM", "NumForm=Word|NumType=Card", "QUC")


@cache
def _proper(form: str, sem: str) -> Word:
    return Word(form, "PROPN", "Number=Sing", sem)
