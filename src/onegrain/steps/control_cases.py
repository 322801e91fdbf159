"""Sentences whose translation is to be controlled, and the words by which it is learned how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.data.corpus import NO_LABEL, Corpus, Splits, Words
from onegrain.data.datasets import grammar_sizes
from onegrain.data.encoding import TextEncoder
from onegrain.data.features import value_of
from onegrain.data.sampling import shuffled
from onegrain.data.wanted_forms import WantedForms
from onegrain.settings import FEATURE_VALUES, ControlledFeature, Settings

MORPH = "morph"  # the grammar's labels of features

Change = tuple[ControlledFeature, str]


@dataclass(frozen=True)
class Case:
    """One sentence and the words in it that are controlled.

    Attributes:
        words: The sentence.
        places: Its words that have the present value.
        forms: Its translation with the present and with the wanted value, as the model would write
            them; None where they are not known.
        text: The line that BLEU compares with; None where there is none.
    """

    words: Words
    places: tuple[int, ...]
    forms: WantedForms | None = None
    text: str | None = None


def present_value(feature: ControlledFeature, wanted: str) -> str:
    """Return the value that words have which are to take the other one."""
    first, second = FEATURE_VALUES[feature]
    return first if wanted == second else second


def labelled_text(settings: Settings, data: Splits, corpora: Splits) -> tuple[Corpus, str]:
    """Return the sentences by whose words it is learned what the values look like, and the task.

    They are the grammar's own training sentences, as many as rankings read, or those of a treebank.
    """
    if settings.data.name != "grammar":
        return corpora.train, settings.task.name
    count, text = settings.ranking.sentences, data.train
    if count is not None and count < len(text):
        text = shuffled(text, count, settings.data.seed, "ranking.sentences")
    return text, MORPH


def values_in(text: Corpus, task: str, feature: ControlledFeature) -> Int[Tensor, " tokens"]:
    """Return which of the feature's two values each word has, 0 or 1; -1 for all others."""
    numbers = {value: number for number, value in enumerate(FEATURE_VALUES[feature])}
    bundles = chain.from_iterable(text.labels[task])
    known: dict[str, int] = {NO_LABEL: -1}
    found = []
    for bundle in bundles:
        if bundle not in known:
            known[bundle] = numbers.get(value_of(bundle, feature.value), -1)
        found.append(known[bundle])
    return torch.tensor(found, dtype=torch.long)


def cases_of(
    settings: Settings,
    changes: Sequence[Change],
    corpora: Splits,
    source: TextEncoder,
    target: TextEncoder,
) -> dict[Change, list[Case]]:
    """Find the sentences to control, none twice: held-out ones of the grammar, or a treebank's."""
    if settings.data.name == "grammar":
        found = _of_grammar(settings, changes, target)
    else:
        test, task = corpora.test, settings.task.name
        found = {change: list(_of_labels(test, task, *change)) for change in changes}
    count = settings.analysis.control.sentences
    return {change: _different(cases, source)[:count] for change, cases in found.items()}


def _of_grammar(
    settings: Settings, changes: Sequence[Change], target: TextEncoder
) -> dict[Change, list[Case]]:
    from onegrain.data.grammar.counterparts import counterparts  # its lexicon takes a moment

    train, dev, _ = grammar_sizes(settings.data)
    one, other = settings.data.pair.split("-")
    found = counterparts(
        settings.analysis.control.sentences, (one, other), settings.data.seed, train + dev, changes
    )
    return {
        change: [
            Case(each.words, each.places, _as_written(each.forms, target), each.text)
            for each in those
        ]
        for change, those in found.items()
    }


def _as_written(forms: WantedForms, target: TextEncoder) -> WantedForms:
    """Return the same words as the model writes them; those it does not know it never writes."""
    present, wanted = (
        written(target, target.encode(words).ids) for words in (forms.present, forms.wanted)
    )
    if (len(present), len(wanted)) != (len(forms.present), len(forms.wanted)):
        raise ValueError("the grammar's words are whole words of the model")
    return replace(forms, present=present, wanted=wanted)


def _of_labels(test: Corpus, task: str, feature: ControlledFeature, wanted: str) -> list[Case]:
    """Return the sentences with a word of the present value; the first such word is controlled."""
    present = present_value(feature, wanted)
    cases = []
    for words, labels in zip(test.sentences, test.labels[task], strict=True):
        values = (label and value_of(label, feature.value) for label in labels)
        place = next((place for place, value in enumerate(values) if value == present), None)
        if place is not None:
            cases.append(Case(words, (place,)))
    return cases


def written(target: TextEncoder, symbols: Sequence[int]) -> Words:
    """Return the words that symbols of the target stand for."""
    return tuple(target.vocabulary.words_of(symbols))


def _different(cases: Sequence[Case], source: TextEncoder) -> list[Case]:
    """Keep the first of the sentences that are one to the network."""
    by_symbols: dict[tuple[int, ...], Case] = {}
    for case in cases:
        by_symbols.setdefault(tuple(source.encode(case.words).ids), case)
    return list(by_symbols.values())
