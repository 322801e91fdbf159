"""Says who and what, where and when in German."""

from __future__ import annotations

from functools import cache

from onegrain.data.grammar import german_forms as forms
from onegrain.data.grammar.entries import Adverb, Moment, Name, Region
from onegrain.data.grammar.german_forms import CASES, GENDERS, Inflection, number_of
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

_PERSONAL = (  # nominative, accusative, dative, possessive; by person and number
    ("ich", "mich", "mir", "mein"),
    ("du", "dich", "dir", "dein"),
    ("", "", "", ""),
    ("wir", "uns", "uns", "unser"),
    ("ihr", "euch", "euch", "euer"),
    ("sie", "sie", "ihnen", "ihr"),
)
_THIRD = {
    "m": ("er", "ihn", "ihm", "sein"),
    "f": ("sie", "sie", "ihr", "ihr"),
    "n": ("es", "es", "ihm", "sein"),
}
_FORMAL = ("Sie", "Sie", "Ihnen", "Ihr")
_CASE_ORDER = ("nom", "acc", "dat")
_VERY = Word("sehr", "ADV", "_", "INT")
_PAIRS = {False: Word("und", "CCONJ", "_", "GRP"), True: Word("oder", "CCONJ", "_", "DIS")}
_TITLES = {"f": "Frau", "m": "Herr"}


def index_of(subject: Nominal) -> int:
    """The form of the verb that a subject takes: ich, du, er, wir, ihr, sie."""
    if isinstance(subject, Pronoun):
        return 5 if subject.formal else subject.person - 1 + (3 if subject.plural else 0)
    if isinstance(subject, Pair):
        return 5
    return 2 if isinstance(subject, Name) or not subject.plural else 5


def nominal(drawn: Nominal, case: str, *, negated: bool = False) -> list[Word]:
    """Say a noun phrase in a case, but no relative clause; a negated one has "kein"."""
    if isinstance(drawn, Gap):
        return []
    if isinstance(drawn, Pronoun):
        return [_personal(drawn, case)]
    if isinstance(drawn, Name):
        return _name(drawn, case)
    if isinstance(drawn, Pair):
        return [*nominal(drawn.first, case), _PAIRS[drawn.choice], *nominal(drawn.second, case)]
    return _noun_phrase(drawn, case, negated)


def quality(drawn: Quality) -> list[Word]:
    """Say an adjective that is the predicate."""
    word = Word(drawn.adjective.german, "ADJ", "Degree=Pos", drawn.adjective.sem)
    return [_VERY, word] if drawn.very else [word]


def role(drawn: NounPhrase, *, negated: bool) -> list[Word]:
    """Say what somebody is: "Lehrer", but "ein guter Lehrer" and "kein Lehrer"."""
    if drawn.qualities or negated:
        return nominal(drawn, "nom", negated=negated)
    return [forms.noun(drawn.noun, Inflection("nom", drawn.noun.german_gender, drawn.plural))]


def phrase(drawn: Phrase) -> list[Word]:
    """Say a place, a goal or company."""
    ground = drawn.ground
    if isinstance(ground, Adverb):
        return [Word(ground.german, "ADV", "_", ground.sem)]
    if isinstance(ground, Region):
        morph = "Case=Dat|Gender=Neut|Number=Sing"
        name = Word(ground.german, "PROPN", morph, "GPE")
        return [preposition("nach" if drawn.toward else "in"), name]
    assert drawn.relation is not None
    return [preposition(drawn.relation.german), *nominal(ground, drawn.relation.case)]


def time(drawn: Time | None) -> list[Word]:
    """Say when."""
    if drawn is None:
        return []
    if isinstance(drawn, Moment):
        return list(drawn.phrases["de"])
    if isinstance(drawn, Span):
        case = "acc" if drawn.kind == "for" else "dat"
        unit = forms.noun(drawn.unit, Inflection(case, drawn.unit.german_gender, True))
        length = [_number(drawn.number.german), unit]
        if drawn.kind == "for":
            return [*length, Word("lang", "ADV", "_", "REL")]
        return [preposition("vor" if drawn.kind == "ago" else "in"), *length]
    return list(_date(drawn))


