"""How well a tuned transformer labels a test set while some of its neurons are ablated."""

from __future__ import annotations

import torch

from onegrain.ablation.inside import ablate
from onegrain.ablation.measures import Ablation, Counts
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.models.classifier import answers
from onegrain.models.transformer import TextTransformer
from onegrain.models.tuning import classifier_text, question_batches
from onegrain.neurons import NeuronLayout


class LabellingAccuracy:
    """Share of the test words, or sentences, whose label is right.

    A label that training does not have counts as wrong; a word without one does not count.

    Args:
        trained: With a classifier.
        corpus: The test set, with labels of the classifier's task.
        rows_at_once: The most sentences in one forward pass.

    Raises:
        UserError: If there is nothing to label.
    """

    metric = "accuracy"

    def __init__(self, trained: TextTransformer, corpus: Corpus, rows_at_once: int) -> None:
        classifier = trained.classifier
        assert classifier is not None
        self.model = trained.model
        never = len(classifier.labels)  # the number of a class that is never predicted
        text = classifier_text(trained, corpus)
        _, data = classifier.questions(trained.source, text, unseen=never)
        if not len(data):
            raise UserError("tuning: the test split has no labels to measure the model on")
        self.batches = question_batches(trained, data, rows_at_once)
        self.sentences = len(data)

    @property
    def layout(self) -> NeuronLayout:
        """The network's neurons."""
        return self.model.layout

    @torch.inference_mode()
    def counts(self, ablation: Ablation) -> Counts:
        """Return how many labels of each sentence are right, and how many there are."""
        counts = torch.zeros(self.sentences, 2, dtype=torch.float64)
        with ablate(self.model, ablation):
            for rows, batch in self.batches:
                logits = answers(self.model.logits(batch.ids, batch.lengths), batch)
                correct = (logits.argmax(dim=-1).cpu() == batch.gold).double()
                sentence = torch.tensor(rows)[batch.is_token.nonzero()[:, 0]]
                counts[:, 0].index_add_(0, sentence, correct)
                counts[:, 1].index_add_(0, sentence, torch.ones_like(correct))
        return counts

    def value(self, totals: Counts) -> list[float]:
        """Return the accuracy of each row, 0 to 1."""
        accuracy: list[float] = (totals[:, 0] / totals[:, 1]).tolist()
        return accuracy
