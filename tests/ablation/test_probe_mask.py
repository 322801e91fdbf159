"""Keeping neurons on the probe: prefix sums say what masking and multiplying again says."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.ablation.probe_mask import correct_words
from onegrain.probing.labelled import InMemory, LabelledActivations


def problem(seed, tokens=60, neurons=13, labels=4, sentences=7):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(tokens, neurons, generator=generator)
    gold = torch.randint(-1, labels, (tokens,), generator=generator)
    stands_in = torch.arange(tokens) * sentences // tokens
    weight = torch.randn(labels, neurons, generator=generator)
    bias = torch.randn(labels, generator=generator)
    return LabelledActivations(InMemory(values), gold, stands_in), weight, bias


def by_masking(weight, bias, data, order, count, clamp):
    values = data.activations.values.clone()
    dropped = order[count:]
    values[:, dropped] = clamp[dropped]
    hits = ((values @ weight.T + bias).argmax(dim=1) == data.labels).long()
    return torch.zeros(data.sentence_count).long().index_add(0, data.sentences, hits)


@given(st.integers(0, 2**31), st.booleans())
def test_prefix_sums_give_what_masking_and_multiplying_again_gives(seed, at_mean):
    data, weight, bias = problem(seed)
    weight, bias = weight.double(), bias.double()
    values = data.activations.values.double()
    data = LabelledActivations(InMemory(values), data.labels, data.sentences)
    clamp = values.mean(dim=0) if at_mean else torch.zeros(13).double()
    orders = torch.stack([torch.arange(13), torch.arange(13).flip(0), torch.randperm(13)])
    counts = [0, 1, 2, 5, 13]
    correct = correct_words(weight, bias, data, orders, counts, clamp, block_tokens=16)
    for row, order in zip(correct.by_sentence, orders, strict=True):
        for counted, count in zip(row, counts, strict=True):
            assert torch.equal(counted, by_masking(weight, bias, data, order, count, clamp))


def test_keeping_no_neuron_leaves_the_bias_to_decide():
    data, weight, bias = problem(0)
    correct = correct_words(weight, bias, data, torch.arange(13)[None], [0, 13])
    assert correct.by_sentence[0, 0].sum() == (data.labels == bias.argmax()).sum()


def test_a_label_unseen_in_training_is_never_right():
    data, weight, bias = problem(1)
    unseen = LabelledActivations(data.activations, torch.full((60,), -1), data.sentences)
    correct = correct_words(weight, bias, unseen, torch.arange(13)[None], [0, 7, 13])
    assert correct.by_sentence.sum() == 0
    assert correct.by_label.sum() == 0


@given(st.integers(0, 2**31))
def test_labels_share_out_the_correct_words_of_the_sentences(seed):
    data, weight, bias = problem(seed)
    orders = torch.stack([torch.arange(13), torch.randperm(13)])
    correct = correct_words(weight, bias, data, orders, [0, 3, 13], block_tokens=16)
    assert torch.equal(correct.by_label.sum(dim=-1), correct.by_sentence.sum(dim=-1))
    predicted = (data.activations.values @ weight.T + bias).argmax(dim=1)
    for label in range(4):
        hits = (predicted == label) & (data.labels == label)
        assert correct.by_label[:, -1, label].tolist() == [hits.sum()] * 2