@cache
def preposition(form: str) -> Word:
    """A preposition."""
    return Word(form, "ADP", "_", "REL")


@cache
def reflexive(index: int) -> Word:
    """The reflexive pronoun; ``index`` is that of the verb."""
    if index % 3 == 2:
        return Word("sich", "PRON", "Case=Acc|Person=3|PronType=Prs|Reflex=Yes", "REF")
    form, person = _PERSONAL[index][1], f"Person={index % 3 + 1}"
    morph = feats("Case=Acc", number_of(index > 2), person, "PronType=Prs", "Reflex=Yes")
    return Word(form, "PRON", morph, "REF")


def kein(drawn: Nominal | None) -> bool:
    """Whether a negated clause says "kein" of this object instead of "nicht"."""
    return isinstance(drawn, NounPhrase) and drawn.determiner in (
        Determiner.indefinite,
        Determiner.bare,
    )


def _personal(pronoun: Pronoun, case: str) -> Word:
    gender = pronoun.gender
    if pronoun.antecedent is not None:
        gender = pronoun.antecedent.german_gender
    sem = "NIL" if pronoun.weather else "PRO"
    return _personal_word(pronoun.person, pronoun.plural, gender, pronoun.formal, case, sem)


@cache
def _personal_word(
    person: int, plural: bool, gender: str, formal: bool, case: str, sem: str
) -> Word:
    column = _CASE_ORDER.index(case)
    if formal:
        morph = feats(CASES[case], "Person=2", "Polite=Form", "PronType=Prs")
        return Word(_FORMAL[column], "PRON", morph, sem)
    third = person == 3 and not plural
    form = (_THIRD[gender] if third else _PERSONAL[person - 1 + (3 if plural else 0)])[column]
    shown = GENDERS[gender] if third else ""
    morph = feats(CASES[case], shown, number_of(plural), f"Person={person}", "PronType=Prs")
    return Word(form, "PRON", morph, sem)


def _noun_phrase(drawn: NounPhrase, case: str, negated: bool) -> list[Word]:
    inflection = Inflection(case, drawn.noun.german_gender, drawn.plural)
    determiner, ending = _determiner(drawn, inflection, negated and kein(drawn))
    words = list(determiner)
    for described in drawn.qualities:
        if described.very:
            words.append(_VERY)
        words.append(forms.adjective(described.adjective, ending, inflection))
    words.append(forms.noun(drawn.noun, inflection))
    return words if drawn.place is None else [*words, *phrase(drawn.place)]


def _determiner(
    drawn: NounPhrase, inflection: Inflection, negated: bool
) -> tuple[tuple[Word, ...], str]:
    """Return the words before the adjectives, and the adjectives' ending."""
    determiner = drawn.determiner
    if determiner is Determiner.definite:
        return (forms.article(inflection),), forms.after_article(inflection)
    if negated:
        return (_like_ein("kein", "PronType=Neg", "NOT", inflection),), forms.after_ein(inflection)
    if determiner is Determiner.indefinite:
        return (_ein(inflection),), forms.after_ein(inflection)
    if isinstance(drawn.owner, Pronoun):
        return (_owned(drawn.owner, inflection),), forms.after_ein(inflection)
    if isinstance(drawn.owner, Name):
        return (_genitive(drawn.owner),), forms.strong(inflection)
    if determiner is Determiner.number and drawn.number is not None:
        return (_number(drawn.number.german),), forms.strong(inflection)
    if determiner is Determiner.bare:
        return (), forms.strong(inflection)
    if determiner in (Determiner.many, Determiner.several):
        return (_quantity(determiner, inflection),), forms.strong(inflection)
    return (_pointing(determiner, inflection),), forms.after_article(inflection)


