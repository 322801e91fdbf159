"""A transformer is trained here: to label words or sentences, or to find hidden words."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Int
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.text import Perplexity

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.labels import LabelSet
from onegrain.errors import UserError
from onegrain.models.batches import (
    AnyBatch,
    TaggedBatch,
    TaggedDataset,
    by_length,
    pair_loader,
)
from onegrain.models.classifier import Answering, Classifier, answers
from onegrain.models.fitting import fit, training_metrics, write_metrics
from onegrain.models.instances import without_repeats
from onegrain.models.lightning import choose_device, quiet
from onegrain.models.masked_words import MaskedDataset, Masking, masked_loader
from onegrain.models.prediction import PredictionModule
from onegrain.models.pretrained import load_pretrained
from onegrain.models.tagging import TaggingScore, compare_labels, score_metrics
from onegrain.models.text_model import Examples
from onegrain.models.transformer import PIECES_AT_ONCE, TextTransformer
from onegrain.models.tunable import Tunable, begin_anew, begin_from
from onegrain.settings import (
    Pieces,
    TextSettings,
    TrainerSettings,
    TransformerModel,
    TuningSettings,
    tuning_trainer,
)

ROWS_AT_ONCE = 512


def tune_transformer(
    text: Splits,
    base: Path | None,
    model: TransformerModel,
    tuning: TuningSettings,
    trainer: TrainerSettings,
    words: TextSettings,
    seed: int,
    folder: Path,
    logger: Logger | Literal[False] = False,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train all layers of a transformer into ``folder``; the epoch of the lowest dev loss is kept.

    The loss is the mean cross-entropy, in nats, of the labels of words, each read off one piece of
    its word; of the labels of sentences; or of hidden pieces. Training that was killed goes on from
    its last epoch when it is called again with the same arguments.

    Args:
        text: What is learned from, what chooses the epoch, and what is scored besides; to be
            labelled, with the labels of one task.
        base: Folder of the checkpoint that it begins with; None: a new network.
        model: How words are read.
        tuning: What is learned, and how.
        trainer: The device, the number format and what is shown; all else is of ``tuning``.
        words: Size and case of the vocabulary of a new network.
        seed: Of new weights, order, dropout and hidden pieces.
        folder: Where what ``from_pretrained`` reads, ``classifier.json`` (if labels are learned),
            ``metrics.json`` and ``epochs.csv`` are written.
        logger: Gets each epoch's metrics.
        callbacks: More of Lightning's callbacks.

    Raises:
        UserError: If the checkpoint cannot be tuned so, a setting cannot work here, or training
            diverged.
    """
    how = tuning_trainer(tuning, trainer)
    checkpoints = folder / "checkpoints"
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        tunable = _tunable(text, base, model, tuning, words)
        studied = tunable.studied
        classes, data = _examples(studied, tuning, text, seed)
        checkpoints.mkdir(parents=True, exist_ok=True)
        module = PredictionModule(Answering(studied.model), classes, how, seed).train()
        shown = _loader(data["train"], how.batch_size, seed)
        unseen = pair_loader(data["dev"], how.batch_size, seed, shuffle=False)
        report = fit(module, shown, unseen, checkpoints, logger, callbacks, group="tuning")
    tunable.save(folder)
    read, chosen_by = (Examples(data[name], data[name].target_tokens) for name in ("train", "dev"))
    metrics = training_metrics(report.rows, report.seconds, read, chosen_by, tunable.whole)
    tuned = load_pretrained(folder, replace(model, path=str(folder), head=True))
    tuned.model.to(choose_device(trainer.accelerator))
    write_metrics(folder, metrics | tuning_scores(tuned, text, data.get("test")))
    shutil.rmtree(checkpoints)


def tuning_scores(
    trained: TextTransformer, text: Splits, hidden: TaggedDataset | None
) -> dict[str, Any]:
    """Measure a tuned transformer on text that it was not trained on, by metric name.

    Args:
        trained: In evaluation mode.
        text: Its dev and test splits are labelled, where it labels anything.
        hidden: The test split with hidden pieces, for one that finds them.
    """
    classifier = trained.classifier
    if classifier is None:
        assert hidden is not None
        perplexity, accuracy = _found(trained, hidden)
        return {"train/test_perplexity": perplexity, "train/test_accuracy": accuracy}
    name = "sentence_accuracy" if classifier.of_sentences else "tagging_accuracy"
    metrics: dict[str, Any] = {}
    for suffix, corpus in (("", text.test), ("_dev", text.dev)):
        metrics |= score_metrics(labelling_score(trained, classifier, corpus), name, suffix)
    return metrics


