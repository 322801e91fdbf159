"""Ablation inside a network says what a loop over single steps says."""

import pytest
import torch

from onegrain.ablation.context import ablated_encoding
from onegrain.ablation.inside import ablate, ablate_at, ablate_rows
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.projection import Projection
from onegrain.ablation.prune import prune
from onegrain.ablation.resampling import Resample
from onegrain.data.vocabulary import BOS, EOS
from onegrain.models.batches import Batch
from onegrain.models.search import translate
from onegrain.models.translator import Translator
from onegrain.precision import has_bf16_lstm
from onegrain.settings import NmtModel, Site

CLAMPS = ["zero", "mean", "resample"]


def values_of(clamp, size, tokens=20):
    generator = torch.Generator().manual_seed(3)
    if clamp == "zero":
        return None
    if clamp == "mean":
        return torch.randn(size, generator=generator)
    return Resample(torch.randn(tokens, size, generator=generator), seed=5)


def some_mask(model, site, clamp, seed=0, share=0.4):
    candidates = site_neurons(model.layout, site)
    generator = torch.Generator().manual_seed(seed)
    chosen = candidates[torch.randperm(len(candidates), generator=generator)]
    chosen = chosen[: round(share * len(chosen))]
    return Mask(chosen, model.layout, site, values_of(clamp, model.layout.size))


def table(mask, ids):
    """What each neuron is set to at each symbol of one sentence; NaN where it is left alone."""
    if isinstance(mask.values, Resample):
        values = mask.values.pool[mask.values.draw(ids[None])[0]]
    else:
        constants = torch.zeros(mask.layout.size) if mask.values is None else mask.values
        values = constants.expand(len(ids), -1)
    found = torch.full((len(ids), mask.layout.size), torch.nan)
    found[:, mask.neurons] = values[:, mask.neurons]
    return found


def as_batch(ids, lengths):
    """Sentences as a batch, for the translator with targets that are as good as any."""
    outputs = torch.cat([ids, torch.zeros_like(ids[:, :1])], dim=1)
    outputs[torch.arange(len(ids)), lengths] = EOS
    inputs = torch.cat([torch.full_like(ids[:, :1], BOS), outputs[:, :-1]], dim=1)
    return Batch(ids, lengths, inputs, outputs)


@torch.no_grad()
def seen(model, ids, lengths):
    """Everything a model tells of a batch."""
    logits = model(as_batch(ids, lengths))
    if isinstance(model, Translator):
        source, state = model.start(ids, lengths)
        known = source.context[~source.padding]
        return logits, known, state.lstm.hidden, state.lstm.cell
    states = model.neuron_states(ids, lengths)
    return logits, *(states[row, :length] for row, length in enumerate(lengths.tolist()))


def assert_same(found, expected):
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_the_encoder_computes_what_a_loop_over_steps_computes(
    translator, by_hand, sentences, site, clamp
):
    ids, lengths = sentences
    mask = some_mask(translator, site, clamp)
    with torch.no_grad(), ablate(translator, mask):
        found = translator.encoder(ids, lengths)
    for row, length in enumerate(lengths.tolist()):
        sentence = ids[row, :length]
        expected = by_hand.encode(translator, sentence, table(mask, sentence), site)
        for states, wanted in zip(found.states, expected.states, strict=True):
            torch.testing.assert_close(states[row, :length], wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.context[row, :length], expected.context, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.final.hidden[:, row], expected.hidden, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.final.cell[:, row], expected.cell, atol=1e-5, rtol=0)


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_the_language_model_computes_what_a_loop_over_steps_computes(
    language_model, by_hand, sentences, site, clamp
):
    ids, lengths = sentences
    mask = some_mask(language_model, site, clamp)
    batch = as_batch(ids, lengths)
    with torch.no_grad(), ablate(language_model, mask):
        logits = language_model(batch).split((lengths + 1).tolist())
        states = language_model.neuron_states(ids, lengths)
    for row, length in enumerate(lengths.tolist()):
        read = torch.cat([torch.tensor([BOS]), ids[row, :length]])
        expected, wanted = by_hand.read(language_model, read[1:], table(mask, read), site)
        torch.testing.assert_close(logits[row], wanted, atol=1e-5, rtol=0)
        found = states[row, :length]
        torch.testing.assert_close(found, torch.cat(expected, dim=-1)[1:], atol=1e-5, rtol=0)


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_each_row_can_have_a_mask_of_its_own(model, sentences, site, clamp):
    ids, lengths = sentences
    masks = [some_mask(model, site, clamp, seed, share) for seed, share in ((1, 0.2), (2, 0.6))]
    if clamp == "resample":
        masks = [Mask(mask.neurons, mask.layout, site, masks[0].values) for mask in masks]
    masks = [*masks, Mask.empty(model.layout, site)]
    with torch.no_grad(), ablate_rows(model, masks):
        together = model.neuron_states(ids, lengths)
    for row, mask in enumerate(masks):
        with torch.no_grad(), ablate(model, mask):
            alone = model.neuron_states(ids, lengths)
        length = int(lengths[row])
        torch.testing.assert_close(together[row, :length], alone[row, :length], atol=1e-5, rtol=0)


