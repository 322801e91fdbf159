from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from onegrain.neurons import Block, NeuronLayout, Ranking

PAPER = NeuronLayout.bidirectional_encoder(layers=2, width=500)

blocks = st.builds(
    Block,
    st.sampled_from(["encoder", "decoder"]),
    st.integers(0, 4),
    st.sampled_from(["forward", "backward", ""]),
    st.integers(0, 7),
)
parts_of_layouts = st.lists(blocks, max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("neuron", "direction", "unit"),
    [
        (590, "forward", 90),
        (1590, "backward", 90),
        (1902, "backward", 402),
        (1903, "backward", 403),
        (1925, "backward", 425),
        (1960, "backward", 460),
    ],
)
def test_the_neurons_of_the_papers_figures_are_where_the_paper_says(
    neuron: int, direction: str, unit: int
) -> None:
    found = PAPER.neuron(neuron)
    assert (found.component, found.layer) == ("encoder", 2)
    assert (found.direction, found.unit) == (direction, unit)


def test_the_papers_encoder_has_forward_layers_and_then_backward_layers() -> None:
    assert PAPER.size == 2000
    assert PAPER.starts == (0, 500, 1000, 1500, 2000)
    order = [(block.direction, block.layer) for block in PAPER.blocks]
    assert order == [("forward", 1), ("forward", 2), ("backward", 1), ("backward", 2)]


@given(parts_of_layouts)
def test_every_id_is_one_unit_of_one_block_in_their_order(parts: tuple[Block, ...]) -> None:
    layout = NeuronLayout(parts)
    neurons = [layout.neuron(neuron_id) for neuron_id in range(layout.size)]
    spelled = [(n.component, n.layer, n.direction, n.unit) for n in neurons]
    assert spelled == [
        (block.component, block.layer, block.direction, unit)
        for block in layout.blocks
        for unit in range(block.width)
    ]
    assert [neuron.id for neuron in neurons] == list(range(layout.size))


@given(parts_of_layouts)
def test_an_id_outside_the_layout_is_refused(parts: tuple[Block, ...]) -> None:
    layout = NeuronLayout(parts)
    for outside in (-1, layout.size):
        with pytest.raises(IndexError, match=f"neuron {outside} is not one of"):
            layout.neuron(outside)


@given(parts_of_layouts)
def test_a_layout_is_read_back_as_written(parts: tuple[Block, ...]) -> None:
    layout = NeuronLayout(parts)
    assert NeuronLayout.from_json(json.loads(json.dumps(layout.to_json()))) == layout


@given(parts_of_layouts, st.sets(st.integers(0, 4)))
def test_chosen_layers_are_numbered_from_0_in_the_same_order(
    parts: tuple[Block, ...], layers: set[int]
) -> None:
    layout = NeuronLayout(parts)
    chosen = layout.select(sorted(layers))
    kept = [n for n in map(layout.neuron, range(layout.size)) if n.layer in layers]
    assert chosen.size == len(kept)
    renumbered = [chosen.neuron(neuron_id) for neuron_id in range(chosen.size)]
    assert [(n.layer, n.direction, n.unit) for n in renumbered] == [
        (n.layer, n.direction, n.unit) for n in kept
    ]


SMALL = NeuronLayout.bidirectional_encoder(layers=1, width=2)


def test_a_ranking_as_a_table_has_the_best_neuron_first_and_scores_beside_their_neuron() -> None:
    scores = torch.tensor([0.1, 0.4, 0.2, 0.3])
    table = Ranking("weights", scores.argsort(descending=True), scores, SMALL).to_frame()
    assert table["rank"].to_list() == [1, 2, 3, 4]
    assert table["neuron"].to_list() == [1, 3, 2, 0]
    assert table["direction"].to_list() == ["forward", "backward", "backward", "forward"]
    assert table["unit"].to_list() == [1, 1, 0, 0]
    assert table["score"].to_list() == pytest.approx([0.4, 0.3, 0.2, 0.1])


@pytest.mark.parametrize("order", [[0, 1, 2, 2], [1, 2, 3, 4]])
def test_an_order_that_is_not_of_all_neurons_once_is_refused(order: list[int]) -> None:
    with pytest.raises(ValueError, match="the order of 'all' is not a permutation"):
        Ranking("weights", torch.tensor(order), torch.zeros(4), SMALL)
    with pytest.raises(ValueError, match="the order of 'NOUN' is not a permutation"):
        Ranking("w", torch.arange(4), torch.zeros(4), SMALL, {"NOUN": torch.tensor(order)})


def test_an_order_or_scores_of_another_number_of_neurons_are_refused() -> None:
    for neurons in (3, 5):
        with pytest.raises(ValueError, match="not a permutation"):
            Ranking("weights", torch.arange(neurons), torch.zeros(neurons), SMALL)
    with pytest.raises((ValueError, TypeCheckError)):  # under pytest the types speak first
        Ranking("weights", torch.arange(4), torch.zeros(3), SMALL)
