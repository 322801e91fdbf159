"""Says a German verb: finite form, closing participle or infinitive, light pronouns."""

from __future__ import annotations

from onegrain.data.grammar import german_forms as forms
from onegrain.data.grammar.entries import Adverb
from onegrain.data.grammar.german_phrases import nominal, reflexive
from onegrain.data.grammar.meaning import Action, Clause, Modal, Negation, Pronoun, Tense
from onegrain.data.grammar.words import Word

_NIE = Word("nie", "ADV", "_", "NOT")
_MODALS = {
    Modal.can: ("können", "POS"),
    Modal.must: ("müssen", "NEC"),
    Modal.want: ("wollen", "ENS"),
}


def sein(index: int, tense: Tense, *, linking: bool) -> tuple[Word, list[Word]]:
    """Return the finite form of "to be" and what closes the clause."""
    if tense is Tense.future:
        sem = "NIL" if linking else "EXS"
        finite = forms.finite("werden", "present", index, "AUX", "FUT")
        return finite, [forms.infinitive("sein", "AUX", sem)]
    past = tense is Tense.past
    sem = ("PST" if past else "NOW") if linking else ("EPS" if past else "ENS")
    return forms.finite("sein", tense.value, index, "AUX", sem), []


def verbs(drawn: Clause, action: Action, index: int, tense: Tense) -> tuple[Word, list[Word]]:
    """Return the finite verb and what closes the clause."""
    verb, prefix = action.verb.german, action.verb.german_prefix
    if drawn.modal is not None:
        modal, sem = _MODALS[drawn.modal]
        finite = forms.finite(modal, "present", index, "AUX", sem)
        return finite, [forms.infinitive(prefix + verb)]
    if tense is Tense.future:
        finite = forms.finite("werden", "present", index, "AUX", "FUT")
        return finite, [forms.infinitive(prefix + verb)]
    if tense is Tense.present:
        return forms.finite(verb, "present", index, "VERB", "ENS"), []
    if action.verb.state:
        return forms.finite(verb, "past", index, "VERB", "EPS"), []
    auxiliary = forms.perfect_auxiliary(verb, prefix)
    finite = forms.finite(auxiliary, "present", index, "AUX", "NOW")
    return finite, [forms.participle(verb, prefix)]


def light_pronouns(action: Action, index: int) -> list[Word]:
    """Return the pronouns that follow the verb: reflexive, accusative, dative."""
    words = [reflexive(index)] if action.verb.german_reflexive else []
    if isinstance(action.thing, Pronoun) and not action.verb.german_preposition:
        words += nominal(action.thing, action.verb.german_case)
    if isinstance(action.recipient, Pronoun):
        words += nominal(action.recipient, "dat")
    return words


def often(drawn: Clause) -> list[Word]:
    """Say how often: never, or an adverb of frequency."""
    if drawn.negation is Negation.never:
        return [_NIE]
    return adverb(drawn.frequency)


def adverb(drawn: Adverb | None) -> list[Word]:
    """Say an adverb, if there is one."""
    return [] if drawn is None else [Word(drawn.german, "ADV", "_", drawn.sem)]