@pytest.mark.parametrize("site", list(Site))
def test_resampling_from_one_token_is_clamping_to_its_values(model, sentences, site):
    values = values_of("mean", model.layout.size)
    constant = some_mask(model, site, "zero")
    one = Mask(constant.neurons, model.layout, site, values)
    other = Mask(constant.neurons, model.layout, site, Resample(values[None], seed=1))
    with ablate(model, one):
        expected = seen(model, *sentences)
    with ablate(model, other):
        found = seen(model, *sentences)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("site", list(Site))
def test_the_empty_mask_is_the_baseline_to_the_last_bit(model, sentences, site):
    expected = seen(model, *sentences)
    empty = Mask.empty(model.layout, site)
    with ablate(model, empty):
        assert_same(seen(model, *sentences), expected)
    with ablate_rows(model, [empty] * 3):
        assert_same(seen(model, *sentences), expected)


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_the_model_is_what_it_was_afterwards_even_after_an_exception(model, sentences, site, clamp):
    before = seen(model, *sentences)
    tensors = model.state_dict(keep_vars=True)
    copies = {name: value.clone() for name, value in tensors.items()}
    modules = dict(model.named_modules())

    def fail_halfway():
        with ablate(model, some_mask(model, site, clamp)):
            assert not torch.equal(seen(model, *sentences)[0], before[0])
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    after = model.state_dict(keep_vars=True)
    assert all(after[name] is value for name, value in tensors.items())
    assert all(torch.equal(value, copies[name]) for name, value in after.items())
    assert dict(model.named_modules()) == modules
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert_same(seen(model, *sentences), before)


def test_a_masked_model_translates(translator):
    sources = [[4, 5, 6], [7], [], [8, 9, 4, 5, 6, 7]]
    settings = NmtModel(beam=2)
    plain = translate(translator, sources, settings)
    with ablate(translator, some_mask(translator, Site.recurrent, "zero", share=1.0)):
        ablated = translate(translator, sources, settings)
    assert translate(translator, sources, settings) == plain
    assert ablated != plain


@pytest.mark.parametrize("clamp", CLAMPS)
def test_an_encoding_ablated_afterwards_is_the_one_of_an_ablated_model(
    translator, sentences, clamp
):
    ids, lengths = sentences
    mask = some_mask(translator, Site.context, clamp)
    with torch.no_grad(), ablate(translator, mask):
        expected = translator.encoder(ids, lengths)
    with torch.no_grad():
        found = ablated_encoding(translator.encoder(ids, lengths), mask, ids)
    assert_same(found.states, expected.states)
    assert torch.equal(found.context, expected.context)
    assert torch.equal(found.final.hidden, expected.final.hidden)