@cache
def _ein(inflection: Inflection) -> Word:
    morph = feats(
        CASES[inflection.case],
        "Definite=Ind",
        GENDERS[inflection.gender],
        "Number=Sing",
        "NumType=Card",
        "PronType=Art",
    )
    return Word("ein" + forms.mixed(inflection), "DET", morph, "DIS")


@cache
def _like_ein(stem: str, features: str, sem: str, inflection: Inflection) -> Word:
    morph = feats(
        CASES[inflection.case],
        GENDERS[inflection.gender],
        number_of(inflection.plural),
        *features.split("|"),
    )
    ending = forms.mixed(inflection)
    base = "eur" if stem == "euer" and ending else stem
    return Word(base + ending, "DET", morph, sem)


def _owned(owner: Pronoun, inflection: Inflection) -> Word:
    if owner.formal:
        features = "Person=2|Polite=Form"
        return _like_ein("Ihr", f"{features}|Poss=Yes|PronType=Prs", "HAS", inflection)
    third = owner.person == 3 and not owner.plural
    stem = (_THIRD[owner.gender] if third else _PERSONAL[index_of(owner)])[3]
    possessor = number_of(owner.plural).replace("Number", "Number[psor]")
    features = f"{possessor}|Person={owner.person}|Poss=Yes|PronType=Prs"
    if stem == "sein":
        features = f"Gender[psor]=Masc,Neut|{features}"
    elif stem == "ihr":
        features = f"Person={owner.person}|Poss=Yes|PronType=Prs"  # hers or theirs: not shown
    return _like_ein(stem, features, "HAS", inflection)


@cache
def _quantity(determiner: Determiner, inflection: Inflection) -> Word:
    several = determiner is Determiner.several
    morph = feats(
        CASES[inflection.case],
        "Degree=Cmp" if several else "",
        GENDERS[inflection.gender],
        "Number=Plur",
        "PronType=Ind",
    )
    stem = "mehrer" if several else "viel"
    return Word(stem + forms.strong(inflection), "DET", morph, "QUV")


@cache
def _pointing(determiner: Determiner, inflection: Inflection) -> Word:
    each = determiner is Determiner.each
    sem = {Determiner.each: "AND", Determiner.this: "PRX"}.get(determiner, "DST")
    kind = "PronType=Tot" if each else "PronType=Dem"
    gender = "" if inflection.plural else GENDERS[inflection.gender]
    morph = feats(CASES[inflection.case], gender, number_of(inflection.plural), kind)
    return Word(("jed" if each else "dies") + forms.strong(inflection), "DET", morph, sem)


@cache
def _genitive(name: Name) -> Word:
    morph = feats("Case=Gen", GENDERS[name.gender], "Number=Sing")
    return Word(name.form + "s", "PROPN", morph, "PER")


def _name(name: Name, case: str) -> list[Word]:
    morph = feats(CASES[case], GENDERS[name.gender], "Number=Sing")
    proper = Word(name.form, "PROPN", morph, "PER")
    return [Word(_TITLES[name.gender], "NOUN", morph, "ROL"), proper] if name.surname else [proper]


def _date(date: Date) -> tuple[Word, ...]:
    if date.month is None:
        return (Word(str(date.year), "NUM", "NumType=Card", "YOC"),)
    month = date.month.kind == "month"
    morph = "Case=Dat|Definite=Def|Gender=Masc|Number=Sing|PronType=Art"
    name_morph = "Case=Dat|Gender=Masc|Number=Sing"
    name = Word(date.month.german, "PROPN", name_morph, "MOY" if month else "DOW")
    return (Word("im" if month else "am", "ADP+DET", morph, "REL"), name)


@cache
def _number(form: str) -> Word:
    return Word(form, "NUM", "NumType=Card", "QUC")
