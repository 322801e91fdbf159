"""What a job does to its process is undone before the next begins."""

from __future__ import annotations

import logging
import os
import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import wandb

from onegrain.job_state import own_state


@pytest.fixture(autouse=True)
def _kept() -> object:
    """These tests spoil what they look at; the tests after them have it whole."""
    random_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        yield
    random.setstate(random_state)
    np.random.set_state(numpy_state)  # noqa: NPY002
    torch.set_num_threads(threads)


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_random_numbers_go_on_as_if_the_job_had_drawn_none() -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    wanted = drawn()
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    with own_state():
        torch.manual_seed(1)
        drawn()
    assert drawn() == wanted


def test_torch_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(2)
    with own_state():
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
    assert torch.get_num_threads() == 2
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert not torch.are_deterministic_algorithms_enabled()


def test_logs_of_a_job_end_with_it(tmp_path: Path) -> None:
    ours = logging.getLogger("onegrain")
    level, handlers = ours.level, list(logging.root.handlers)
    with own_state():
        file = logging.FileHandler(tmp_path / "run.log")
        logging.root.addHandler(file)
        ours.setLevel(logging.CRITICAL)
        logging.disable(logging.ERROR)
    assert ours.level == level
    assert logging.root.handlers == handlers
    assert file.stream is None  # closed
    assert logging.root.manager.disable == 0


def test_environment_folder_and_warnings_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEGRAIN_GIVEN", "before")
    here, filters = Path.cwd(), list(warnings.filters)
    with own_state():
        os.environ |= {"ONEGRAIN_GIVEN": "after", "ONEGRAIN_NEW": "1"}
        os.chdir(tmp_path)
        warnings.simplefilter("ignore")
    assert os.environ["ONEGRAIN_GIVEN"] == "before"
    assert "ONEGRAIN_NEW" not in os.environ
    assert Path.cwd() == here
    assert warnings.filters == filters


def test_a_run_of_weights_and_biases_that_was_left_open_is_closed(tmp_path: Path) -> None:
    with own_state():
        left = wandb.init(mode="offline", dir=tmp_path, settings=wandb.Settings(silent=True))
    assert wandb.run is None
    with pytest.raises(wandb.UsageError):
        left.log({"x": 1})


def test_a_job_that_fails_leaves_no_more_than_one_that_does_not() -> None:
    def fail() -> None:
        with own_state():
            torch.set_default_dtype(torch.float64)
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        fail()
    assert torch.get_default_dtype() is torch.float32