@pytest.mark.skipif(not has_bf16_lstm("cpu"), reason="this processor has no LSTM in bf16")
@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_autocast_changes_no_more_than_its_precision(model, sentences, site, clamp):
    mask = some_mask(model, site, clamp)
    with ablate(model, mask):
        expected = seen(model, *sentences)
        with torch.autocast("cpu", torch.bfloat16):
            found = seen(model, *sentences)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.float(), other, atol=0.15, rtol=0.1)


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_a_language_model_may_be_in_double_precision(language_model, sentences, site, clamp):
    mask = some_mask(language_model, site, clamp)
    with ablate(language_model, mask):
        expected = seen(language_model, *sentences)
    with ablate(language_model.double(), mask):
        found = seen(language_model, *sentences)
    assert found[0].dtype == torch.float64
    torch.testing.assert_close([part.float() for part in found], list(expected))


@pytest.mark.parametrize("site", list(Site))
def test_only_the_planted_neurons_matter(language_model, sentences, site):
    """A model whose output layer reads three neurons of the top layer."""
    planted = torch.tensor([7, 9, 10])
    others = torch.tensor([6, 8, 11])
    with torch.no_grad():
        language_model.output.weight[:, others - 6] = 0
        language_model.stack.layers[1].weight_hh_l0[:] = 0
    baseline = seen(language_model, *sentences)[0]
    with ablate(language_model, Mask(others, language_model.layout, site)):
        torch.testing.assert_close(seen(language_model, *sentences)[0], baseline)
    with ablate(language_model, Mask(planted, language_model.layout, site)):
        ruined = seen(language_model, *sentences)[0]
    torch.testing.assert_close(ruined, language_model.output.bias.detach().expand_as(ruined))


def test_a_direction_along_a_neuron_is_that_neuron(model, sentences):
    top = site_neurons(model.layout, Site.context)
    mean = values_of("mean", model.layout.size)
    chosen = torch.tensor([1, 4])
    projection = Projection(torch.eye(len(top))[chosen], mean[top], model.layout)
    with ablate(model, Mask(top[chosen], model.layout, Site.context, mean)):
        expected = seen(model, *sentences)
    with ablate(model, projection):
        found = seen(model, *sentences)
    torch.testing.assert_close(found, expected)


def test_without_all_directions_only_the_mean_is_left(model, sentences):
    top = site_neurons(model.layout, Site.context)
    basis = torch.linalg.qr(torch.randn(len(top), len(top)))[0]
    mean = torch.randn(len(top))
    with torch.no_grad(), ablate(model, Projection(basis, mean, model.layout)):
        states = model.neuron_states(*sentences)
    torch.testing.assert_close(
        states[..., top], mean.expand(*states.shape[:2], -1), atol=1e-4, rtol=0
    )


def test_a_mask_of_another_model_is_refused(translator, language_model):
    mask = some_mask(language_model, Site.recurrent, "zero")
    with pytest.raises(ValueError, match="another layout"), ablate(translator, mask):
        pass


def test_masks_that_do_not_go_together_are_refused(model):
    one = some_mask(model, Site.recurrent, "zero")
    other = some_mask(model, Site.layer_output, "zero")
    with pytest.raises(ValueError, match="one site"), ablate_rows(model, [one, other]):
        pass
    drawn = [some_mask(model, Site.recurrent, "resample") for _ in range(2)]
    with pytest.raises(ValueError, match="same pool"), ablate_rows(model, drawn):
        pass
    mixed = [one, some_mask(model, Site.recurrent, "resample")]
    with pytest.raises(ValueError, match="same pool"), ablate_rows(model, mixed):
        pass


@pytest.mark.parametrize("site", list(Site))
def test_a_batch_with_fewer_sentences_than_masks_is_refused(model, sentences, site):
    masks = [some_mask(model, site, "zero")] * 2
    with (
        pytest.raises(ValueError, match="2 masks for a batch of 3 sentences"),
        ablate_rows(model, masks),
    ):
        seen(model, *sentences)


def test_ablations_do_not_nest(model):
    mask = some_mask(model, Site.recurrent, "zero")
    with ablate(model, mask), pytest.raises(ValueError, match="do not nest"), ablate(model, mask):
        pass
    pruned = prune(model, torch.tensor([1]))
    with pytest.raises(ValueError, match="do not nest"), ablate(pruned, mask):
        pass


