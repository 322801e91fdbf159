"""What the neurons of a run mean: put together from the probe, the rankings and the recording."""

from __future__ import annotations

from itertools import chain

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.ablation.probe_mask import correct_words
from onegrain.activations.activations import Activations
from onegrain.analysis.distribution import distribution
from onegrain.analysis.explained import encoded_table, explained_table
from onegrain.analysis.label_neurons import label_neurons, label_sets, label_table
from onegrain.analysis.overlap import overlap_table
from onegrain.analysis.properties import (
    Property,
    WordTypes,
    label_property,
    position_properties,
)
from onegrain.analysis.weights import weight_table
from onegrain.analysis.word_classes import CLOSED, OPEN
from onegrain.analysis.words import top_words
from onegrain.data.corpus import Corpus
from onegrain.probing.groups import group_means
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.run_files import Metric
from onegrain.settings import Settings
from onegrain.steps.probed import Probed
from onegrain.steps.rankings import Ranked

WORD = "word"  # the property of being a certain word
WORDS_BESIDE_A_NEURON = 5  # in neurons.csv; words.csv has more


def findings(
    settings: Settings,
    ranked: Ranked,
    probed: Probed,
    recording: Activations,
) -> Meaning:
    """Say what the neurons mean.

    Args:
        settings: Those of the run.
        ranked: The rankings whose top neurons are looked at.
        probed: The probe, whose weights say which neurons serve a label; its training corpus may
            have the labels of further tasks.
        recording: Of the words of the training corpus.
    """
    weight, labels, layout = probed.weight, probed.labels, probed.layout
    salient = label_sets(weight, labels, settings.ranking.share)
    top = max(1, round(settings.analysis.top * layout.size))
    tops = {ranking.method: ranking.order[:top] for ranking in ranked.rankings}
    found = rank_by_weights(weight, labels, layout, settings.seed).order[:top]

    lowercase = settings.data.text.lowercase
    types = WordTypes.of(recording.tokens.words, settings.analysis.min_count, lowercase=lowercase)
    properties = _properties(probed.task.name, probed.corpora.train, recording, types)
    means = group_means(recording, {name: known.groups for name, known in properties.items()})
    explained = explained_table(means, properties)
    places = {"ranking": distribution(tops, layout), "label": distribution(salient, layout)}
    return Meaning(
        labels=_labels(settings, probed),
        label_neurons=label_neurons(weight, labels, settings.ranking.share),
        label_overlap=overlap_table(salient, layout.size),
        explained=explained,
        encoded=encoded_table(explained, tops, found),
        words=top_words(means[WORD], types.types, settings.analysis.words),
        distribution=pd.concat(
            [table.assign(kind=kind) for kind, table in places.items() if len(table)],
            ignore_index=True,
        ),
        weights=weight_table(weight, labels),
    )


def neuron_columns(meaning: Meaning) -> pd.DataFrame:
    """Return what is known of each neuron, by id: the further columns of ``neurons.csv``.

    Returns:
        ``best_property``, other than the word itself, which explains most of the neuron's variance
        beyond chance, with this ``explained_share``; ``top_words``, separated by spaces.
    """
    known = meaning.explained[meaning.explained["property"] != WORD]
    excess = known["share"] - known["chance"]
    best = known.loc[excess.groupby(known["neuron"]).idxmax()].set_index("neuron")
    best = best.rename(columns={"property": "best_property", "share": "explained_share"})
    top = meaning.words["end"].eq("top") & meaning.words["place"].le(WORDS_BESIDE_A_NEURON)
    words = meaning.words[top].groupby("neuron")["word"].agg(" ".join).rename("top_words")
    columns = best[["best_property", "explained_share"]].join(words)
    return columns.fillna({"top_words": ""})


def finding_metrics(meaning: Meaning, task: str) -> dict[str, Metric]:
    """Return a few numbers: neurons per label, how many are exclusive, what top neurons encode.

    Args:
        meaning: Of the run.
        task: Name of the probed labels.
    """
    labels, neurons = meaning.labels, meaning.label_neurons.drop_duplicates("neuron")
    alone = int((neurons["label_count"] == 1).sum())
    metrics: dict[str, Metric] = {
        "analysis/neurons_per_label": float(labels["neurons"].mean()),
        "analysis/exclusive_share": alone / max(len(neurons), 1),
    }
    for word_class in (OPEN, CLOSED):
        of_class = labels[labels["word_class"] == word_class]
        words = of_class["words_test"].sum()
        if words:
            correct = (of_class["accuracy"] * of_class["words_test"]).sum()
            metrics[f"analysis/neurons_per_label_{word_class}"] = float(of_class["neurons"].mean())
            metrics[f"analysis/accuracy_{word_class}"] = float(correct / words)
    shown = meaning.encoded[meaning.encoded["property"].isin([task, "word_number"])]
    for row in shown.to_dict("records"):
        metrics[f"analysis/{row['ranking']}/{row['property']}_share"] = float(row["share"])
        metrics[f"analysis/{row['ranking']}/probe_share"] = float(row["probe_share"])
    return metrics


def _properties(
    task: str, text: Corpus, recording: Activations, types: WordTypes
) -> dict[str, Property]:
    """Return the labels of all tasks, the probed one first, the word and its position."""
    tokens = recording.tokens
    by_task = {
        name: label_property(list(chain.from_iterable(text.labels[name])))
        for name in sorted(text.labels, key=lambda name: name != task)
    }
    places = position_properties(tokens.sentence, tokens.position)
    return by_task | {WORD: types.identity} | places


def _labels(settings: Settings, probed: Probed) -> pd.DataFrame:
    weight, bias, task = probed.weight, probed.bias, probed.task
    everyone = torch.arange(weight.shape[1])
    correct = correct_words(weight, bias, task.test, everyone[None], [len(everyone)])
    trained, tested = _words(task.train.labels, len(bias)), _words(task.test.labels, len(bias))
    share = settings.ranking.share
    return label_table(weight, task.labels, share, trained, tested, correct.by_label[0, 0])


def _words(labels: Int[Tensor, " tokens"], count: int) -> Int[Tensor, " labels"]:
    return torch.bincount(labels[labels >= 0], minlength=count)
