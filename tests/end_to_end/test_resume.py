"""A training that is killed, then wanted by two at once."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")

SAME = (  # as spine_run
    *("debug=fast", "trainer.epochs=25", "model.instances=1", "ranking=linear_correlation"),
    "ablation=probe_mask",
)
TIMED = {"run/seconds", "train/seconds", "train/tokens_per_second"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "store"


@pytest.fixture(scope="module")
def killed(start: Callable[..., Any], store: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The number of the epoch after which the training was killed, not having finished."""
    began = start(tmp_path_factory.mktemp("killed"), *SAME, f"store={store}")
    for line in began.process.stdout:
        if line.startswith("epoch 2 of 25"):
            break
    began.process.kill()
    finished = began.finish()
    assert finished.code == -signal.SIGKILL
    assert list((store / "model").glob("[!.]*")) == []  # nothing that could be taken for finished
    assert list((store / "model").glob(".*.work/checkpoints/last.ckpt"))
    return max([2, *map(int, re.findall(r"epoch (\d+) of", finished.stdout))])


@pytest.fixture(scope="module")
def both(
    killed: int, start: Callable[..., Any], store: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Any]:
    places = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    began = [start(place, *SAME, f"store={store}") for place in places]
    finished = [each.finish() for each in began]
    assert [(each.code, each.stderr) for each in finished] == [(0, "")] * 2
    return finished


def test_a_killed_training_goes_on_after_its_last_checkpoint(killed: int, both: list[Any]) -> None:
    (trained,) = [each for each in both if re.search(r"^epoch \d", each.stdout, re.M)]
    assert "continuing what an earlier job began" in trained.stdout
    assert "training goes on from" in trained.stdout
    epochs = [int(number) for number in re.findall(r"epoch (\d+) of 25", trained.stdout)]
    assert epochs == list(range(epochs[0], 26))
    assert killed <= epochs[0] <= killed + 1


def test_two_at_once_make_everything_once(both: list[Any]) -> None:
    made = [name for each in both for name in re.findall(r"^(\S+): made in", each.stdout, re.M)]
    found = [name for each in both for name in re.findall(r"^(\S+): found", each.stdout, re.M)]
    assert set(made) == set(found)
    # a model, its scores, four recordings, a probe and its control
    assert len(made) == len(set(made)) == 8


def test_the_end_is_that_of_an_uninterrupted_training(
    spine_run: Any, both: list[Any], store: Path
) -> None:
    def lasting(run: Any) -> dict[str, Any]:
        return {name: value for name, value in run.metrics.items() if name not in TIMED}

    assert [lasting(run) for run in both] == [lasting(spine_run)] * 2
    uninterrupted = spine_run.cwd / "outputs" / "store"
    (weights,) = uninterrupted.glob("model/[!.]*/model.safetensors")
    resumed = store / weights.relative_to(uninterrupted)
    assert resumed.read_bytes() == weights.read_bytes()
    epochs = (weights.parent / "epochs.csv").read_text().splitlines()
    assert len((resumed.parent / "epochs.csv").read_text().splitlines()) == len(epochs) == 26
    assert not list(store.glob("*/.*.work"))
