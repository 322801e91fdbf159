"""A point is chosen among compared ones, and its probe is the one near its optimum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from onegrain.activations.record import finish_recording
from onegrain.activations.shards import ShardWriter
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.data.labelled import LabelledText
from onegrain.data.rare import RareLabels
from onegrain.neurons import NeuronLayout
from onegrain.probing.scoring import score
from onegrain.settings import LambdaGridSettings, PosTask, Settings, StorageType
from onegrain.steps.metrics import probe_metrics
from onegrain.steps.probed import Probed, probe_property
from onegrain.store import Store

SENTENCES, WORDS, NEURONS = 60, 10, 8
LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=2)


def split(folder: Path, seed: int) -> Corpus:
    """Record words; two of the neurons tell two labels, not without noise."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(SENTENCES * WORDS, NEURONS, generator=generator)
    noise = torch.randn(len(values), generator=generator)
    labels = ["A" if each > 0 else "B" for each in values[:, 1] + values[:, 4] + 0.5 * noise]
    rows = range(0, len(labels), WORDS)
    corpus = Corpus(
        "en",
        tuple(("word",) * WORDS for _ in rows),
        labels={"pos": tuple(tuple(labels[row : row + WORDS]) for row in rows)},
    )
    settings = replace(Settings().activations, dtype=StorageType.fp32)
    folder.mkdir()
    with ShardWriter(folder / "shard-0.safetensors", len(values), NEURONS, settings.dtype) as out:
        out.write(0, values)
    table = TokenTable.of(corpus, torch.zeros(len(values)).bool())
    shards = [{"file": "shard-0.safetensors", "rows": len(values)}]
    finish_recording(folder, table, LAYOUT, settings, shards)
    return corpus


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Path], LabelledText]:
    folder = tmp_path_factory.mktemp("recordings")
    recordings = {name: folder / name for name in ("train", "dev", "test")}
    corpora = [split(place, seed) for seed, place in enumerate(recordings.values())]
    return recordings, LabelledText(*corpora, RareLabels((), {"train": 0, "test": 0}))


def settings_of(lambda1: list[float], **grid: float) -> Settings:
    settings = Settings(task=PosTask())
    settings.lambda_grid = LambdaGridSettings("some", lambda1, [1e-5], **grid)
    settings.probe.epochs = 500
    settings.trainer.accelerator = "cpu"
    return settings


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def probed(settings: Settings, recorded: tuple[dict[str, Path], LabelledText], store: Store):
    return probe_property(settings, *recorded, store)


def test_the_chosen_point_is_fitted_further_than_those_compared(recorded, store) -> None:
    settings = settings_of([0.4, 1e-4, 0.3], tolerance=0.02)
    found: Probed = probed(settings, recorded, store)
    assert found.compared.choice.point == 1
    assert found.compared.probe.tolerance == 0.02
    assert found.probe.grid.points() == [(1e-4, 1e-5)]
    assert bool(found.probe.converged.all())
    assert found.probe.tolerance == 1e-4
    assert float(found.probe.objective) < float(found.compared.probe.objective[1])
    metrics = probe_metrics(settings, found)
    assert metrics["probe/points"] == 3
    assert metrics["probe/residual"] == float(found.probe.residual) <= metrics["probe/tolerance"]
    assert metrics["probe/accuracy"] == float(score(found.probe, found.task.test).accuracy)
    assert metrics["probe/epochs"] > metrics["probe/point_epochs"] / 3


def test_the_probe_of_a_chosen_point_is_that_of_a_run_with_no_other(recorded, store) -> None:
    chosen: Probed = probed(settings_of([0.4, 1e-4]), recorded, store)
    before = sorted(store.root.glob("probe/*"))
    alone: Probed = probed(settings_of([1e-4]), recorded, store)
    assert torch.equal(chosen.probe.weight, alone.probe.weight)
    assert sorted(store.root.glob("probe/*")) == before  # found, not fitted again
    assert alone.compared.probe is alone.probe


def test_a_refit_starts_from_the_chosen_probe(recorded, store) -> None:
    found: Probed = probed(settings_of([0.4, 1e-4]), recorded, store)
    everyone = torch.ones(1, NEURONS, dtype=torch.bool)
    again = found.refit(everyone)
    assert again.grid.points() == [(1e-4, 1e-5)]
    torch.testing.assert_close(again.objective, found.probe.objective, rtol=1e-3, atol=0)
