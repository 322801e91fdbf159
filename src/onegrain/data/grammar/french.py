"""Says a sentence in French."""

from __future__ import annotations

from functools import cache

from onegrain.data.grammar import french_forms as forms
from onegrain.data.grammar.entries import Verb
from onegrain.data.grammar.french_phrases import (
    Agreement,
    agreement,
    nominal,
    phrase,
    preposition,
    quality,
    role,
    time,
)
from onegrain.data.grammar.french_sounds import join
from onegrain.data.grammar.french_verbs import adverb, around, second_verb, verb_group
from onegrain.data.grammar.meaning import (
    Action,
    Being,
    Clause,
    Existence,
    Gap,
    Link,
    Mood,
    Negation,
    Nominal,
    NounPhrase,
    Pronoun,
    Sentence,
    Tense,
)
from onegrain.data.grammar.words import (
    COMMA,
    EXCLAMATION,
    HYPHEN,
    PERIOD,
    QUESTION,
    Word,
    capitalise,
    feats,
    tidy,
)

_QUE = Word("que", "SCONJ", "_", "SUB")
_WHO = Word("qui", "PRON", "PronType=Rel", "AND")
_WHOM = Word("que", "PRON", "PronType=Rel", "AND")
_IL = Word("il", "PRON", "Emph=No|Gender=Masc|Number=Sing|Person=3|PronType=Prs", "NIL")
_Y = Word("y", "PRON", "Emph=No|Person=3|PronType=Prs", "NIL")
_AND = Word("et", "CCONJ", "_", "COO")
_MORE = Word("plus", "ADV", "_", "MOR")
_THAN = Word("que", "SCONJ", "_", "REL")
_IS_IT_THAT = (
    Word("est", "AUX", "Mood=Ind|Number=Sing|Person=3|Tense=Pres|VerbForm=Fin", "NIL"),
    HYPHEN,
    Word("ce", "PRON", "Gender=Masc|Number=Sing|Person=3|PronType=Dem", "NIL"),
    Word("que", "SCONJ", "_", "NIL"),
)
_LINKS = {
    Link.and_: (_AND,),
    Link.but: (COMMA, Word("mais", "CCONJ", "_", "BUT")),
    Link.because: (Word("parce", "ADV", "ExtPos=SCONJ", "SUB"), Word("que", "SCONJ", "_", "NIL")),
    Link.when: (Word("quand", "SCONJ", "_", "REL"),),
    Link.if_: (Word("si", "SCONJ", "_", "SUB"),),
}
_QUESTIONS = {
    Mood.where: Word("où", "ADV", "PronType=Int", "QUE"),
    Mood.when: Word("quand", "ADV", "PronType=Int", "QUE"),
    Mood.why: Word("pourquoi", "ADV", "PronType=Int", "QUE"),
}
_MARKS = {Mood.statement: PERIOD, Mood.request: EXCLAMATION}
_BESIDE_THE_VERB = ("bien", "mal", "vite")
_SUBJECTS = ("je", "tu", "il", "nous", "vous", "ils")


def say(sentence: Sentence) -> tuple[Word, ...]:
    """Write a sentence with its labels."""
    words = _request(sentence) if sentence.mood is Mood.request else _body(sentence)
    if sentence.addressee is not None:
        words += [COMMA, *nominal(sentence.addressee)]
    return capitalise(join(tidy([*words, _MARKS.get(sentence.mood, QUESTION)])))


def _body(sentence: Sentence) -> list[Word]:
    main = _clause(sentence.clause)
    if sentence.mood is not Mood.statement:
        asked = _QUESTIONS.get(sentence.mood)
        return [*([asked] if asked else []), *_IS_IT_THAT, *main]
    if sentence.linked is None or sentence.link is None:
        return main
    linked = [*_LINKS[sentence.link], *_clause(sentence.linked)]
    if sentence.link is Link.if_:
        linked = _si_elided(linked)
    return [*linked, COMMA, *main] if sentence.linked_first else [*main, *linked]


def _si_elided(words: list[Word]) -> list[Word]:
    if words[1].form not in ("il", "ils"):
        return words
    return [words[0]._replace(form="s'"), *words[1:]]


def _request(sentence: Sentence) -> list[Word]:
    drawn = sentence.clause
    action = drawn.predicate
    assert isinstance(action, Action)
    verb = forms.imperative(action.verb.french, sentence.formal)
    affirmed = drawn.negation is Negation.none
    words = around(drawn, [verb])
    words += _complements(action, not affirmed)
    return [*words, *_please(sentence.formal)] if sentence.please else words


def _please(formal: bool) -> list[Word]:
    number = feats(f"Number={'Plur' if formal else 'Sing'}")
    you = Word("vous" if formal else "te", "PRON", f"Emph=No|{number}|Person=2|PronType=Prs", "PRO")
    return [
        COMMA,
        Word("s'", "SCONJ", "_", "NIL"),
        _IL,
        you,
        forms.finite("plaire", "present", 2, "VERB", "ENS"),
    ]


