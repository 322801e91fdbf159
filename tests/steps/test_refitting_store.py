"""Refits are found again in the store, each set of masks for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from onegrain.data.corpus import Corpus
from onegrain.neurons import Block, NeuronLayout
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.settings import Settings
from onegrain.stages import ProbingTask, at_point, refitting
from onegrain.store import Store

NEURONS = 6


@pytest.fixture
def refits(tmp_path: Path):
    values = torch.randn(200, NEURONS, generator=torch.Generator().manual_seed(0))
    data = LabelledActivations(InMemory(values), (values[:, 1] > 0).long(), torch.arange(200))
    layout = NeuronLayout((Block("planted", 1, "", NEURONS),))
    task = ProbingTask("pos", ("A", "B"), layout, data, data, data, unknown_share={})
    number, weight = torch.zeros(1), torch.zeros(1, 2, NEURONS)
    corpus = Corpus("en", (("a",),), labels={"pos": (("A",),)})
    store = Store(tmp_path)

    def make(lambda2: float = 1e-3, epochs: int = 40):
        settings = at_point(Settings(), 1e-3, lambda2)
        settings.trainer.accelerator = "cpu"
        settings.lambda_grid.epochs = epochs
        grid = LambdaGrid.product([1e-3], [lambda2])
        probe = Probe(grid, task.labels, weight, torch.zeros(1, 2), number, number, number, 1e-3)
        return refitting(settings, task, Path("r"), corpus, probe, store)

    return make, tmp_path / "refit"


def test_the_same_masks_are_found_and_others_are_fitted(refits) -> None:
    make, folder = refits
    first = torch.arange(NEURONS)[None] < 3

    def made() -> int:
        return sum(1 for each in folder.iterdir() if each.is_dir() and each.name[0] != ".")

    once = make()(first)
    assert torch.equal(make()(first).weight, once.weight)
    assert made() == 1
    make()(~first)
    make()(first.repeat(2, 1))
    make(lambda2=1e-1)(first)
    make(epochs=1)(first)
    assert made() == 5
    assert torch.equal(once.grid.allowed, first)
