"""Two processes, each with its part of the words, fit the probe that one would."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from pathlib import Path

import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.record import finish_recording
from onegrain.activations.shards import ShardWriter
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus
from onegrain.neurons import NeuronLayout
from onegrain.probing.batches import WordBatches
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.looks import Looks
from onegrain.probing.search import Plan, staying
from onegrain.probing.uncertain import Emphasis
from onegrain.ranks import Ranks
from onegrain.settings import ActivationSettings, Penalty, StorageType

WORDS, LABELS = 601, ("A", "B", "C")  # two parts that are not alike in size


def problem() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(WORDS, 12, generator=generator) + torch.linspace(-2, 2, 12)
    truth = torch.zeros(3, 12)
    truth[:, :4] = torch.randn(3, 4, generator=generator)
    noisy = (values - values.mean(dim=0)) @ truth.T + torch.randn(WORDS, 3, generator=generator)
    return values, noisy.argmax(dim=1)


@pytest.fixture
def recorded(tmp_path: Path) -> LabelledActivations:
    """The words on disk, the first of them left out."""
    values, labels = problem()
    corpus = Corpus("en", tuple(("word",) * 1 for _ in range(WORDS)))
    settings = ActivationSettings(dtype=StorageType.fp32)
    with ShardWriter(tmp_path / "shard-0.safetensors", WORDS, 12, settings.dtype) as writer:
        writer.write(0, values)
    table = TokenTable.of(corpus, torch.zeros(WORDS).bool())
    layout = NeuronLayout.bidirectional_encoder(layers=2, width=3)
    shards = [{"file": "shard-0.safetensors", "rows": WORDS}]
    finish_recording(tmp_path, table, layout, settings, shards)
    rows = torch.arange(1, WORDS)
    activations = Activations.open(tmp_path).select(rows)
    return LabelledActivations(activations, labels[rows], torch.arange(WORDS - 1))


def test_two_processes_give_the_weights_of_one(recorded: LabelledActivations) -> None:
    grid = LambdaGrid.product([1e-2, 1e-3], [1e-3], Penalty.squared)
    options = {"tolerance": 0.0, "epochs": 25, "batch_size": 64, "seed": 3}
    one = fit_probe(recorded, LABELS, grid, **options)
    two = fit_probe(recorded, LABELS, grid, processes=2, **options)
    for name in ("weight", "bias", "objective", "train_accuracy"):
        torch.testing.assert_close(getattr(two, name), getattr(one, name), atol=1e-5, rtol=0)
    assert torch.equal(two.weight != 0, one.weight != 0)


@pytest.mark.parametrize("emphasis", [None, Emphasis.of(torch.linspace(1e-3, 1, WORDS) ** 9)])
def test_parts_of_a_batch_make_up_the_batch(emphasis: Emphasis | None) -> None:
    values, labels = problem()
    data = LabelledActivations(InMemory(values), labels, torch.arange(WORDS))
    batches = WordBatches(data, 64, 5, torch.float32)
    batches.emphasis = emphasis
    whole = list(batches)
    parts = []
    for rank in range(3):
        here = Ranks(rank, 3).rows(WORDS)
        part = WordBatches(data.select(torch.tensor(here)), 64, 5, torch.float32)
        part.words, part.here, part.emphasis = WORDS, here, emphasis
        parts.append([(batch.rows + here.start, batch.draws) for batch in part])
    assert {len(part) for part in parts} == {len(whole)}
    for batch, shares in zip(whole, zip(*parts, strict=True), strict=True):
        together = torch.cat([rows for rows, _ in shares])
        assert sorted(together.tolist()) == sorted(batch.rows.tolist())
        for index, drawn in enumerate(batch.draws):
            assert sum(draws[index].size for _, draws in shares) == drawn.size
            assert {draws[index].stands_for for _, draws in shares} == {drawn.stands_for}


def test_two_processes_give_up_the_points_that_one_would(recorded: LabelledActivations) -> None:
    grid = LambdaGrid.product([0.0, 1e-3, 1e-2, 1e-1], [1e-3])
    options = {"tolerance": 0.0, "epochs": 6, "batch_size": 64, "seed": 3}
    denser_is_better = attrgetter("nonzero")
    looks = Looks((2, 4), partial(staying, Plan(2, 1, 0.0, 6), denser_is_better))
    one = fit_probe(recorded, LABELS, grid, looks=looks, **options)
    two = fit_probe(recorded, LABELS, grid, looks=looks, processes=2, **options)
    assert one.epochs.tolist() == two.epochs.tolist() == [6, 4, 2, 2]
    assert one.complete.tolist() == two.complete.tolist() == [True, False, False, False]
    torch.testing.assert_close(two.weight, one.weight, atol=1e-5, rtol=0)
