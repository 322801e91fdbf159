"""Says a sentence in German: the finite verb second, or last in a subordinate clause."""

from __future__ import annotations

from dataclasses import dataclass, field

from onegrain.data.grammar import german_forms as forms
from onegrain.data.grammar.german_forms import Inflection
from onegrain.data.grammar.german_phrases import (
    index_of,
    kein,
    nominal,
    phrase,
    preposition,
    quality,
    role,
    time,
)
from onegrain.data.grammar.german_sounds import join
from onegrain.data.grammar.german_verbs import adverb, light_pronouns, often, sein, verbs
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
    PERIOD,
    QUESTION,
    Word,
    capitalise,
    tidy,
)

_NICHT = Word("nicht", "PART", "Polarity=Neg", "NOT")
_DASS = Word("dass", "SCONJ", "_", "SUB")
_ALS = Word("als", "ADP", "_", "REL")
_AND = Word("und", "CCONJ", "_", "COO")
_PLEASE = Word("bitte", "ADV", "_", "NIL")
_SIE = Word("Sie", "PRON", "Case=Nom|Person=2|Polite=Form|PronType=Prs", "PRO")
_LINKS = {
    Link.and_: _AND,
    Link.but: Word("aber", "CCONJ", "_", "BUT"),
    Link.because: Word("weil", "SCONJ", "_", "SUB"),
    Link.when: Word("wenn", "SCONJ", "_", "REL"),
    Link.if_: Word("wenn", "SCONJ", "_", "SUB"),
}
_WHEN_ONCE = Word("als", "SCONJ", "_", "REL")  # in the past
_QUESTIONS = {
    Mood.where: Word("wo", "ADV", "PronType=Int", "QUE"),
    Mood.when: Word("wann", "ADV", "PronType=Int", "QUE"),
    Mood.why: Word("warum", "ADV", "PronType=Int", "QUE"),
}
_MARKS = {Mood.statement: PERIOD, Mood.request: EXCLAMATION}


@dataclass(frozen=True)
class _Field:
    """A clause by the places of its words; what is in front is chosen later.

    Attributes:
        subject: The subject, or the place of what exists.
        light: Pronouns that come early.
        middle: Everything up to the end of the clause.
        closing: Participle and infinitive.
        finite: The finite verb, without its separable prefix.
        prefix: The prefix.
    """

    subject: list[Word]
    light: list[Word]
    middle: list[Word]
    closing: list[Word]
    finite: Word
    prefix: str = ""
    early: list[Word] = field(default_factory=list)
    pronominal: bool = False
    afterwards: list[Word] = field(default_factory=list)


def say(sentence: Sentence) -> tuple[Word, ...]:
    """Write a sentence with its labels."""
    words = _request(sentence) if sentence.mood is Mood.request else _body(sentence)
    if sentence.addressee is not None:
        words += [COMMA, *nominal(sentence.addressee, "nom")]
    return capitalise(join(tidy([*words, _MARKS.get(sentence.mood, QUESTION)])))


def _body(sentence: Sentence) -> list[Word]:
    main = _field(sentence.clause)
    if sentence.mood is Mood.question:
        return _verb_first(main)
    if sentence.mood is not Mood.statement:
        return [_QUESTIONS[sentence.mood], *_verb_first(main)]
    if sentence.linked is None or sentence.link is None:
        return _verb_second(main)
    timeless = sentence.link is Link.when  # "wenn er kommt", not "kommen wird"
    linked, link = _field(sentence.linked, no_future=timeless), _LINKS[sentence.link]
    if sentence.link in (Link.and_, Link.but):
        comma = [COMMA] if sentence.link is Link.but else []
        return [*_verb_second(main), *comma, link, *_verb_second(linked)]
    if timeless and sentence.linked.tense is Tense.past:
        link = _WHEN_ONCE
    if sentence.linked_first:
        return [link, *_verb_last(linked), COMMA, *_verb_first(main)]
    return [*_verb_second(main), COMMA, link, *_verb_last(linked)]


def _request(sentence: Sentence) -> list[Word]:
    action = sentence.clause.predicate
    assert isinstance(action, Action)
    drawn = _field(sentence.clause)
    words = [forms.imperative(action.verb.german, sentence.formal)]
    if sentence.formal:
        words.append(_SIE)
    if sentence.please:
        words.append(_PLEASE)
    prefix = [forms.separated(drawn.prefix)] if drawn.prefix else []
    return [*words, *drawn.light, *drawn.middle, *prefix]


def _verb_second(drawn: _Field) -> list[Word]:
    if drawn.early:
        return [*drawn.early, *_verb_first(drawn)]
    return [*drawn.subject, drawn.finite, *drawn.light, *drawn.middle, *_end(drawn)]


def _verb_first(drawn: _Field) -> list[Word]:
    return [drawn.finite, *_subject_and_pronouns(drawn), *drawn.middle, *_end(drawn)]


def _verb_last(drawn: _Field) -> list[Word]:
    finite = drawn.finite._replace(form=drawn.prefix + drawn.finite.form)
    before = [*_subject_and_pronouns(drawn), *drawn.early, *drawn.middle]
    words = [*before, *drawn.closing, finite]
    return [*words, *drawn.afterwards]


def _subject_and_pronouns(drawn: _Field) -> list[Word]:
    if drawn.pronominal:
        return [*drawn.subject, *drawn.light]
    return [*drawn.light, *drawn.subject]


