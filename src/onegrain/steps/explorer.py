"""What the page's explorer of single neurons shows, taken from the test split."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.activations.activations import Activations
from onegrain.analysis.examples import distribution, extremes, passage_codes, quantised
from onegrain.analysis.passages import Passages
from onegrain.data.corpus import Corpus
from onegrain.data.labels import UNSEEN
from onegrain.ranking.linear_correlation import MassShares, salient_neurons
from onegrain.reporting.explorer_data import ExplorerData, LayoutBlock, Passage
from onegrain.settings import Settings

LONGEST = 40  # words of a passage; longer sentences are cut
PLACES = 4  # passages with a neuron's highest values, and as many with its lowest
SHARED_LENGTHS = (4, 30)  # words of a passage that is shown for every neuron
SHARED_WORDS = 2_000  # in all of them together, and fewer where there are many neurons:
SHARED_VALUES = 3_000_000  # so many activations, which are as many bytes of the page
GROUPS = 64  # labels with a histogram of their own, the most frequent ones
BINS = 24


def explorer_data(
    settings: Settings,
    weight: Float[Tensor, "labels neurons"],
    labels: Sequence[str],
    recording: Activations,
    corpus: Corpus,
) -> ExplorerData:
    """Choose the sentences that show what each neuron does, and measure it on all words.

    Every neuron has the passages with its highest and its lowest values of the whole split; a
    random sample of passages is shown for all neurons alike, so that they can be compared.

    Args:
        settings: Those of the run.
        weight: The chosen probe's weights, which say what neurons serve.
        labels: A name for each of its rows.
        recording: Activations of every word of ``corpus``.
        corpus: The labelled test split.
    """
    tokens, task = recording.tokens, settings.task.name
    number = {name: index for index, name in enumerate(labels)}
    gold = chain.from_iterable(corpus.labels[task])
    label = torch.tensor([number.get(name, UNSEEN) for name in gold], dtype=torch.long)

    passages = Passages.of(tokens.sentence, LONGEST)
    found = extremes(recording, passages, PLACES)
    words = min(SHARED_WORDS, SHARED_VALUES // recording.layout.size)
    shared = passages.sample(words, SHARED_LENGTHS, settings.seed)
    own = torch.cat((found.highest, found.lowest), dim=1)

    group, groups = _groups(label, len(labels))
    values = distribution(recording, group, groups, found.peak, BINS)
    shown, place = torch.cat((shared, own.flatten())).unique(return_inverse=True)
    ends = place[len(shared) :].view(own.shape).int().numpy()
    shared_values = recording.gather(passages.rows(shared)).float()
    return ExplorerData(
        task=task,
        blocks=tuple(LayoutBlock(**block) for block in recording.layout.to_json()),
        labels=tuple(labels),
        group_words=tuple(torch.bincount(group, minlength=groups).tolist()),
        low=found.low.numpy(),
        high=found.high.numpy(),
        means=values.mean.numpy(),
        histograms=_narrow(values.counts),
        served=_served(weight, settings.ranking.share),
        passages=tuple(
            _passage(recording, label, int(first), int(length))
            for first, length in zip(passages.first[shown], passages.length[shown], strict=True)
        ),
        shared=tuple(place[: len(shared)].tolist()),
        shared_codes=quantised(shared_values, found.peak).T.contiguous().numpy(),
        highest=ends[:, : found.highest.shape[1]],
        lowest=ends[:, found.highest.shape[1] :],
        own_codes=passage_codes(recording, passages, own, found.peak).numpy(),
    )


def _groups(label: Int[Tensor, " words"], labels: int) -> tuple[Int[Tensor, " words"], int]:
    """Give the most frequent labels a group each, and all other words one together, the last."""
    own = min(labels, GROUPS)
    return torch.where((label < 0) | (label >= own), own, label), own + 1


def _served(
    weight: Float[Tensor, "labels neurons"], share: float
) -> tuple[tuple[tuple[int, float], ...], ...]:
    """For each label, its salient neurons and their shares of its weights, signed like these."""
    shares = MassShares.of(weight).own * weight.sign()
    return tuple(
        tuple((neuron, float(f"{float(of_label[neuron]):.6g}")) for neuron in neurons.tolist())
        for of_label, neurons in zip(shares, salient_neurons(weight, share), strict=True)
    )


def _passage(
    recording: Activations, label: Int[Tensor, " words"], first: int, length: int
) -> Passage:
    tokens, last = recording.tokens, first + length
    sentence = int(tokens.sentence[first])
    return Passage(
        sentence=sentence,
        start=int(tokens.position[first]),
        more=last < len(tokens) and int(tokens.sentence[last]) == sentence,
        words=tokens.words[first:last],
        labels=tuple(label[first:last].tolist()),
        unknown=tuple(tokens.unknown[first:last].nonzero()[:, 0].tolist()),
    )


def _narrow(
    counts: Int[Tensor, "neurons groups bins"],
) -> np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger]]:
    """Counts in the fewest bytes that hold the largest."""
    largest = int(counts.max()) if counts.numel() else 0
    kind = next(kind for kind in (np.uint8, np.uint16, np.uint32) if largest <= np.iinfo(kind).max)
    return counts.numpy().astype(kind)
