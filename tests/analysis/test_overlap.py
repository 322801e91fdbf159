from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis.overlap import exclusive, overlap_table, owners, shared_by

NEURONS = 8
SETS = st.dictionaries(
    st.sampled_from(["pos", "sem", "<b>", "", "ner"]),
    st.lists(st.integers(0, NEURONS - 1), unique=True).map(
        lambda ids: torch.tensor(ids, dtype=torch.long)
    ),
    max_size=5,
)


@given(SETS)
def test_the_matrix_is_that_of_pythons_sets(sets: dict[str, torch.Tensor]) -> None:
    table = overlap_table(sets, NEURONS)
    plain = {name: set(ids.tolist()) for name, ids in sets.items()}
    assert len(table) == len(sets) ** 2
    for row in table.itertuples():
        one, other = plain[row.one], plain[row.other]
        assert row.shared == len(one & other)
        assert row.share == (len(one & other) / len(one) if one else 0)
        assert row.jaccard == (len(one & other) / len(one | other) if one | other else 0)
        assert row.chance == len(other) / NEURONS


@given(SETS)
def test_lists_share_out_all_neurons_of_all_sets(sets: dict[str, torch.Tensor]) -> None:
    count = owners(sets, NEURONS)
    alone = exclusive(sets, NEURONS)
    for name, ids in sets.items():
        others = {j for other, js in sets.items() if other != name for j in js.tolist()}
        assert alone[name].tolist() == [j for j in ids.tolist() if j not in others]
    several = shared_by(sets, NEURONS)
    assert len(several) + sum(map(len, alone.values())) == int((count > 0).sum())
    assert several["owners"].is_monotonic_decreasing
    for row in several.itertuples():
        names = [name for name, ids in sets.items() if row.neuron in ids.tolist()]
        assert row.names == " ".join(names)
        assert row.owners == len(names)


def test_those_of_one_set_alone_can_be_listed_too() -> None:
    sets = {"nmt": torch.tensor([3, 1]), "nlm": torch.tensor([1])}
    table = shared_by(sets, 4, at_least=1)
    assert table.to_dict("list") == {
        "neuron": [1, 3],
        "owners": [2, 1],
        "names": ["nmt nlm", "nmt"],
    }
