"""Draws what is said of somebody or something: verbs, their objects and circumstances."""

from __future__ import annotations

from dataclasses import replace

from onegrain.data.grammar import lexicon, nominals, states
from onegrain.data.grammar.entries import HUMAN, Adverb, Moment, Name, Noun, Verb
from onegrain.data.grammar.meaning import (
    Action,
    Clause,
    Determiner,
    Gap,
    Modal,
    Negation,
    Nominal,
    NounPhrase,
    Pair,
    Phrase,
    Pronoun,
    Tense,
)
from onegrain.data.grammar.nominals import Setting

_FRAMES = (
    ("transitive", 36),
    ("plain", 17),
    ("go", 9),
    ("stay", 6),
    ("give", 9),
    ("quality", 9),
    ("comparison", 3),
    ("role", 4),
    ("place", 3),
    ("existence", 3),
    ("weather", 1),
)
_MODALS = ((Modal.can, 40), (Modal.must, 30), (Modal.want, 30))
_BENEFITS = ("buy", "cook", "sing", "draw", "paint", "choose", "work", "look_for", "write")
_OWN_HOMES = ("house", "city", "village", "castle", "hotel", "farm", "island")


def clause(setting: Setting, tense: Tense, *, lean: bool = False) -> Clause:
    """Draw a clause; a lean one has few circumstances."""
    frame = setting.chance.weighted(_FRAMES)
    if frame == "weather":
        return states.weather(setting, tense)
    if frame == "existence":
        return states.existence(setting, tense)
    if frame in ("quality", "comparison", "role", "place"):
        return states.being(setting, tense, frame)
    thing = frame in ("transitive", "plain") and setting.chance.happens(0.16)
    subject = states.thing_subject(setting) if thing else nominals.somebody(setting)
    return about(setting, subject, tense, frame, lean=lean)


def about(
    setting: Setting, subject: Nominal, tense: Tense, frame: str, *, lean: bool = False
) -> Clause:
    """Draw what a subject does, with the verbs of a frame."""
    chance = setting.chance
    verbs = lexicon.verbs(frame, states.noun_of(subject))
    if not verbs:
        return states.described(setting, subject, tense)
    verb = chance.of(verbs)
    modal = None
    if tense is Tense.present and not verb.state and states.human(subject) and chance.happens(0.16):
        modal = chance.weighted(_MODALS)
    negation = states.negation(setting, subject, modal)
    action = act(setting, verb, subject, negated=negation is not Negation.none)
    drawn = Clause(subject, action, tense, negation, modal)
    return with_circumstances(setting, drawn, verb, lean=lean)


def act(setting: Setting, verb: Verb, subject: Nominal | None, *, negated: bool = False) -> Action:
    """Draw what the verb takes."""
    chance = setting.chance
    if verb.frame == "transitive":
        return Action(verb, thing=_object(setting, verb, subject, negated))
    if verb.frame == "give":
        noun = chance.of(lexicon.nouns_of(verb.objects))
        thing = nominals.noun_phrase(
            setting, noun, object_=True, counted=not negated, described=0.15
        )
        return Action(verb, thing=thing, recipient=_recipient(setting, subject))
    if verb.frame == "go":
        return Action(verb, goal=nominals.goal(setting, verb))
    if verb.frame == "stay":
        return Action(verb, goal=_home(setting) if verb.state else nominals.place(setting))
    return Action(verb)


def with_circumstances(setting: Setting, drawn: Clause, verb: Verb, *, lean: bool) -> Clause:
    """Add when, how, how often, where and with whom."""
    chance = setting.chance
    time = None
    affirmed = drawn.negation is Negation.none
    if chance.happens(0.12 if lean else 0.38):
        time = nominals.time(setting, drawn.tense, lasting=verb.state)
        if not affirmed and isinstance(time, Moment) and time.repeated:
            time = None
    goes_on = verb.frame in ("plain", "stay") and not verb.simple
    if time is None and goes_on and affirmed and not lean and chance.happens(0.1):
        time = nominals.span(setting, "for")
    now = isinstance(time, Moment) and len(time.phrases["en"]) == 1
    progressive = (
        drawn.tense is Tense.present
        and drawn.modal is None
        and not verb.simple
        and drawn.negation is not Negation.never
        and (now or (time is None and chance.happens(0.25)))
    )
    frequency = None
    if affirmed and not (time or progressive or drawn.modal):
        frequency = _frequency(setting, drawn.tense)
    already = frequency is not None and frequency.english == "already"
    event = drawn.tense is Tense.past and not verb.state
    perfect = event and (already or (time is None and chance.happens(0.3)))
    manner = None
    if frequency is None and affirmed and chance.happens(0.2):
        manner = _manner(setting, verb, drawn.subject)
    phrases = () if lean else _phrases(setting, drawn.subject, verb)
    return replace(
        drawn,
        progressive=progressive,
        perfect=perfect,
        frequency=frequency,
        manner=manner,
        phrases=phrases,
        time=time,
        time_first=time is not None and chance.happens(0.3),
    )


