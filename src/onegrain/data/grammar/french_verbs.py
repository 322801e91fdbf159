"""Says a French verb: tense, clitic pronouns, negation, agreement of the participle."""

from __future__ import annotations

from functools import cache

from onegrain.data.grammar import french_forms as forms
from onegrain.data.grammar.entries import Adverb
from onegrain.data.grammar.french_phrases import Agreement, agreement, clitic
from onegrain.data.grammar.meaning import Action, Clause, Gap, Modal, Negation, Pronoun, Tense
from onegrain.data.grammar.words import Word, feats

_NE = Word("ne", "ADV", "Polarity=Neg", "NIL")
_NEGATIONS = {
    Negation.not_: [Word("pas", "ADV", "Polarity=Neg", "NOT")],
    Negation.never: [Word("jamais", "ADV", "Polarity=Neg", "NOT")],
}
_MODALS = {
    Modal.can: ("pouvoir", "POS"),
    Modal.must: ("devoir", "NEC"),
    Modal.want: ("vouloir", "ENS"),
}
_DIRECT = ("me", "te", "le", "nous", "vous", "les")
_INDIRECT = ("me", "te", "lui", "nous", "vous", "leur")
_REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")


def verb_group(
    drawn: Clause, action: Action, agree: Agreement, manner: list[Word], earlier: bool
) -> list[Word]:
    """Say the verb with its clitics, negation and adverbs; ``manner`` stands right beside it."""
    clitics = _clitics(action, agree)
    if drawn.modal is not None:
        verb, sem = _MODALS[drawn.modal]
        finite = forms.finite(verb, "present", agree.form, "VERB", sem)
        return [*around(drawn, [finite]), *clitics, forms.infinitive(action.verb.french)]
    finite, rest = _tensed(drawn.tense, action, agree, earlier)
    return [*around(drawn, [*clitics, finite]), *manner, *rest]


def second_verb(drawn: Clause, action: Action, agree: Agreement) -> list[Word]:
    """Say the verb of a second action of the same subject."""
    clitics = _clitics(action, agree)
    if drawn.modal is not None:
        return [*clitics, forms.infinitive(action.verb.french)]
    finite, rest = _tensed(drawn.tense, action, agree)
    return [*clitics, finite, *rest]


def around(drawn: Clause, core: list[Word]) -> list[Word]:
    """Put the negation around the finite verb and its clitics, adverbs of frequency behind."""
    often = adverb(drawn.frequency)
    if drawn.negation is Negation.none:
        return [*core, *often]
    return [_NE, *core, *_NEGATIONS[drawn.negation], *often]


def _tensed(
    tense: Tense, action: Action, agree: Agreement, earlier: bool = False
) -> tuple[Word, list[Word]]:
    """Return the finite verb and, in the passé composé and before it, the participle."""
    verb = action.verb
    if tense is Tense.present:
        return forms.finite(verb.french, "present", agree.form, "VERB", "ENS"), []
    if tense is Tense.future:
        return forms.finite(verb.french, "future", agree.form, "VERB", "EFS"), []
    if verb.state:
        return forms.finite(verb.french, "imperfect", agree.form, "VERB", "EPS"), []
    etre = forms.takes_etre(verb.french, verb.french_reflexive)
    when, sem = ("imperfect", "PST") if earlier else ("present", "NOW")
    auxiliary = forms.finite("être" if etre else "avoir", when, agree.form, "AUX", sem)
    gender, plural = (agree.gender, agree.plural) if etre else _preceding_object(action)
    return auxiliary, [forms.participle(verb.french, gender, plural)]


def _preceding_object(action: Action) -> tuple[str, bool]:
    """What the participle after avoir agrees with: "la lettre que j'ai écrite"."""
    if isinstance(action.thing, Pronoun | Gap) and not action.verb.french_preposition:
        _, gender, plural = agreement(action.thing)
        return gender, plural
    return "m", False


def _clitics(action: Action, agree: Agreement) -> list[Word]:
    words = []
    if action.verb.french_reflexive:
        words.append(_reflexive(agree.form))
    for drawn, direct in (
        (action.thing, not action.verb.french_preposition),
        (action.recipient, False),
    ):
        if isinstance(drawn, Pronoun):
            index, gender, _ = agreement(drawn)
            form = _DIRECT[index] if direct else _INDIRECT[index]
            if form == "le" and gender == "f":
                form = "la"
            words.append(clitic(form, gender, index > 2, index % 3 + 1))
    return words


@cache
def _reflexive(index: int) -> Word:
    number = "" if index % 3 == 2 else forms.number(index > 2)
    morph = feats(number, f"Person={index % 3 + 1}", "PronType=Prs", "Reflex=Yes")
    return Word(_REFLEXIVE[index], "PRON", morph, "REF")


def adverb(drawn: Adverb | None) -> list[Word]:
    """Say an adverb, if there is one."""
    return [] if drawn is None else [Word(drawn.french, "ADV", "_", drawn.sem)]
