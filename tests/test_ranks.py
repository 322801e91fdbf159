from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.errors import UserError
from onegrain.ranks import ALONE, Ranks, run_ranks, run_side_by_side


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


def write_down(number: int, folder: Path) -> None:
    """A worker with work of its own, which says what it does."""
    logging.getLogger("onegrain.worker").info("writing %d", number)
    (folder / str(number)).write_text(str(torch.get_num_threads()))


def dislike(number: int) -> None:
    """A worker that does not like one of its items."""
    if number == 2:
        raise UserError("trainer.learning_rate=9: the loss is not a number")


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


def test_items_are_worked_on_side_by_side_and_what_is_logged_has_their_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run_side_by_side(2, write_down, {"first": 1, "second": 2, "third": 3}, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2", "3"}
    threads = str(max(1, torch.get_num_threads() // 2))
    assert {path.read_text() for path in tmp_path.iterdir()} == {threads}
    said = {(record.name, record.getMessage()) for record in caplog.records}
    names = ["first: writing 1", "second: writing 2", "third: writing 3"]
    assert said == {("onegrain.worker", line) for line in names}


def test_what_one_item_did_wrong_is_one_line() -> None:
    with pytest.raises(
        UserError, match=r"^second: trainer\.learning_rate=9: the loss is not a number$"
    ):
        run_side_by_side(2, dislike, {"first": 1, "second": 2})


def last_long(number: int, folder: Path) -> None:
    """A worker that has much to do, and says which process it is."""
    (folder / str(number)).write_text(str(os.getpid()))
    time.sleep(600)


STARTER = """
import signal, sys
from pathlib import Path
from onegrain.ranks import run_side_by_side
from tests.test_ranks import last_long
if __name__ == "__main__":
    signal.signal(signal.SIGINT, getattr(signal, sys.argv[2]))
    run_side_by_side(2, last_long, {"first": 1, "second": 2}, Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("how", "interrupts"),
    [
        ("SIGINT", "default_int_handler"),
        ("SIGTERM", "default_int_handler"),
        ("SIGKILL", "SIG_IGN"),  # as under nohup
    ],
)
def test_no_process_is_left_when_the_one_that_started_it_ends(
    tmp_path: Path, how: str, interrupts: str
) -> None:
    script, folder = tmp_path / "starter.py", tmp_path / "pids"
    script.write_text(STARTER)
    folder.mkdir()
    root = Path(__file__).parents[1]
    path = os.pathsep.join([str(root), str(root / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(script), str(folder), interrupts]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}) as starter:
        assert until(lambda: len([each for each in folder.iterdir() if each.read_text()]) == 2)
        workers = [int(each.read_text()) for each in folder.iterdir()]
        starter.send_signal(signal.Signals[how])
        starter.wait(240)
    assert until(lambda: not any(map(is_running, workers)))


def until(holds: Callable[[], bool], seconds: float = 120.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


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
