"""Says a sentence in English."""

from __future__ import annotations

from onegrain.data.grammar import english_forms as forms
from onegrain.data.grammar.english_forms import Agreement
from onegrain.data.grammar.english_phrases import agreement, nominal, phrase, quality, time
from onegrain.data.grammar.entries import Adverb, Verb
from onegrain.data.grammar.meaning import (
    Action,
    Being,
    Clause,
    Existence,
    Gap,
    Link,
    Modal,
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
    PERIOD,
    QUESTION,
    Word,
    capitalise,
    tidy,
)

_NOT = Word("not", "PART", "Polarity=Neg", "NOT")
_NOT_BEHIND_CAN = Word("'t", "PART", "Polarity=Neg", "NOT")
_NEVER = Word("never", "ADV", "PronType=Neg", "NOT")
_TO = Word("to", "PART", "_", "NIL")
_TO_SOMEBODY = Word("to", "ADP", "_", "REL")
_THERE = Word("there", "PRON", "_", "NIL")
_THAT = Word("that", "SCONJ", "_", "SUB")
_THAN = Word("than", "ADP", "_", "REL")
_AND = Word("and", "CCONJ", "_", "COO")
_PLEASE = Word("please", "INTJ", "_", "NIL")
_BE = Word("be", "AUX", "VerbForm=Inf", "NIL")
_BE_SOMETHING = Word("be", "AUX", "VerbForm=Inf", "EXS")
_LINKS = {
    Link.and_: _AND,
    Link.but: Word("but", "CCONJ", "_", "BUT"),
    Link.because: Word("because", "SCONJ", "_", "SUB"),
    Link.when: Word("when", "ADV", "PronType=Int", "REL"),
    Link.if_: Word("if", "SCONJ", "_", "SUB"),
}
_MARKS = {Mood.statement: PERIOD, Mood.request: EXCLAMATION}
_RELATIVES = {form: Word(form, "PRON", "PronType=Rel", "AND") for form in ("who", "which", "that")}


def say(sentence: Sentence) -> tuple[Word, ...]:
    """Write a sentence with its labels."""
    words = _request(sentence) if sentence.mood is Mood.request else _body(sentence)
    if sentence.addressee is not None:
        words += [COMMA, *nominal(sentence.addressee)]
    return capitalise(tidy([*words, _MARKS.get(sentence.mood, QUESTION)]))


def _body(sentence: Sentence) -> list[Word]:
    if sentence.mood is Mood.question:
        return _clause(sentence.clause, inverted=True)
    if sentence.mood is not Mood.statement:
        asked = Word(sentence.mood.value, "ADV", "PronType=Int", "QUE")
        return [asked, *_clause(sentence.clause, inverted=True)]
    if sentence.linked is None or sentence.link is None:
        return _clause(sentence.clause)
    timeless = sentence.link is Link.when  # "when he comes", not "will come"
    linked = [_LINKS[sentence.link], *_clause(sentence.linked, no_future=timeless)]
    if sentence.linked_first:
        return [*linked, COMMA, *_clause(sentence.clause)]
    comma = [COMMA] if sentence.link is Link.but else []
    return [*_clause(sentence.clause), *comma, *linked]


def _request(sentence: Sentence) -> list[Word]:
    action = sentence.clause.predicate
    assert isinstance(action, Action)
    rest = _rest(sentence.clause)
    if sentence.clause.negation is Negation.not_:
        return [
            forms.imperative("do", "AUX"),
            _NOT,
            forms.infinitive(action.verb.english[0]),
            *_complements(action),
            *rest,
        ]
    please = [_PLEASE] if sentence.please else []
    verb = forms.imperative(action.verb.english[0])
    return [*please, verb, *_complements(action), *rest]


def _clause(drawn: Clause, *, inverted: bool = False, no_future: bool = False) -> list[Word]:
    tense = drawn.tense
    if no_future and tense is Tense.future:
        tense = Tense.present
    early = [*time(drawn.time), COMMA] if drawn.time_first and drawn.time is not None else []
    if isinstance(drawn.predicate, Existence):
        subject, agree = [_THERE], agreement(drawn.predicate.thing)
    else:
        assert drawn.subject is not None
        subject, agree = _with_relative(drawn.subject), agreement(drawn.subject)
    if isinstance(drawn.predicate, Action):
        auxiliary, core = _verb_group(drawn, drawn.predicate.verb, tense, agree, inverted)
    else:
        auxiliary, core = _be_group(drawn.predicate, tense, agree)
    no = _NOT_BEHIND_CAN if drawn.modal is Modal.can else _NOT
    negation = [no] if drawn.negation is Negation.not_ else []
    often = [_NEVER] if drawn.negation is Negation.never else _adverb(drawn.frequency)
    if inverted:
        words = [*auxiliary, *subject, *negation, *often, *core]
    else:
        words = [*subject, *auxiliary, *negation, *often, *core]
    return [*early, *words, *_predicate(drawn), *_rest(drawn)]


