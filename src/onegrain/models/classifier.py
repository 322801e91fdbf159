"""What a transformer was tuned here to label, and what it is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from onegrain.data.corpus import Corpus
from onegrain.data.labels import UNLABELLED, LabelSet
from onegrain.data.pieces import PieceEncoder
from onegrain.models.batches import NO_TAG, TaggedBatch, TaggedDataset
from onegrain.settings import Pieces

FILE = "classifier.json"


@dataclass(frozen=True)
class Classifier:
    """The labels that a transformer gives to words, or to sentences.

    Attributes:
        labels: Their numbers are those of the logits.
        task: What corpora call them. A sentence's label is that of each of its words.
        of_sentences: Whether a sentence has one label.
        piece: The piece of a word that its label is read off, `Pieces.first` or `Pieces.last`.
    """

    labels: LabelSet
    task: str
    of_sentences: bool
    piece: Pieces

    @property
    def head(self) -> str:
        """The class of `transformers` that has such a head."""
        kind = "Sequence" if self.of_sentences else "Token"
        return f"AutoModelFor{kind}Classification"

    def reader(self, source: PieceEncoder) -> PieceEncoder:
        """Return what turns words into the pieces that labels are read off."""
        how = replace(source.settings, special_tokens=False, pieces=self.piece)
        return replace(source, settings=how)

    def questions(
        self, source: PieceEncoder, corpus: Corpus, unseen: int = NO_TAG
    ) -> tuple[list[int], TaggedDataset]:
        """Return what is asked of a corpus, and the numbers of the sentences with a question.

        Args:
            source: Of the transformer.
            corpus: With labels, and as `PieceEncoder.readable` returns it.
            unseen: What stands for a label that training does not have; by default it is not asked
                for.
        """
        numbers = self.labels.encode(corpus.labels[self.task])
        numbers = torch.where(
            numbers < 0, torch.where(numbers == UNLABELLED, NO_TAG, unseen), numbers
        )
        asked = numbers.split([len(words) for words in corpus.sentences])
        encoded = self.reader(source).encode_sentences(corpus.sentences)
        rows, sources, targets = [], [], []
        for row, (one, gold) in enumerate(zip(encoded, asked, strict=True)):
            if bool((gold == NO_TAG).all()):
                continue
            spans = [(0, 1)] if self.of_sentences else one.spans
            tags = [NO_TAG] * len(one.ids)
            for (_, end), number in zip(spans, gold.tolist(), strict=False):
                tags[end - 1] = number
            rows.append(row)
            sources.append(one.ids)
            targets.append(tags)
        return rows, TaggedDataset(sources, targets)

    def gold(self, corpus: Corpus) -> Sequence[tuple[str, ...]]:
        """Return the right labels: of every word of every sentence, or of every sentence."""
        rows = corpus.labels[self.task]
        return [row[:1] for row in rows] if self.of_sentences else rows

    def save(self, folder: Path) -> None:
        """Write ``classifier.json``."""
        content = {
            "labels": self.labels.names,
            "task": self.task,
            "of_sentences": self.of_sentences,
            "piece": self.piece.value,
        }
        (folder / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Classifier | None:
        """Read what `save` wrote; None where it wrote nothing.

        Raises:
            ValueError: If the file is damaged.
            KeyError: If it lacks something.
        """
        if not (folder / FILE).is_file():
            return None
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        labels = LabelSet(tuple(content["labels"]))
        piece = Pieces(content["piece"])
        return cls(labels, content["task"], content["of_sentences"], piece)


def answers(
    logits: Float[Tensor, "batch *time classes"], batch: TaggedBatch
) -> Float[Tensor, "asked classes"]:
    """Return the logits of what a batch asks for, in the order of `TaggedBatch.gold`.

    Args:
        logits: At every piece, or one row for each sentence.
        batch: What they are of.
    """
    return logits if logits.dim() == 2 else logits[batch.is_token.to(logits.device)]


class Answering(nn.Module):
    """A transformer as something to train: the logits of what batches ask for.

    Args:
        transformer: With a head.
    """

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, batch: TaggedBatch) -> Float[Tensor, "asked classes"]:
        """Return the logits of what a batch asks for."""
        logits: Tensor = self.transformer.logits(batch.ids, batch.lengths)  # type: ignore[operator]
        return answers(logits, batch)
