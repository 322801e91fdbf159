"""Control of translations: neurons of single source words are set to what another value has.

Bau et al. (ICLR 2019), section 6: the top neurons of a property, on the words that have one of its
values, are set to alpha = mu1 + beta (mu1 - mu2), where mu1 is their mean on words of the wanted
value and mu2 that on words of the present one; then the sentence is translated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.ablation.context import ablated_encoding
from onegrain.ablation.inside import ablate_at
from onegrain.ablation.mask import Mask
from onegrain.data.corpus import Words
from onegrain.models.encoder import Encoding
from onegrain.models.next_symbol import screen_of
from onegrain.models.search import PartialTranslations, search, source_batches
from onegrain.models.text_model import TextTranslator
from onegrain.neurons import NeuronLayout
from onegrain.settings import NmtModel, Site


def control_mask(
    neurons: Int[Tensor, " neurons"],
    wanted: Float[Tensor, " all"],
    present: Float[Tensor, " all"],
    beta: float,
    layout: NeuronLayout,
    site: Site,
) -> Mask:
    """Return the neurons that are set and what to: wanted + beta (wanted - present).

    Args:
        neurons: Ids of those that are set.
        wanted: The mean of every neuron, by id, on words that have the wanted value.
        present: The same for the value that the words have.
        beta: 0 sets the mean of the wanted value; more goes beyond it.
        layout: What the ids mean.
        site: Where they are set.

    Example:
        >>> layout = NeuronLayout.bidirectional_encoder(layers=1, width=1)
        >>> ids, means = torch.tensor([1]), torch.tensor([[0.0, 3.0], [0.0, 1.0]])
        >>> control_mask(ids, *means, beta=0.5, layout=layout, site=Site.context).values
        tensor([0., 4.])
    """
    return Mask(neurons, layout, site, wanted + beta * (wanted - present))


class ControlledTranslation:
    """Translates sentences while neurons of some of their words are set.

    Sentences are padded once, and are read once for all that is set at the context.

    Args:
        trained: With its network in evaluation mode.
        sentences: Words of each; as the network reads them, no two may be the same.
        places: Of each sentence, the words that are controlled.
        settings: Beam and limits of length.
        rows_at_once: Partial translations in one step, which bounds the memory.

    Raises:
        ValueError: If two sentences are the same to the network, or one is empty.
    """

    def __init__(
        self,
        trained: TextTranslator,
        sentences: Sequence[Words],
        places: Sequence[Sequence[int]],
        settings: NmtModel,
        rows_at_once: int,
    ) -> None:
        encoded = [trained.source.encode(words) for words in sentences]
        if len({tuple(each.ids) for each in encoded} - {()}) < len(sentences):
            raise ValueError("sentences to control must differ, and have words")
        self.model, self.target, self.beam = trained.model, trained.target, settings.beam
        self.screen = screen_of(trained.model.decoder.output)
        self.batches = source_batches([each.ids for each in encoded], settings, rows_at_once)
        self.steps = []
        for batch in self.batches:
            steps = torch.zeros(batch.ids.shape, dtype=torch.bool)
            for row, (sentence,) in enumerate(batch.sentences):
                steps[
                    row, [encoded[sentence].spans[place][1] - 1 for place in places[sentence]]
                ] = True
            self.steps.append(steps)

    @torch.inference_mode()
    def __call__(self, mask: Mask) -> list[list[int]]:
        """Return the target symbols of each sentence; the empty mask changes nothing."""
        written: list[list[int]] = [[] for batch in self.batches for _ in batch.sentences]
        for number, batch in enumerate(self.batches):
            start = self._read(number, mask)
            limits = batch.limits.to(start.source.context.device)
            for (sentence,), symbols in zip(
                batch.sentences, search(start, limits, self.beam), strict=True
            ):
                written[sentence] = symbols
        return written

    def _read(self, number: int, mask: Mask) -> PartialTranslations:
        batch, steps = self.batches[number], self.steps[number]
        if mask.site is Site.context:
            encoding = ablated_encoding(self._encodings[number], mask, batch.ids, steps)
        else:
            with ablate_at(self.model, mask, steps, batch.lengths):
                encoding = self.model.encoder(batch.ids.to(self._device), batch.lengths)
        start = self.model.start_from(encoding, batch.lengths)
        return PartialTranslations(self.model.decoder, *start, self.screen)

    @cached_property
    def _encodings(self) -> list[Encoding]:
        return [
            self.model.encoder(each.ids.to(self._device), each.lengths) for each in self.batches
        ]

    @property
    def _device(self) -> torch.device:
        return self.model.decoder.output.weight.device
