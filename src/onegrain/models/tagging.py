"""How well words, or sentences, are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor
from torchmetrics.functional.classification import multiclass_f1_score

from onegrain.data.bio import OUTSIDE
from onegrain.data.corpus import NO_LABEL, Corpus, Words
from onegrain.data.entities import EntityScore, are_entities, entity_score
from onegrain.data.labels import UNLABELLED, LabelSet
from onegrain.models.batches import pad
from onegrain.models.text_model import TextTagger

SENTENCES_AT_ONCE = 64


@dataclass(frozen=True)
class TaggingScore:
    """How well words, or sentences, are labelled.

    Attributes:
        accuracy: Share of the labelled words (or sentences) whose label is right; one that training
            does not have counts as wrong.
        macro_f1: Mean F1 of the labels that training has and that occur, or were predicted.
        entities: How many entities were found; None where labels are not BIO.
    """

    accuracy: float
    macro_f1: float
    entities: EntityScore | None


def tagging_score(trained: TextTagger, corpus: Corpus) -> TaggingScore:
    """Label a corpus and compare with its labels of the tagger's task.

    Args:
        trained: In evaluation mode.
        corpus: With labels; words without one are not counted.
    """
    rows = corpus.labels[trained.task]
    return compare_labels(trained.labels, rows, predicted_labels(trained, corpus))


def compare_labels(
    labels: LabelSet, rows: Sequence[Words], predicted: Int[Tensor, " words"]
) -> TaggingScore:
    """Compare labels with the right ones.

    Args:
        labels: Those that training has.
        rows: The right label of every word of every sentence.
        predicted: The number of the predicted one, sentence after sentence.
    """
    gold = labels.encode(rows)
    entities = _entities(labels.names, rows, predicted)
    labelled = gold != UNLABELLED
    gold, predicted = gold[labelled], predicted[labelled]
    known = gold >= 0
    macro = multiclass_f1_score(
        predicted[known], gold[known], num_classes=len(labels), average="macro"
    )
    accuracy = (gold == predicted).double().mean()
    return TaggingScore(float(accuracy), float(macro), entities)


def score_metrics(score: TaggingScore, accuracy: str, suffix: str = "") -> dict[str, Any]:
    """Return a score by metric name.

    Args:
        score: Of a split.
        accuracy: What its accuracy is called.
        suffix: Of all names, such as ``_dev``.
    """
    metrics: dict[str, Any] = {
        f"train/{accuracy}{suffix}": score.accuracy,
        f"train/macro_f1{suffix}": score.macro_f1,
    }
    if score.entities is not None:
        metrics[f"train/entity_f1{suffix}"] = score.entities.f1
        metrics[f"train/entity_precision{suffix}"] = score.entities.precision
        metrics[f"train/entity_recall{suffix}"] = score.entities.recall
    return metrics


@torch.inference_mode()
def predicted_labels(trained: TextTagger, corpus: Corpus) -> Int[Tensor, " words"]:
    """Return the number of the most probable label of every word, sentence after sentence."""
    encoded = [trained.source.encode(words) for words in corpus.sentences]
    filled = [row for row, one in enumerate(encoded) if one.ids]
    filled.sort(key=lambda row: len(encoded[row].ids))
    found = [torch.zeros(0, dtype=torch.long) for _ in encoded]
    weight, bias = trained.model.label_weights()
    for start in range(0, len(filled), SENTENCES_AT_ONCE):
        rows = filled[start : start + SENTENCES_AT_ONCE]
        ids, lengths = pad([torch.tensor(encoded[row].ids) for row in rows])
        states = trained.model.neuron_states(ids, lengths).cpu()
        labels = (states @ weight.T + bias).argmax(dim=-1)
        for row, sentence in zip(rows, labels, strict=True):
            found[row] = sentence[torch.tensor([end - 1 for _, end in encoded[row].spans])]
    return torch.cat(found) if found else torch.zeros(0, dtype=torch.long)


def _entities(
    names: Sequence[str], gold: Sequence[Words], predicted: Int[Tensor, " words"]
) -> EntityScore | None:
    """Compare entities; a word without label is outside of them, whatever is predicted for it."""
    if not are_entities(names):
        return None
    guessed = [
        tuple(
            OUTSIDE if tag == NO_LABEL else names[number]
            for tag, number in zip(tags, numbers.tolist(), strict=True)
        )
        for tags, numbers in zip(gold, predicted.split(list(map(len, gold))), strict=True)
    ]
    right = [tuple(tag or OUTSIDE for tag in tags) for tags in gold]
    return entity_score(right, guessed)