def test_what_is_not_of_the_context_cannot_be_ablated_afterwards(translator, sentences):
    ids, lengths = sentences
    encoding = translator.encoder(ids, lengths)
    with pytest.raises(ValueError, match="site=context"):
        ablated_encoding(encoding, some_mask(translator, Site.recurrent, "zero"), ids)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
@torch.no_grad()
def test_a_gpu_computes_what_the_cpu_computes(model, sentences, site, clamp):
    mask = some_mask(model, site, clamp)
    smaller = prune(model, mask.neurons)
    with ablate(model, mask):
        expected = model.neuron_states(*sentences), smaller.neuron_states(*sentences)
    model, smaller = model.cuda(), smaller.cuda()
    is_word = torch.arange(sentences[0].shape[1]) < sentences[1][:, None]
    with ablate(model, mask):
        found = [model.neuron_states(*sentences), smaller.neuron_states(*sentences)]
    with ablate_rows(model, [mask] * 3):
        found.append(model.neuron_states(*sentences))
    for states, wanted in zip(found, (*expected, expected[0]), strict=True):
        torch.testing.assert_close(states.cpu()[is_word], wanted[is_word], atol=1e-3, rtol=0)


@pytest.fixture
def some_steps(sentences):
    """The second symbol of each sentence that has one; of the first sentence the last too."""
    ids, lengths = sentences
    steps = torch.zeros_like(ids, dtype=torch.bool)
    steps[:, 1] = lengths > 1
    steps[0, -1] = True
    return steps


@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("site", list(Site))
def test_neurons_can_be_set_at_some_symbols_only(
    translator, by_hand, sentences, some_steps, site, clamp
):
    ids, lengths = sentences
    mask = some_mask(translator, site, clamp)
    with torch.no_grad(), ablate_at(translator, mask, some_steps, lengths):
        found = translator.encoder(ids, lengths)
    for row, length in enumerate(lengths.tolist()):
        sentence = ids[row, :length]
        clamps = table(mask, sentence)
        clamps[~some_steps[row, :length]] = torch.nan
        expected = by_hand.encode(translator, sentence, clamps, site)
        for states, wanted in zip(found.states, expected.states, strict=True):
            torch.testing.assert_close(states[row, :length], wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.context[row, :length], expected.context, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.final.hidden[:, row], expected.hidden, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.final.cell[:, row], expected.cell, atol=1e-5, rtol=0)


@pytest.mark.parametrize("clamp", CLAMPS)
def test_a_sentence_that_is_read_already_can_be_set_at_some_symbols_only(
    translator, sentences, some_steps, clamp
):
    ids, lengths = sentences
    mask = some_mask(translator, Site.context, clamp)
    with torch.no_grad(), ablate_at(translator, mask, some_steps, lengths):
        expected = translator.encoder(ids, lengths)
    with torch.no_grad():
        found = ablated_encoding(translator.encoder(ids, lengths), mask, ids, some_steps)
    assert torch.equal(found.context, expected.context)
    assert_same(found.states, expected.states)


@pytest.mark.parametrize("site", list(Site))
def test_set_at_no_symbol_a_model_is_what_it_was(model, sentences, site):
    ids, lengths = sentences
    before = seen(model, ids, lengths)
    nowhere = torch.zeros(len(ids), ids.shape[1] + 1, dtype=torch.bool)
    with ablate_at(model, some_mask(model, site, "mean"), nowhere, lengths):
        assert_same(seen(model, ids, lengths), before)


@pytest.mark.parametrize("site", list(Site))
def test_another_batch_than_the_one_whose_symbols_are_set_is_refused(translator, site):
    steps = torch.ones(2, 3, dtype=torch.bool)
    mask, lengths = some_mask(translator, site, "mean"), torch.tensor([3, 3])
    with (
        torch.no_grad(),
        ablate_at(translator, mask, steps, lengths),
        pytest.raises(ValueError, match="steps of a batch"),
    ):
        translator.encoder(torch.tensor([[4, 5], [6, 7]]), torch.tensor([2, 2]))