def _verb_group(
    drawn: Clause, verb: Verb, tense: Tense, agree: Agreement, inverted: bool
) -> tuple[list[Word], list[Word]]:
    """Return the auxiliary, if any, and the rest of the verb."""
    base = forms.infinitive(verb.english[0])
    if drawn.modal in (Modal.can, Modal.must):
        return [forms.modal(drawn.modal)], [base]
    support = drawn.negation is Negation.not_ or inverted
    if drawn.modal is Modal.want:
        if support:
            return [forms.do(tense, agree)], [forms.infinitive("want"), _TO, base]
        return [], [forms.want(agree), _TO, base]
    if tense is Tense.future:
        return [forms.modal(None)], [base]
    if drawn.progressive:
        return [forms.be(tense, agree)], [forms.progressive(verb)]
    if drawn.perfect:
        return [forms.have(agree)], [forms.participle(verb)]
    if support:
        return [forms.do(tense, agree)], [base]
    return [], [forms.finite(verb, tense, agree)]


def _be_group(
    predicate: Being | Existence, tense: Tense, agree: Agreement
) -> tuple[list[Word], list[Word]]:
    linking = isinstance(predicate, Being) and predicate.quality is not None
    if tense is Tense.future:
        return [forms.modal(None)], [_BE if linking else _BE_SOMETHING]
    if linking:
        return [forms.be(tense, agree)], []
    sem = "ENS" if tense is Tense.present else "EPS"
    pos = "VERB" if isinstance(predicate, Existence) else "AUX"
    return [forms.be(tense, agree, sem, pos)], []


def _predicate(drawn: Clause) -> list[Word]:
    predicate = drawn.predicate
    if isinstance(predicate, Existence):
        return [*nominal(predicate.thing), *phrase(predicate.place)]
    if isinstance(predicate, Being):
        return _being(predicate)
    words = _complements(predicate)
    if drawn.also is not None:
        words += [_AND, _second_verb(drawn, drawn.also), *_complements(drawn.also)]
    return words


def _second_verb(drawn: Clause, action: Action) -> Word:
    assert drawn.subject is not None
    if drawn.modal is not None or drawn.tense is Tense.future:
        return forms.infinitive(action.verb.english[0])
    if drawn.progressive:
        return forms.progressive(action.verb)
    if drawn.perfect:
        return forms.participle(action.verb)
    return forms.finite(action.verb, drawn.tense, agreement(drawn.subject))


def _being(being: Being) -> list[Word]:
    if being.than is not None and being.quality is not None:
        return [*forms.comparative(being.quality.adjective), _THAN, *nominal(being.than)]
    if being.quality is not None:
        return quality(being.quality)
    if being.role is not None:
        return nominal(being.role)
    assert being.place is not None
    return phrase(being.place)


def _complements(action: Action) -> list[Word]:
    """Return the particle, objects, goal or clause that the verb takes."""
    thing = [] if action.thing is None else _with_relative(action.thing, "Acc")
    words = _with_particle(action, thing)
    if action.recipient is not None:
        recipient = nominal(action.recipient, "Acc")
        pronoun = isinstance(action.recipient, Pronoun) and action.verb.english != ("explain",)
        words = [*recipient, *words] if pronoun else [*words, _TO_SOMEBODY, *recipient]
    if action.goal is not None:
        words += phrase(action.goal)
    if action.content is not None:
        words += [_THAT, *_clause(action.content)]
    return words


def _with_particle(action: Action, thing: list[Word]) -> list[Word]:
    if len(action.verb.english) == 1:
        return thing
    form = action.verb.english[1]
    particle = Word(form, *forms.PARTICLES.get(form, ("ADP", "_", "REL")))
    if form in forms.PARTICLES and isinstance(action.thing, Pronoun):
        return [*thing, particle]  # "put it on", but "look for it"
    return [particle, *thing]


def _rest(drawn: Clause) -> list[Word]:
    words = _adverb(drawn.manner)
    for circumstance in drawn.phrases:
        words += phrase(circumstance)
    return words if drawn.time_first or drawn.time is None else [*words, *time(drawn.time)]


def _adverb(adverb: Adverb | None) -> list[Word]:
    if adverb is None:
        return []
    return [Word(adverb.english, "ADV", adverb.english_morph, adverb.sem)]


def _with_relative(drawn: Nominal, case: str = "Nom") -> list[Word]:
    words = nominal(drawn, case)
    if not isinstance(drawn, NounPhrase) or drawn.relative is None:
        return words
    if drawn.noun.human:
        form = "who" if isinstance(drawn.relative.subject, Gap) else "that"
    else:
        form = "that" if drawn.relative_that else "which"
    return [*words, _RELATIVES[form], *_clause(drawn.relative)]