def _clause(drawn: Clause, *, earlier: bool = False) -> list[Word]:
    """Say a clause; ``earlier`` is before the past of which it is told."""
    early = [*time(drawn.time), COMMA] if drawn.time_first and drawn.time is not None else []
    predicate = drawn.predicate
    if isinstance(predicate, Existence):
        tense = _state_tense(drawn.tense)
        verb = forms.finite("avoir", tense, 2, "VERB", _sem(drawn.tense))
        return [*early, _IL, _Y, verb, *nominal(predicate.thing), *phrase(predicate.place)]
    assert drawn.subject is not None
    agree = agreement(drawn.subject)
    words = [*early, *_subject(drawn.subject, agree)]
    if isinstance(predicate, Being):
        words += _be(drawn, predicate, agree)
    else:
        words += _act(drawn, predicate, agree, earlier)
    for circumstance in drawn.phrases:
        words += phrase(circumstance)
    return words if drawn.time_first or drawn.time is None else [*words, *time(drawn.time)]


def _subject(subject: Nominal, agree: Agreement) -> list[Word]:
    if not isinstance(subject, Pronoun):
        return _with_relative(subject)
    return [_subject_pronoun(agree, "NIL" if subject.weather else "PRO")]


@cache
def _subject_pronoun(agree: Agreement, sem: str) -> Word:
    index, gender, _ = agree
    form, shown = _SUBJECTS[index], ""
    if index % 3 == 2:
        shown = "Gender=Fem" if gender == "f" else "Gender=Masc"
        form = form.replace("il", "elle") if gender == "f" else form
    person = f"Person={index % 3 + 1}"
    morph = feats("Emph=No", shown, forms.number(index > 2), person, "PronType=Prs")
    return Word(form, "PRON", morph, sem)


def _with_relative(drawn: Nominal, *, negated: bool = False, generic: bool = False) -> list[Word]:
    words = nominal(drawn, negated=negated, generic=generic)
    if not isinstance(drawn, NounPhrase) or drawn.relative is None:
        return words
    pronoun = _WHO if isinstance(drawn.relative.subject, Gap) else _WHOM
    return [*words, pronoun, *_clause(drawn.relative)]


def _be(drawn: Clause, being: Being, agree: Agreement) -> list[Word]:
    linking = being.quality is not None
    sem = {Tense.present: "NOW", Tense.past: "PST", Tense.future: "FUT"}[drawn.tense]
    tense = _state_tense(drawn.tense)
    verb = forms.finite("être", tense, agree.form, "AUX", sem if linking else _sem(drawn.tense))
    words = around(drawn, [verb])
    if being.than is not None and being.quality is not None:
        compared = quality(being.quality, agree.gender, agree.plural)
        return [*words, _MORE, *compared, _THAN, *nominal(being.than)]
    if being.quality is not None:
        return [*words, *quality(being.quality, agree.gender, agree.plural)]
    if being.role is not None:
        return [*words, *role(being.role)]
    assert being.place is not None
    return [*words, *phrase(being.place)]


def _act(drawn: Clause, action: Action, agree: Agreement, earlier: bool) -> list[Word]:
    manner = adverb(drawn.manner)
    negated = drawn.negation is not Negation.none
    beside = bool(manner) and manner[0].form in _BESIDE_THE_VERB and drawn.modal is None
    words = verb_group(drawn, action, agree, manner if beside else [], earlier)
    words += _complements(action, negated, told=drawn.tense is Tense.past)
    if drawn.also is not None:
        words.append(_AND)
        words += second_verb(drawn, drawn.also, agree)
        words += _complements(drawn.also, False)
    return words if beside else [*words, *manner]


def _complements(action: Action, negated: bool, *, told: bool = False) -> list[Word]:
    """Return the objects that are no clitics, the goal, the clause."""
    words: list[Word] = []
    if action.thing is not None and not isinstance(action.thing, Pronoun):
        words = _object(action.verb, action.thing, negated)
    if action.recipient is not None and not isinstance(action.recipient, Pronoun):
        words = [*words, preposition("à"), *nominal(action.recipient)]
    if action.goal is not None:
        words = [*words, *phrase(action.goal)]
    if action.content is not None:
        words = [*words, _QUE, *_clause(action.content, earlier=told)]
    return words


def _object(verb: Verb, thing: Nominal, negated: bool) -> list[Word]:
    before = [preposition(verb.french_preposition)] if verb.french_preposition else []
    partial = negated and not before and not verb.generic
    return [*before, *_with_relative(thing, negated=partial, generic=verb.generic)]


def _state_tense(tense: Tense) -> str:
    return "imperfect" if tense is Tense.past else tense.value


def _sem(tense: Tense) -> str:
    return {Tense.present: "ENS", Tense.past: "EPS", Tense.future: "EFS"}[tense]
