"""Planted properties, from activations to a probe to its neurons: exactly those are found."""

from __future__ import annotations

import pytest
import torch

from onegrain.analysis.label_neurons import label_neurons, label_sets
from onegrain.neurons import NeuronLayout
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.ranking.linear_correlation import rank_by_weights

WORDS, WIDTH = 4000, 30  # four blocks of neurons
LABELS = ("absent", "present")


@pytest.mark.parametrize("needed", [1, 3, 50])
def test_a_label_that_known_neurons_encode_is_found_with_exactly_those(needed: int) -> None:
    layout = NeuronLayout.bidirectional_encoder(layers=2, width=WIDTH)
    chance = torch.Generator().manual_seed(needed)
    planted = torch.randperm(layout.size, generator=chance)[:needed]
    signs = torch.randint(2, (needed,), generator=chance) * 2.0 - 1
    values = torch.randn(WORDS, layout.size, generator=chance)
    labels = (values[:, planted] @ signs > 0).long()
    data = LabelledActivations(InMemory(values), labels, torch.arange(WORDS) // 10)

    probe = fit_probe(data, LABELS, LambdaGrid.product([0.03], [0.0]), tolerance=1e-3, epochs=300)

    weight = probe.weight[0]
    found = rank_by_weights(weight, LABELS, layout)
    assert sorted(found.order[:needed].tolist()) == sorted(planted.tolist())
    assert found.unranked == layout.size - needed  # no other neuron has any weight
    for ids in label_sets(weight, LABELS, share=1.0).values():
        assert set(ids.tolist()) <= set(planted.tolist())
    listed = label_neurons(weight, LABELS, share=1.0)
    assert set(listed["neuron"]) == set(planted.tolist())
    present = weight[LABELS.index("present"), planted] - weight[0, planted]
    assert torch.equal(present.sign(), signs)
