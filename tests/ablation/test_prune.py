"""Removing neurons from the weights is what masking them is, with smaller matrices."""

import pytest
import torch

from onegrain.ablation.inside import ablate
from onegrain.ablation.mask import Mask
from onegrain.ablation.prune import parameter_count, prune
from onegrain.data.vocabulary import BOS, EOS
from onegrain.models.batches import Batch
from onegrain.models.search import translate
from onegrain.settings import NmtModel, Site

SOME = {
    "some of each layer": [0, 3, 5, 7, 8, 10],
    "a whole layer": [0, 1, 2, 3, 4, 5, 7],
    "a whole top layer": [2, 6, 7, 8, 9, 10, 11],
    "all but one": list(range(1, 12)),
    "all": list(range(12)),
}
SOURCES = [[4, 5, 6], [7], [], [8, 9, 4, 5, 6, 7]]


def as_batch(ids, lengths):
    outputs = torch.cat([ids, torch.zeros_like(ids[:, :1])], dim=1)
    outputs[torch.arange(len(ids)), lengths] = EOS
    inputs = torch.cat([torch.full_like(ids[:, :1], BOS), outputs[:, :-1]], dim=1)
    return Batch(ids, lengths, inputs, outputs)


@pytest.mark.parametrize("neurons", SOME.values(), ids=SOME)
@torch.no_grad()
def test_a_pruned_language_model_is_the_masked_one(language_model, sentences, neurons):
    mask = Mask(torch.tensor(neurons), language_model.layout, Site.recurrent)
    pruned = prune(language_model, mask.neurons)
    with ablate(language_model, mask):
        logits = language_model(as_batch(*sentences))
        states = language_model.neuron_states(*sentences)
    torch.testing.assert_close(pruned(as_batch(*sentences)), logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(pruned.neuron_states(*sentences), states, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "neurons",
    [[0, 7, 13, 14, 16, 22, 29], list(range(5, 12)), list(range(30))],
    ids=["some", "a whole layer", "all"],
)
@torch.no_grad()
def test_a_pruned_encoder_is_the_masked_one_without_the_cell_states_either(
    translator, by_hand, sentences, neurons
):
    ids, lengths = sentences
    found = prune(translator, torch.tensor(neurons)).encoder(ids, lengths)
    for row, length in enumerate(lengths.tolist()):
        clamps = torch.full((length, translator.layout.size), torch.nan)
        clamps[:, neurons] = 0
        expected = by_hand.encode(
            translator, ids[row, :length], clamps, Site.recurrent, zero_cells=True
        )
        for states, wanted in zip(found.states, expected.states, strict=True):
            torch.testing.assert_close(states[row, :length], wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.context[row, :length], expected.context, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.final.hidden[:, row], expected.hidden, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.final.cell[:, row], expected.cell, atol=1e-5, rtol=0)


def test_a_pruned_translator_translates_and_is_recorded(translator, sentences):
    pruned = prune(translator, torch.tensor([1, 12, 13, 29]))
    translations = translate(pruned, SOURCES, NmtModel(beam=2))
    assert translations[2] == []
    states = pruned.neuron_states(*sentences)
    assert states.shape[-1] == translator.layout.size
    assert not states[..., [1, 12, 13, 29]].any()


def test_weights_are_counted_as_they_are(language_model):
    embedding, vocabulary = 4, 10
    pruned = prune(language_model, torch.tensor([0, 1, 6]))  # 4 of 6 and 5 of 6 stay
    first, second = 4 * 4 * (embedding + 4 + 2), 4 * 5 * (4 + 5 + 2)
    expected = vocabulary * embedding + first + second + vocabulary * (5 + 1)
    assert parameter_count(pruned) == expected


def test_the_model_itself_and_the_random_state_are_left_alone(language_model, sentences):
    before = {name: value.clone() for name, value in language_model.state_dict().items()}
    random_state = torch.random.get_rng_state()
    pruned = prune(language_model, torch.tensor([0, 7]))
    assert torch.equal(torch.random.get_rng_state(), random_state)
    with torch.no_grad():
        for weights in pruned.parameters():
            weights.zero_()
    after = language_model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_pruned_model_can_be_trained_on(language_model, sentences):
    pruned = prune(language_model, torch.tensor([0, 7])).train()
    pruned(as_batch(*sentences)).square().mean().backward()
    assert all(weights.grad is not None for weights in pruned.parameters())


def test_neurons_that_do_not_exist_are_refused(language_model):
    with pytest.raises(ValueError, match="not among them is neuron 12"):
        prune(language_model, torch.tensor([12]))
    with pytest.raises(ValueError, match="without neurons"):
        prune(language_model, torch.tensor([], dtype=torch.long))