def relative(setting: Setting, noun: Noun, *, plural: bool, tense: Tense) -> Clause | None:
    """Draw a relative clause about a noun, or None if nothing fits."""
    chance = setting.chance
    gap = Gap(noun, plural)
    if chance.happens(0.35):
        verbs = [verb for verb in lexicon.verbs("transitive", None, noun) if verb.direct]
        if verbs:
            subject = nominals.pronoun(setting) if chance.happens(0.6) else _short_person(setting)
            return Clause(subject, Action(chance.of(verbs), thing=gap), tense)
    describable = bool(lexicon.adjectives_of(noun))
    if describable and chance.happens(0.2):
        return states.described(setting, gap, tense)
    others = lexicon.verbs(chance.any_of(("transitive", "plain")), noun)
    if not others:
        return states.described(setting, gap, tense) if describable else None
    verb = chance.of(others)
    return Clause(gap, act(setting, verb, gap), tense)


def second_action(setting: Setting, drawn: Clause) -> Action | None:
    """Draw what the subject does besides: "(buys a book) and reads it"."""
    first = drawn.predicate
    if not isinstance(first, Action) or first.verb.frame not in ("transitive", "plain"):
        return None
    chance, subject = setting.chance, states.noun_of(drawn.subject)
    if isinstance(first.thing, NounPhrase) and chance.happens(0.7):
        noun = first.thing.noun
        verbs = [verb for verb in lexicon.verbs("transitive", subject, noun) if verb.direct]
        gender = noun.french_gender if noun.human else "n"
        anaphor = Pronoun(3, first.thing.plural, gender, antecedent=noun)
        options = [verb for verb in verbs if _both(verb, first.verb)]
        return Action(chance.of(options), thing=anaphor) if options else None
    options = [verb for verb in lexicon.verbs("plain", subject) if _both(verb, first.verb)]
    return Action(chance.of(options)) if options else None


def _both(verb: Verb, first: Verb) -> bool:
    return verb.english != first.english and verb.french != first.french and not verb.state


def _object(
    setting: Setting, verb: Verb, subject: Nominal | None, negated: bool
) -> NounPhrase | Name | Pronoun | Pair:
    chance = setting.chance
    nouns = lexicon.nouns_of(verb.objects)
    if "human" in verb.objects and chance.happens(0.5):
        if verb.direct and chance.happens(0.55):
            return nominals.pronoun(setting, but_not=subject)
        return chance.of([name for name in lexicon.names() if name is not subject])
    noun = chance.of(nouns)
    if not negated and chance.happens(0.09):
        return nominals.object_pair(setting, noun, nouns)
    phrase = nominals.noun_phrase(setting, noun, object_=True, counted=not negated)
    settled = phrase.determiner in (Determiner.definite, Determiner.indefinite)
    if settled and not phrase.qualities and chance.happens(0.1):
        return replace(phrase, place=nominals.standing(setting, noun))
    return phrase


def _recipient(setting: Setting, subject: Nominal | None) -> NounPhrase | Name | Pronoun:
    chance = setting.chance
    kind = chance.weighted((("pronoun", 45), ("name", 20), ("person", 35)))
    if kind == "pronoun":
        return nominals.pronoun(setting, but_not=subject)
    if kind == "name":
        return chance.of([name for name in lexicon.names() if name is not subject])
    return nominals.ground(setting, chance.of(lexicon.nouns_of(HUMAN)))


def _home(setting: Setting) -> Phrase:
    if setting.chance.happens(0.6):
        return Phrase(None, setting.chance.of(lexicon.regions()))
    noun = setting.chance.of(lexicon.nouns_of(_OWN_HOMES))
    return Phrase(noun.at, nominals.ground(setting, noun))


def _frequency(setting: Setting, tense: Tense) -> Adverb | None:
    if not setting.chance.happens(0.14):
        return None
    adverb = setting.chance.of(lexicon.adverbs("frequency"))
    fits = {
        "already": tense is not Tense.future,
        "still": tense is Tense.present,
        "rarely": tense is not Tense.past,
    }
    return adverb if fits.get(adverb.english, True) else None


def _manner(setting: Setting, verb: Verb, subject: Nominal | None) -> Adverb | None:
    fitting = lexicon.manners(verb)
    adverb = setting.chance.of(fitting) if fitting else None
    plural = isinstance(subject, Pair) or (
        isinstance(subject, NounPhrase | Pronoun | Gap) and subject.plural
    )
    return None if adverb is not None and adverb.english == "together" and not plural else adverb


def _phrases(setting: Setting, subject: Nominal | None, verb: Verb) -> tuple[Phrase, ...]:
    chance = setting.chance
    if verb.frame == "give" or verb.state or not chance.happens(0.3):
        return ()
    if subject is not None and states.human(subject) and chance.happens(0.3):
        useful = "_".join(verb.english) in _BENEFITS and chance.happens(0.6)
        return (nominals.company(setting, subject, "for" if useful else "with"),)
    if verb.frame in ("go", "stay") or chance.happens(0.2):
        return (nominals.event(setting),)
    return (nominals.place(setting),)


def _short_person(setting: Setting) -> NounPhrase | Name:
    if setting.chance.happens(0.5):
        return setting.chance.of(lexicon.names())
    return nominals.person(setting, described=0.0)