def _end(drawn: _Field) -> list[Word]:
    prefix = [forms.separated(drawn.prefix)] if drawn.prefix else []
    return [*drawn.closing, *prefix, *drawn.afterwards]


def _field(drawn: Clause, *, no_future: bool = False) -> _Field:
    """Sort the words of a clause into their places."""
    tense = drawn.tense
    if no_future and tense is Tense.future:
        tense = Tense.present
    predicate = drawn.predicate
    early = time(drawn.time) if drawn.time_first else []
    late = [] if drawn.time_first else time(drawn.time)
    if isinstance(predicate, Existence):
        finite, closing = sein(index_of(predicate.thing), tense, linking=False)
        there, thing = phrase(predicate.place), nominal(predicate.thing, "nom")
        if early:
            return _Field(thing, [], there, closing, finite, early=early)
        return _Field(there, [], [*late, *thing], closing, finite)
    assert drawn.subject is not None
    index = index_of(drawn.subject)
    subject = [*nominal(drawn.subject, "nom"), *_relative(drawn.subject)]
    pronominal = isinstance(drawn.subject, Pronoun)
    if isinstance(predicate, Being):
        finite, closing = sein(index, tense, linking=predicate.quality is not None)
        middle = [*late, *_being(drawn, predicate)]
        return _Field(subject, [], middle, closing, finite, "", early, pronominal)
    finite, closing = verbs(drawn, predicate, index, tense)
    prefix = predicate.verb.german_prefix if not closing else ""
    light = light_pronouns(predicate, index)
    middle = [*late, *often(drawn), *_complements(drawn, predicate)]
    after = [*_extraposed(drawn, predicate), *_second(drawn, predicate, index)]
    if predicate.content is not None:
        after = [COMMA, _DASS, *_verb_last(_field(predicate.content)), COMMA]
    return _Field(subject, light, middle, closing, finite, prefix, early, pronominal, after)


def _complements(drawn: Clause, action: Action) -> list[Word]:
    """Return recipient, object, "nicht", manner, circumstances and goal, in this order."""
    verb, words = action.verb, list[Word]()
    if action.recipient is not None and not isinstance(action.recipient, Pronoun):
        words = nominal(action.recipient, "dat")
    negated = drawn.negation is Negation.not_
    no = negated and kein(action.thing) and not verb.german_preposition
    thing = None if isinstance(action.thing, Pronoun) else action.thing
    nicht = [_NICHT] if negated and not no else []
    if thing is None:
        words = [*words, *nicht]
    elif verb.german_preposition:
        asked = _object(drawn, thing, verb.german_case)
        words = [*words, *nicht, preposition(verb.german_preposition), *asked]
    else:
        words = [*words, *_object(drawn, thing, verb.german_case, negated=no), *nicht]
    words += adverb(drawn.manner)
    for circumstance in drawn.phrases:
        words += phrase(circumstance)
    return [*words, *(phrase(action.goal) if action.goal is not None else [])]


def _second(drawn: Clause, first: Action, index: int) -> list[Word]:
    """Return the second action; it shares the auxiliary if it takes the same."""
    action = drawn.also
    if action is None:
        return []
    finite, closing = verbs(drawn, action, index, drawn.tense)
    shared = closing and finite == verbs(drawn, first, index, drawn.tense)[0]
    prefix = action.verb.german_prefix
    light = light_pronouns(action, index)
    if shared:
        return [_AND, *light, *closing]
    ending = [forms.separated(prefix)] if prefix and not closing else closing
    return [_AND, finite, *light, *ending]


def _being(drawn: Clause, being: Being) -> list[Word]:
    nicht = [_NICHT] if drawn.negation is Negation.not_ else []
    frequency = often(drawn)
    if being.than is not None and being.quality is not None:
        form = being.quality.adjective.german_comparative
        compared = Word(form, "ADJ", "Degree=Cmp", "MOR")
        return [*frequency, *nicht, compared, _ALS, *nominal(being.than, "nom")]
    if being.quality is not None:
        return [*frequency, *nicht, *quality(being.quality)]
    if being.role is not None:
        return [*frequency, *role(being.role, negated=bool(nicht))]
    assert being.place is not None
    return [*frequency, *nicht, *phrase(being.place)]


def _object(drawn: Clause, thing: Nominal, case: str, *, negated: bool = False) -> list[Word]:
    words = nominal(thing, case, negated=negated)
    return words if _extraposes(drawn) else [*words, *_relative(thing)]


def _extraposed(drawn: Clause, action: Action) -> list[Word]:
    return _relative(action.thing) if _extraposes(drawn) else []


def _extraposes(drawn: Clause) -> bool:
    """Whether the object's relative clause follows the end: "hat das Buch gelesen, das ..."."""
    return not (drawn.phrases or drawn.manner)


def _relative(drawn: Nominal | None) -> list[Word]:
    if not isinstance(drawn, NounPhrase) or drawn.relative is None:
        return []
    clause = drawn.relative
    inner = "nom"
    if not isinstance(clause.subject, Gap) and isinstance(clause.predicate, Action):
        inner = clause.predicate.verb.german_case
    pronoun = forms.relative(Inflection(inner, drawn.noun.german_gender, drawn.plural))
    return [COMMA, pronoun, *_verb_last(_field(clause)), COMMA]
