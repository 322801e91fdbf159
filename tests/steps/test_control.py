"""Selectivity: what the words alone tell earns none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from onegrain.data.corpus import Corpus
from onegrain.data.labelled import LabelledText
from onegrain.data.labels import UNLABELLED, LabelSet
from onegrain.data.rare import RareLabels
from onegrain.neurons import NeuronLayout
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.probing.scoring import score
from onegrain.probing.selection import Choice
from onegrain.settings import Settings
from onegrain.stages import ProbingTask, fitted_probe, refitting
from onegrain.steps import control
from onegrain.steps.control import control_metrics
from onegrain.steps.probed import Compared, Probed
from onegrain.store import Store

TYPES = 40
GRID = LambdaGrid.product([1e-4], [1e-5])


def words_of(seed: int, size: int) -> Corpus:
    """Sentences of one word; its label is tossed, so no word type tells it."""
    drawn = torch.randint(TYPES, (size,), generator=torch.Generator().manual_seed(seed)).tolist()
    tossed = torch.randint(3, (size,), generator=torch.Generator().manual_seed(~seed)).tolist()
    labels = tuple(("" if toss == 2 else "AB"[toss],) for toss in tossed)
    return Corpus("en", tuple((f"w{number}",) for number in drawn), labels={"pos": labels})


def recorded(corpus: Corpus, *, types: bool) -> LabelledActivations:
    """Two neurons tell the label, and perhaps one for each type its word."""
    numbers = LabelSet(("A", "B")).encode(corpus.labels["pos"])
    property_ = torch.nn.functional.one_hot(numbers.clamp(min=0), 2).float()
    own = torch.tensor([int(words[0][1:]) for words in corpus.sentences])
    identity = torch.nn.functional.one_hot(own, TYPES).float() * types
    values = torch.cat([property_, identity], dim=1)[numbers != UNLABELLED]
    kept = numbers[numbers != UNLABELLED]
    return LabelledActivations(InMemory(values), kept, torch.arange(len(kept)))


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.trainer.accelerator = "cpu"
    return settings


def test_the_control_task_is_fitted_as_near_as_compared_points(
    settings, tmp_path, monkeypatch
) -> None:
    """Its accuracy is all that is asked, and random labels take long to the optimum."""
    asked: list[Settings] = []

    def fitted(settings, *rest):
        asked.append(settings)
        return fitted_probe(settings, *rest)

    monkeypatch.setattr(control, "fitted_probe", fitted)
    measured(settings, tmp_path, types=False)
    (of_control,) = asked
    assert (of_control.probe.tolerance, of_control.probe.epochs) == (1e-3, 80)
    assert len(of_control.lambda_grid.lambda1) == len(of_control.lambda_grid.lambda2) == 1


def measured(settings: Settings, folder: Path, *, types: bool) -> dict[str, float]:
    train, test = words_of(1, 2000), words_of(2, 500)
    corpora = LabelledText(train, test, test, RareLabels((), {}))
    parts = [recorded(corpus, types=types) for corpus in (train, test, test)]
    layout = NeuronLayout.bidirectional_encoder(layers=1, width=(TYPES + 2) // 2)
    task = ProbingTask("pos", ("A", "B"), layout, *parts, unknown_share={})
    probe: Probe = fit_probe(task.train, task.labels, GRID)
    scores = score(probe, task.test)
    assert scores.accuracy[0] == 1.0
    store, recordings = Store(folder), {"train": Path("r")}
    refit = refitting(settings, task, Path("r"), train, probe, store)
    compared = Compared(probe, scores, scores, Choice(0, 0.0))
    probed = Probed(corpora, recordings, task, compared, probe, scores, scores, refit)
    return control_metrics(settings, probed, store)


def test_a_probe_that_cannot_tell_words_apart_is_selective(
    settings: Settings, tmp_path: Path
) -> None:
    metrics = measured(settings, tmp_path, types=False)
    assert metrics["probe/control_accuracy"] < 0.75
    assert metrics["probe/selectivity"] == pytest.approx(1 - metrics["probe/control_accuracy"])


def test_a_probe_that_can_learn_words_by_heart_is_not(settings: Settings, tmp_path: Path) -> None:
    metrics = measured(settings, tmp_path, types=True)
    assert metrics == {"probe/control_accuracy": 1.0, "probe/selectivity": 0.0}


def test_the_control_probe_is_found_again_and_belongs_to_a_seed(
    settings: Settings, tmp_path: Path
) -> None:
    def fitted() -> int:
        measured(settings, tmp_path, types=False)
        return len([path for path in (tmp_path / "probe").iterdir() if path.is_dir()])

    assert (fitted(), fitted()) == (1, 1)
    settings.probe.seed = 7
    assert fitted() == 2


def test_it_is_a_setting(settings: Settings, tmp_path: Path) -> None:
    settings.probe.control = False
    assert measured(settings, tmp_path, types=False) == {}
