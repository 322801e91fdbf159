"""How many neurons a label needs: those that were planted."""

from __future__ import annotations

import pytest
import torch

from onegrain.analysis.label_neurons import label_neurons, label_sets, label_table

NEEDED = {"one": 1, "three": 3, "fifty": 50, "empty": 0}


@pytest.fixture
def planted() -> torch.Tensor:
    """Labels that one, three and fifty neurons hold equally, and one without weights."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.zeros(4, 100)
    for row, count in zip(weights, NEEDED.values(), strict=True):
        signs = torch.randint(2, (count,), generator=generator) * 2.0 - 1
        row[torch.randperm(100, generator=generator)[:count]] = signs
    return weights


def test_each_label_has_the_neurons_that_hold_its_weights(planted: torch.Tensor) -> None:
    sets = label_sets(planted, list(NEEDED), share=1.0)
    for row, ids in zip(planted, sets.values(), strict=True):
        assert sorted(ids.tolist()) == row.nonzero()[:, 0].tolist()
    few = label_sets(planted, list(NEEDED), share=0.25)
    assert [len(ids) for ids in few.values()] == [1, 1, 13, 0]


def test_lists_say_what_each_neuron_holds_and_for_how_many_labels(planted: torch.Tensor) -> None:
    table = label_neurons(planted, list(NEEDED), share=1.0)
    assert table.groupby("label").size().to_dict() == {"one": 1, "three": 3, "fifty": 50}
    assert table.groupby("label")["mass"].sum().to_dict() == pytest.approx(
        {"one": 1.0, "three": 1.0, "fifty": 1.0}
    )
    counts = (planted != 0).sum(dim=0)
    assert table["label_count"].tolist() == counts[table["neuron"].tolist()].tolist()
    assert table[table["label"] == "three"]["place"].tolist() == [1, 2, 3]


def test_strongest_neurons_come_first() -> None:
    table = label_neurons(torch.tensor([[1.0, -3.0, 2.0]]), ["A"], share=0.9)
    assert table["neuron"].tolist() == [1, 2, 0]
    assert table["mass"].tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6])


def test_the_table_puts_the_labels_with_most_neurons_first(planted: torch.Tensor) -> None:
    words = torch.tensor([5, 6, 7, 8])
    tested, correct = torch.tensor([4, 2, 10, 0]), torch.tensor([1, 2, 5, 0])
    table = label_table(planted, list(NEEDED), 1.0, words, tested, correct).set_index("label")
    assert table["neurons"].to_dict() == {"fifty": 50, "three": 3, "one": 1, "empty": 0}
    assert table["words_train"].to_dict() == dict(zip(NEEDED, [5, 6, 7, 8], strict=True))
    assert table.loc[["one", "three", "fifty"], "accuracy"].tolist() == [0.25, 1.0, 0.5]
    assert table["accuracy"].isna().to_dict()["empty"]
    counts = (planted != 0).sum(dim=0)
    for label, row in zip(NEEDED, planted, strict=True):
        assert table.loc[label, "exclusive"] == int(((row != 0) & (counts == 1)).sum())
    assert set(table["word_class"]) == {""}
