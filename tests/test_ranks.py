from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.errors import UserError
from onegrain.ranks import ALONE, Ranks, run_ranks


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes find the workers of this file."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))


def add_up(ranks: Ranks, folder: Path) -> None:
    """A worker: two tensors and a number, summed."""
    matrix, vector = torch.full((2, 2), float(ranks.rank + 1)), torch.tensor([ranks.rank, 0.5])
    ranks.add_up(matrix, vector)
    torch.save((matrix, vector, ranks.total(10 * ranks.rank)), folder / str(ranks.rank))


def refuse(ranks: Ranks) -> None:
    """A worker that does not like what the user gave."""
    raise UserError("a.en:3: not UTF-8")


def test_sums_are_those_of_all_processes_and_the_same_in_each(tmp_path: Path) -> None:
    run_ranks(2, add_up, tmp_path)
    for rank in range(2):
        matrix, vector, number = torch.load(tmp_path / str(rank), weights_only=True)
        assert torch.equal(matrix, torch.full((2, 2), 3.0))
        assert torch.equal(vector, torch.tensor([1.0, 1.0]))
        assert number == 10


def test_what_a_user_did_wrong_is_one_line_from_any_process() -> None:
    with pytest.raises(UserError, match=r"^a\.en:3: not UTF-8$"):
        run_ranks(2, refuse)


@given(st.integers(0, 50), st.integers(1, 7))
def test_every_item_is_in_one_share_and_every_row_in_one_part(total: int, count: int) -> None:
    everyone = [Ranks(rank, count) for rank in range(count)]
    items = list(range(total))
    assert sorted(item for ranks in everyone for item in ranks.share(items)) == items
    assert [row for ranks in everyone for row in ranks.rows(total)] == items


def test_one_process_sums_nothing() -> None:
    tensor = torch.tensor([1.0, 2.0])
    ALONE.add_up(tensor)
    assert tensor.tolist() == [1.0, 2.0]
    assert ALONE.total(7) == 7
    assert Ranks.current() is ALONE
