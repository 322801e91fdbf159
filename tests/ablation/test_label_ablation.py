import math

import pytest
import torch

from onegrain.ablation.label_ablation import label_ablation, predictions_without, single_drops
from onegrain.models.batches import NO_TAG, TaggedDataset
from onegrain.models.tagger import Tagger
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.settings import TaggerModel

LABELS = ("O", "PER", "LOC")


def drawn(words=120, neurons=10, seed=0):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(words, neurons, generator=generator)
    weight = torch.randn(len(LABELS), neurons, generator=generator)
    gold = torch.randint(-1, len(LABELS), (words,), generator=generator)
    orders = torch.stack([torch.randperm(neurons, generator=generator) for _ in LABELS])
    data = LabelledActivations(InMemory(values), gold, torch.arange(words) // 7)
    return weight, torch.randn(len(LABELS), generator=generator), data, orders


def recalls(predicted, gold):
    return [
        float((predicted[gold == label] == label).double().mean()) for label in range(len(LABELS))
    ]


@pytest.mark.parametrize("block_words", [7, 1024])
def test_predictions_are_those_of_values_that_are_really_zero(block_words):
    weight, bias, data, orders = drawn()
    counts = [0, 1, 4, 10]
    found = predictions_without(weight, bias, data, orders, counts, block_words)
    for place, order in enumerate(orders):
        for point, count in enumerate(counts):
            masked = data.activations.values.clone()
            masked[:, order[:count]] = 0
            expected = (masked @ weight.T + bias).argmax(dim=1)
            assert torch.equal(found[place, point].long(), expected)


def test_label_ablation_is_what_masking_h_before_the_output_layer_of_a_tagger_does():
    torch.manual_seed(3)
    model = Tagger(TaggerModel(hidden=6, bidirectional=True), size=20, labels=3).eval()
    sentences = [torch.randint(4, 20, (length,)).tolist() for length in (5, 3, 8, 6)]
    tags = [torch.randint(0, 3, (len(ids),)).tolist() for ids in sentences]
    batch = TaggedDataset(sentences, tags)[[0, 1, 2, 3]]
    states = model.neuron_states(batch.ids, batch.lengths)[batch.is_token]
    data = LabelledActivations(
        InMemory(states.detach()), batch.gold, torch.arange(4).repeat_interleave(batch.lengths)
    )
    weight, bias = model.label_weights()
    orders = torch.stack([torch.randperm(12) for _ in LABELS])
    table = label_ablation(weight, bias, data, orders, LABELS, [2, 5], bootstrap_samples=5)
    assert NO_TAG not in batch.gold
    for target, order in zip(LABELS, orders, strict=True):
        for count in (2, 5):
            dropped = order[:count]
            hook = model.dropout.register_forward_pre_hook(
                lambda _, args, dropped=dropped: args[0].index_fill(1, dropped, 0.0)
            )
            expected = recalls(model(batch).argmax(dim=1), batch.gold)
            hook.remove()
            rows = table[(table["target"] == target) & (table["neurons"] == count)]
            assert rows["recall"].tolist() == pytest.approx(expected)


def test_changes_are_from_the_recall_with_all_neurons_and_words_are_counted_by_gold_label():
    weight, bias, data, orders = drawn()
    table = label_ablation(weight, bias, data, orders, LABELS, [3, 10], bootstrap_samples=20)
    whole = recalls((data.activations.values @ weight.T + bias).argmax(dim=1), data.labels)
    words = torch.bincount(data.labels[data.labels >= 0]).tolist()
    for number, label in enumerate(LABELS):
        rows = table[table["label"] == label]
        assert (rows["recall"] - rows["change"]).tolist() == pytest.approx([whole[number]] * 6)
        assert set(rows["words"]) == {words[number]}
    assert table["fraction"].unique().tolist() == [0.3, 1.0]
    everything = table[table["neurons"] == 10].groupby("label")["recall"].unique()
    assert all(len(values) == 1 for values in everything)  # all is gone, whoever's they are


def test_the_interval_is_that_of_sentences_drawn_again():
    weight, bias, data, orders = drawn()
    table = label_ablation(weight, bias, data, orders, LABELS, [4], 300, bootstrap_seed=2)
    whole, without = predictions_without(weight, bias, data, orders, [0, 4])[1]
    generator = torch.Generator().manual_seed(2)
    sampled = torch.randint(data.sentence_count, (300, data.sentence_count), generator=generator)
    changes = []
    for sentences in sampled:
        rows = torch.cat([(data.sentences == one).nonzero()[:, 0] for one in sentences])
        pair = [recalls(each[rows], data.labels[rows])[1] for each in (without, whole)]
        changes.append(pair[0] - pair[1])
    low, high = torch.tensor(changes, dtype=torch.float64).quantile(
        torch.tensor([0.025, 0.975], dtype=torch.float64)
    )
    row = table[(table["target"] == "PER") & (table["label"] == "PER")].iloc[0]
    assert row["low"] == pytest.approx(float(low))
    assert row["high"] == pytest.approx(float(high))


def test_planted_neurons_of_a_label_are_its_alone():
    gold = torch.arange(300) % 3
    values = 0.05 * torch.randn(300, 9)
    values[torch.arange(300), 3 * gold] += 1
    values[torch.arange(300), 3 * gold + 1] += 1
    weight = torch.zeros(3, 9)
    for label in range(3):
        weight[label, 3 * label : 3 * label + 2] = 1
    data = LabelledActivations(InMemory(values), gold, torch.arange(300) // 10)
    orders = torch.stack([torch.arange(9).roll(-3 * label) for label in range(3)])
    bias = torch.tensor([0.2, 0.0, 0.0])
    table = label_ablation(weight, bias, data, orders, LABELS, [2])
    own = table["target"] == table["label"]
    assert table[own & (table["label"] != "O")]["recall"].tolist() == [0, 0]
    assert (table[~own]["change"].abs() < 0.01).all()


def test_a_label_without_test_words_has_no_recall():
    weight, bias, data, orders = drawn()
    data.labels[data.labels == 2] = 0
    table = label_ablation(weight, bias, data, orders, LABELS, [3], bootstrap_samples=5)
    missing = table[table["label"] == "LOC"]
    assert missing[["recall", "change", "low", "high"]].isna().all(axis=None)
    assert (missing["words"] == 0).all()


def test_a_label_of_one_sentence_has_an_interval_of_the_samples_that_drew_it():
    weight, bias, data, orders = drawn()
    data.labels[data.labels == 2] = 0
    data.labels[5] = 2
    table = label_ablation(weight, bias, data, orders, LABELS, [3], bootstrap_samples=50)
    rare = table[table["label"] == "LOC"]
    assert (rare["low"] == rare["change"]).all()
    assert (rare["high"] == rare["change"]).all()


def test_single_drops_are_those_of_really_dropping_each_neuron():
    weight, bias, data, _ = drawn(neurons=70)
    table = single_drops(weight, bias, data, LABELS, block_words=50)
    values = data.activations.values
    whole = recalls((values @ weight.T + bias).argmax(dim=1), data.labels)
    changes = []
    for neuron in range(70):
        masked = values.clone()
        masked[:, neuron] = 0
        without = recalls((masked @ weight.T + bias).argmax(dim=1), data.labels)
        changes.append([one - other for one, other in zip(without, whole, strict=True)])
    for number, row in enumerate(table.to_dict("records")):
        of_label = [each[number] for each in changes]
        assert row["recall"] == pytest.approx(whole[number])
        assert abs(row["change"]) == pytest.approx(max(map(abs, of_label)))
        assert of_label[row["neuron"]] == pytest.approx(row["change"])
        assert row["mean_change"] == pytest.approx(sum(map(abs, of_label)) / 70)
        assert not math.isnan(row["change"])
