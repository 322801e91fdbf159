"""Perplexity of a pretrained transformer while some of its neurons are ablated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from onegrain.ablation.inside import ablate
from onegrain.ablation.measures import Ablation, Counts
from onegrain.data.corpus import Corpus
from onegrain.data.encoding import EncodedWords
from onegrain.errors import UserError
from onegrain.models.batches import by_length, pad
from onegrain.models.pretrained import lacks_head
from onegrain.models.transformer import PIECES_AT_ONCE, TextTransformer
from onegrain.neurons import NeuronLayout
from onegrain.settings import Pieces


@dataclass(frozen=True)
class Question:
    """A text as a model reads it, and what it is to predict of it.

    Attributes:
        sentence: The number of the sentence.
        ids: The pieces that are read.
        places: Where predictions are read off.
        answers: The right piece at each of them.
    """

    sentence: int
    ids: list[int]
    places: list[int]
    answers: list[int]


class TransformerPerplexity:
    """Perplexity of a word of a test set, for a head that predicts pieces.

    From left to right, the pieces of a word are predicted one after the other, the first one of a
    sentence from the token that begins a text. Where the head predicts hidden pieces, it is the
    pseudo-perplexity (Salazar et al., ACL 2020): every piece is hidden in turn, and predicted from
    all others. In both a word's surprise is the sum over its pieces, so tokenizers compare.

    Args:
        trained: With a head.
        corpus: The test set; sentences without words are left out.
        rows_at_once: The most texts in one forward pass.

    Raises:
        UserError: If the model has no head, or there is no sentence.
    """

    metric = "perplexity"

    def __init__(self, trained: TextTransformer, corpus: Corpus, rows_at_once: int) -> None:
        if trained.model.head is None:
            raise lacks_head(trained.settings)
        how = replace(trained.settings, special_tokens=False, pieces=Pieces.mean)
        source = replace(trained.source, settings=how)
        sentences = [words for words in source.readable(corpus).sentences if words]
        if not sentences:
            raise UserError("task: the test split has no sentences to measure the model on")
        encoded = source.encode_sentences(sentences)
        questions = _hidden if trained.mask_id is not None else _onward
        asked = [each for row, one in enumerate(encoded) for each in questions(trained, row, one)]
        self.model = trained.model
        pieces = PIECES_AT_ONCE[self.model.device.type == "cpu"]
        rows = by_length([len(each.ids) for each in asked], rows_at_once, pieces)
        self.batches = [[asked[row] for row in batch] for batch in rows]
        self.words = torch.tensor([len(words) for words in sentences], dtype=torch.float64)

    @property
    def layout(self) -> NeuronLayout:
        """The network's neurons."""
        return self.model.layout

    @torch.inference_mode()
    def counts(self, ablation: Ablation) -> Counts:
        """Return each sentence's negative log-likelihood, in nats, and its number of words."""
        surprise = torch.zeros_like(self.words)
        with ablate(self.model, ablation):
            for batch in self.batches:
                ids, lengths = pad([torch.tensor(each.ids) for each in batch])
                logits = self.model.logits(ids, lengths)
                rows, places, answers, sentences = _asked(batch).to(logits.device)
                loss = cross_entropy(logits[rows, places], answers, reduction="none")
                surprise.index_add_(0, sentences.cpu(), loss.double().cpu())
        return torch.stack([surprise, self.words], dim=1)

    def value(self, totals: Counts) -> list[float]:
        """Return the perplexity of each row."""
        perplexity: list[float] = (totals[:, 0] / totals[:, 1]).exp().tolist()
        return perplexity


def _onward(trained: TextTransformer, sentence: int, encoded: EncodedWords) -> Iterator[Question]:
    """Predict every piece of a sentence from those before it."""
    begin = trained.begin_id
    starts = begin is not None and encoded.ids[:1] != [begin]
    ids = [begin, *encoded.ids] if starts and begin is not None else encoded.ids
    wanted = [at + starts for at in _pieces(encoded) if at + starts > 0]
    yield Question(sentence, ids, [at - 1 for at in wanted], [ids[at] for at in wanted])


def _hidden(trained: TextTransformer, sentence: int, encoded: EncodedWords) -> Iterator[Question]:
    """Hide each piece of a sentence in turn."""
    assert trained.mask_id is not None
    for at in _pieces(encoded):
        ids = [*encoded.ids[:at], trained.mask_id, *encoded.ids[at + 1 :]]
        yield Question(sentence, ids, [at], [encoded.ids[at]])


def _pieces(encoded: EncodedWords) -> list[int]:
    """The places of all pieces of words."""
    return [at for first, end in encoded.spans for at in range(first, end)]


def _asked(batch: Sequence[Question]) -> Int[Tensor, "4 answers"]:
    """Return row, place, right piece and sentence of all predictions of a batch."""
    asked = [
        (row, place, answer, each.sentence)
        for row, each in enumerate(batch)
        for place, answer in zip(each.places, each.answers, strict=True)
    ]
    return torch.tensor(asked).T
