"""Draws whole sentences: statements, questions and requests, of one or two clauses."""

from __future__ import annotations

from dataclasses import replace

from onegrain.data.grammar import lexicon, nominals
from onegrain.data.grammar.chance import Chance
from onegrain.data.grammar.clauses import about, act, clause, relative, second_action
from onegrain.data.grammar.entries import Name
from onegrain.data.grammar.meaning import (
    Action,
    Clause,
    Determiner,
    Link,
    Mood,
    Negation,
    NounPhrase,
    Pronoun,
    Sentence,
    Tense,
)
from onegrain.data.grammar.nominals import Setting

_KINDS = (("one", 52), ("two", 22), ("content", 9), ("question", 11), ("request", 6))
_TENSES = ((Tense.present, 50), (Tense.past, 32), (Tense.future, 18))
_LINKS = ((Link.and_, 22), (Link.but, 16), (Link.because, 28), (Link.when, 20), (Link.if_, 14))
_QUESTIONS = ((Mood.question, 62), (Mood.where, 14), (Mood.when, 12), (Mood.why, 12))
_FREE = (Determiner.definite, Determiner.indefinite, Determiner.this, Determiner.that)


def draw(chance: Chance) -> Sentence:
    """Draw what a sentence says."""
    kind = chance.weighted(_KINDS)
    addressee, formal = _addressee(chance)
    you = addressee.gender if addressee is not None else "m"
    setting = Setting(chance, formal, you)
    tense = chance.weighted(_TENSES)
    if kind == "question":
        return _question(setting, tense, addressee)
    if kind == "request":
        return _request(setting, addressee)
    if kind == "two":
        return _two_clauses(setting, tense)
    if kind == "content":
        return Sentence(Mood.statement, _reported(setting, tense))
    return Sentence(Mood.statement, _extended(setting, clause(setting, tense)))


def _addressee(chance: Chance) -> tuple[Name | None, bool]:
    formal = chance.happens(0.4)
    if chance.happens(0.65):
        return None, formal
    return chance.of(lexicon.surnames() if formal else lexicon.names()), formal


def _extended(setting: Setting, drawn: Clause) -> Clause:
    """Add a relative clause, a place to the subject, or a second action."""
    chance = setting.chance
    subject = drawn.subject
    if isinstance(subject, NounPhrase) and subject.determiner in _FREE:
        if chance.happens(0.2):
            tense = drawn.tense if drawn.tense is not Tense.future else Tense.present
            return replace(drawn, subject=_with_relative(setting, subject, tense))
        if subject.determiner in _FREE[:2] and chance.happens(0.1):
            place = nominals.standing(setting, subject.noun)
            return replace(drawn, subject=replace(subject, place=place))
    action = drawn.predicate
    if isinstance(action, Action) and isinstance(action.thing, NounPhrase):
        thing = action.thing
        if thing.determiner in _FREE and thing.place is None and chance.happens(0.17):
            tense = drawn.tense if drawn.tense is not Tense.future else Tense.present
            thing = _with_relative(setting, thing, tense)
            return replace(drawn, predicate=replace(action, thing=thing))
    simple = drawn.negation is Negation.none and not (
        drawn.frequency or drawn.phrases or drawn.manner
    )
    if simple and chance.happens(0.14):
        return replace(drawn, also=second_action(setting, drawn), time_first=drawn.time is not None)
    return drawn


def _with_relative(setting: Setting, phrase: NounPhrase, tense: Tense) -> NounPhrase:
    drawn = relative(setting, phrase.noun, plural=phrase.plural, tense=tense)
    return replace(phrase, relative=drawn, relative_that=setting.chance.happens(0.6))


def _reported(setting: Setting, tense: Tense) -> Clause:
    """Draw "she says that ..."."""
    chance = setting.chance
    tense = Tense.present if tense is Tense.future else tense
    verb = chance.of(lexicon.verbs("say", None))
    hope = verb.english == ("hope",)
    tense = Tense.present if hope else tense
    later = hope or (tense is Tense.present and chance.happens(0.3))
    content = clause(setting, Tense.future if later else tense, lean=True)
    content = replace(content, time_first=False, perfect=False)
    subject = nominals.somebody(setting)
    if isinstance(subject, NounPhrase) and subject.determiner is Determiner.each:
        subject = chance.of(lexicon.names())
    return Clause(subject, Action(verb, content=content), tense)


def _two_clauses(setting: Setting, tense: Tense) -> Sentence:
    chance = setting.chance
    link = chance.weighted(_LINKS)
    if link is Link.if_:
        tense = Tense.future if chance.happens(0.7) else Tense.present
    first = clause(setting, tense, lean=True)
    if link in (Link.and_, Link.but):
        return Sentence(Mood.statement, first, link, clause(setting, tense, lean=True))
    linked = clause(setting, Tense.present if link is Link.if_ else tense, lean=True)
    if link is Link.because and tense is Tense.future:
        linked = clause(setting, Tense.present, lean=True)
    linked_first = chance.happens(0.35)
    first = replace(first, time_first=first.time_first and not linked_first, perfect=False)
    linked = replace(linked, time_first=False, perfect=False)
    return Sentence(Mood.statement, first, link, linked, linked_first)


def _question(setting: Setting, tense: Tense, addressee: Name | None) -> Sentence:
    chance = setting.chance
    mood = chance.weighted(_QUESTIONS)
    formal_you = setting.second_person()
    subject = formal_you if chance.happens(0.5) else nominals.somebody(setting)
    if isinstance(subject, NounPhrase) and subject.determiner not in (*_FREE, Determiner.owned):
        subject = formal_you
    frames = ("plain", "stay") if mood is Mood.where else ("transitive", "plain", "go", "give")
    drawn = about(setting, subject, tense, chance.of(frames), lean=True)
    drawn = replace(drawn, negation=Negation.none, frequency=None, time_first=False)
    if mood is Mood.where and isinstance(drawn.predicate, Action):
        drawn = replace(drawn, predicate=replace(drawn.predicate, goal=None))
    if mood is Mood.when:
        drawn = replace(drawn, time=None)
    return Sentence(mood, drawn, addressee=addressee if subject is formal_you else None)


def _request(setting: Setting, addressee: Name | None) -> Sentence:
    chance = setting.chance
    you = setting.second_person()
    frame = chance.weighted((("transitive", 60), ("plain", 14), ("stay", 8), ("give", 18)))
    verbs = lexicon.verbs(frame, None)
    usable = [v for v in verbs if not (v.simple or v.french_reflexive or v.german_reflexive)]
    negated = frame == "transitive" and chance.happens(0.2)
    action = act(setting, chance.of(usable), you, negated=negated)
    no_clitics = replace(
        action,
        thing=_named(setting) if isinstance(action.thing, Pronoun) else action.thing,
        recipient=(_named(setting) if isinstance(action.recipient, Pronoun) else action.recipient),
    )
    drawn = Clause(you, no_clitics, Tense.present, Negation.not_ if negated else Negation.none)
    please = not negated and chance.happens(0.4)
    return Sentence(Mood.request, drawn, addressee=addressee, formal=setting.formal, please=please)


def _named(setting: Setting) -> Name:
    return setting.chance.of(lexicon.names())
