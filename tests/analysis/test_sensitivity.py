import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis.sensitivity import predicted_groups, rank_by_sensitivity, sensitivity
from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.labelled import InMemory

LABELS = ("O", "B-PER", "I-PER")


def drawn(words, neurons, seed=0):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(words, neurons, generator=generator)
    weight = torch.randn(len(LABELS), neurons, generator=generator)
    groups = torch.randint(-2, len(LABELS), (words,), generator=generator)
    return values, weight, groups


def by_plain_loops(values, weight, groups):
    """The definition: contributions word by word, averaged inside and outside of each label."""
    rows = []
    for label in range(len(weight)):
        row = []
        for neuron in range(values.shape[1]):
            inside, outside = [], []
            for value, group in zip(values[:, neuron].tolist(), groups.tolist(), strict=True):
                if group >= 0:
                    contribution = float(weight[label, neuron]) * value
                    (inside if group == label else outside).append(contribution)
            both = inside and outside
            row.append(sum(inside) / len(inside) - sum(outside) / len(outside) if both else 0.0)
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 1000))
def test_sensitivity_is_what_plain_loops_over_words_say(words, neurons, seed):
    values, weight, groups = drawn(words, neurons, seed)
    found = sensitivity(weight, InMemory(values), groups)
    torch.testing.assert_close(found, by_plain_loops(values, weight, groups), atol=1e-6, rtol=1e-5)


def test_what_a_neuron_always_adds_is_no_sensitivity():
    values, weight, groups = drawn(200, 5)
    shifted = sensitivity(weight, InMemory(values + 100), groups)
    torch.testing.assert_close(
        shifted, sensitivity(weight, InMemory(values), groups), atol=1e-4, rtol=1e-4
    )


def test_predicted_groups_are_those_of_the_layer():
    values, weight, _ = drawn(9000, 4)
    bias = torch.tensor([0.5, -1.0, 0.0])
    expected = (values @ weight.T + bias).argmax(dim=1)
    assert torch.equal(predicted_groups(weight, bias, InMemory(values)), expected)
    assert len(predicted_groups(weight, bias, InMemory(values[:0]))) == 0


def test_planted_neurons_stand_first_for_their_label_and_last_where_they_hold_it_down():
    groups = torch.arange(300) % 3
    values = 0.1 * drawn(300, 9)[0]
    values[:, 4] += (groups == 1).float()
    weight = torch.ones(3, 9)
    weight[2, 4] = -1.0
    found = sensitivity(weight, InMemory(values), groups)
    ranking = rank_by_sensitivity(found, LABELS, NeuronLayout((Block("tagger", 1, "", 9),)))
    assert ranking.method == "sensitivity"
    assert ranking.by_label["B-PER"][0] == 4
    assert ranking.by_label["O"][-1] == 4
    assert ranking.order[0] == 4
    assert ranking.scores[4] == pytest.approx(1.0, abs=0.1)


def test_neurons_that_no_label_reads_are_counted_as_unranked():
    values, weight, groups = drawn(50, 6)
    weight[:, 2:4] = 0
    found = sensitivity(weight, InMemory(values), groups)
    ranking = rank_by_sensitivity(found, LABELS, NeuronLayout((Block("tagger", 1, "", 6),)))
    assert ranking.unranked == 2


def test_a_label_without_weights_is_refused():
    values, weight, _ = drawn(3, 2)
    with pytest.raises(ValueError, match="label 3"):
        sensitivity(weight, InMemory(values), torch.tensor([0, 1, 3]))