def labelling_score(
    trained: TextTransformer, classifier: Classifier, corpus: Corpus
) -> TaggingScore:
    """Label a corpus and compare with its labels.

    Args:
        trained: In evaluation mode.
        classifier: What it labels.
        corpus: With labels; words without one are not counted.
    """
    corpus = classifier_text(trained, corpus)
    any_label = tuple(
        tuple(classifier.labels.names[0] for _ in words) for words in corpus.sentences
    )
    everywhere = corpus.with_labels(classifier.task, any_label)
    _, data = classifier.questions(trained.source, everywhere)
    gold = classifier.gold(corpus)
    return compare_labels(classifier.labels, gold, torch.cat(predicted(trained, data)))


@torch.inference_mode()
def predicted(trained: TextTransformer, data: TaggedDataset) -> list[Int[Tensor, " asked"]]:
    """Return the number of what is most probable wherever a sentence has a tag."""
    found = [torch.zeros(0, dtype=torch.long) for _ in range(len(data))]
    for rows, batch in question_batches(trained, data, ROWS_AT_ONCE):
        logits = answers(trained.model.logits(batch.ids, batch.lengths), batch)
        asked = batch.is_token.sum(dim=1).tolist()
        for row, numbers in zip(rows, logits.argmax(dim=-1).cpu().split(asked), strict=True):
            found[row] = numbers
    return found


def question_batches(
    trained: TextTransformer, data: TaggedDataset, rows_at_once: int
) -> list[tuple[list[int], TaggedBatch]]:
    """Cut questions into batches of similar length that suit the device; with their rows."""
    lengths = [len(ids) for ids in data.sources]
    pieces = PIECES_AT_ONCE[trained.model.device.type == "cpu"]
    return [(rows, data[rows]) for rows in by_length(lengths, rows_at_once, pieces)]


def _tunable(
    text: Splits,
    base: Path | None,
    model: TransformerModel,
    tuning: TuningSettings,
    words: TextSettings,
) -> Tunable:
    if base is None:
        return begin_anew(text.train, model, tuning.network, words)
    if not tuning.is_classifier:
        return begin_from(base, model)
    ((task, rows),) = text.train.labels.items()
    labels = LabelSet.of(rows)
    of_sentences = tuning.name == "sentences"
    return begin_from(base, model, Classifier(labels, task, of_sentences, tuning.piece))


def _examples(
    studied: TextTransformer, tuning: TuningSettings, text: Splits, seed: int
) -> tuple[int, dict[str, Any]]:
    """Return how many classes there are, and what is learned, by split."""
    parts = {"train": text.train, "dev": text.dev}
    if studied.classifier is None:
        parts["test"] = text.test
        hidden = {name: _hidden(studied, tuning, part, seed) for name, part in parts.items()}
        return studied.model.classes, hidden | {
            name: hidden[name].fixed() for name in ("dev", "test")
        }
    asked = {}
    for name, part in parts.items():
        corpus = classifier_text(studied, part)
        _, asked[name] = studied.classifier.questions(studied.source, corpus)
        if not len(asked[name]):
            raise UserError(f"tuning: no sentence of {name} has a label that training knows")
    return studied.model.classes, asked


def classifier_text(studied: TextTransformer, corpus: Corpus) -> Corpus:
    """Return a labelled corpus as a classifier reads it, without empty sentences."""
    assert studied.classifier is not None
    return _without_empty(studied.classifier.reader(studied.source).readable(corpus))


def _hidden(
    studied: TextTransformer, tuning: TuningSettings, corpus: Corpus, seed: int
) -> MaskedDataset:
    how = replace(studied.source.settings, special_tokens=False, pieces=Pieces.mean)
    source = replace(studied.source, settings=how)
    read = _without_empty(source.readable(Corpus(corpus.language, corpus.sentences)))
    if not len(read):
        raise UserError("data: the training, dev or test split has no sentences")
    encoded = source.encode_sentences(without_repeats(read).sentences)
    assert studied.mask_id is not None
    size = source.tokenizer.get_vocab_size()
    return MaskedDataset(encoded, Masking(tuning.masked, studied.mask_id, size), seed)


def _loader(data: Any, batch_size: int, seed: int) -> DataLoader[AnyBatch]:
    if isinstance(data, MaskedDataset):
        return masked_loader(data, batch_size, seed)
    return pair_loader(data, batch_size, seed, shuffle=True)


@torch.inference_mode()
def _found(trained: TextTransformer, data: TaggedDataset) -> tuple[float, float]:
    """Return the perplexity of hidden pieces, and the share of them that is found."""
    perplexity = Perplexity()
    accuracy = MulticlassAccuracy(trained.model.classes, average="micro")
    for _, batch in question_batches(trained, data, ROWS_AT_ONCE):
        logits = answers(trained.model.logits(batch.ids, batch.lengths), batch).cpu()
        perplexity.update(logits[None], batch.gold[None])
        accuracy.update(logits, batch.gold)
    return float(perplexity.compute()), float(accuracy.compute())


def _without_empty(corpus: Corpus) -> Corpus:
    return corpus.select(row for row, words in enumerate(corpus.sentences) if words)
