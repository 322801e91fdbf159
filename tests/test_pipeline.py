"""Every choice of the settings from text to the page, in this process, with types checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from onegrain import pipeline
from onegrain.configuration import compose_settings
from onegrain.errors import UserError
from onegrain.reporting.run_files import Metric, read_run
from onegrain.settings import Settings

CONF = Path(__file__).resolve().parents[1] / "conf"
QUICK = (
    *("debug=fast", "data.train_sentences=120", "trainer.epochs=2", "trainer.accelerator=cpu"),
    *("model.hidden=6", "ablation.bootstrap_samples=5"),
)
ON_PROBE = ("model.instances=1", "ranking=linear_correlation", "ablation=probe_mask")

Run = Callable[..., dict[str, Metric]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def run(store: Path, tmp_path: Path) -> Run:
    def run(*overrides: str) -> dict[str, Metric]:
        words = [*QUICK, f"store={store}", *overrides]
        return pipeline.run(compose_settings(CONF, words), tmp_path, overrides)

    return run


GRID = "lambda_grid.lambda1=[0,1e-3]"
SEARCH = (
    *("lambda_grid.lambda1=[1e-5,1e-3]", "lambda_grid.search.enabled=true"),
    *("lambda_grid.search.keep=1", "probe.epochs=4"),
)
FP32 = "activations.dtype=fp32"
EVERYWHERE = "ablation.model.sites=[recurrent,layer_output,context]"
METHODS = "ranking.methods=[cross_model_std,svcca]"
CLAMPS = "ablation.model.clamps=[zero,mean,resample]"


@pytest.mark.parametrize(
    "overrides",
    [
        (*ON_PROBE, "data.pair=en-de", GRID, "probe.selection=ablation", "model.layers=2"),
        (*ON_PROBE, "data.pair=de-fr", "data.text.vocabulary=bpe", "data.text.vocabulary_size=200"),
        (*ON_PROBE, "data.pair=fr-en", "model.layers=2", "activations.layers=[2]", FP32),
        (*ON_PROBE, GRID, "probe=neurox", "probe.selection=sparsest", "probe.delta=1"),
        (*ON_PROBE, *SEARCH, "probe.selection=ablation"),
        (*ON_PROBE, "probe.selection=fixed", "ablation.clamps=[mean]", "ablation.fractions=[0,1]"),
        ("model=nlm", "model.layers=2", "model.instances=2", "model.instance=2"),
        ("model.instances=2", "model.input_feeding=true", "model.beam=2", "data.text.lowercase=no"),
        ("model.instances=2", METHODS, "ablation=prune", EVERYWHERE),
        ("model=nlm", "model.instances=2", "ranking=all", "ablation=prune"),
        ("model.instances=2", "ranking=svcca", "ablation=model", "ranking.text=task"),
        ("model.instances=1", "ranking=variance", "ablation.model.sites=[layer_output]", CLAMPS),
        (*ON_PROBE, "task=morph", "task.feature=Number", "task.absent=drop", "probe.control=false"),
        (*ON_PROBE, "data.pair=fr-en", "task=sem", "task.min_count=30", "task.rare=drop"),
        (*ON_PROBE, "task=position", "task.train_sentences=null"),
        (*ON_PROBE, "task=months", "data.train_sentences=400", "task.train_sentences=400"),
    ],
    ids=" ".join,
)
def test_every_choice_runs_to_its_page(run: Run, tmp_path: Path, overrides: tuple[str]) -> None:
    metrics = run(*overrides)
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written == pytest.approx(metrics)
    assert 0 <= metrics["probe/accuracy"] <= 1
    if "probe.control=false" in overrides:
        assert "probe/selectivity" not in metrics
    else:
        difference = metrics["probe/accuracy"] - metrics["probe/control_accuracy"]
        assert metrics["probe/selectivity"] == pytest.approx(difference)
    grid = pd.read_csv(tmp_path / "lambda_grid.csv")
    assert grid["selected"].sum() == 1
    chosen = grid[grid["selected"]].iloc[0]
    assert metrics["probe/lambda1"] == pytest.approx(chosen["lambda1"])
    assert metrics["probe/nonzero"] == chosen["nonzero"]
    assert metrics["probe/point_epochs"] == grid["epochs"].sum()
    assert chosen["fitted"]
    halved = set(SEARCH) <= set(overrides)  # by the only look, after 2 of 4 epochs
    assert grid["fitted"].sum() == (-(-len(grid) // 2) if halved else len(grid))
    assert len(grid) == metrics["probe/points"] >= (2 if halved else 1)
    if "probe.selection=ablation" not in overrides and "probe.delta=1" not in overrides:
        assert metrics["probe/selection_score"] == metrics["probe/accuracy_dev"]
    if "probe.delta=1" in overrides:  # all accuracy may be given up
        assert chosen["nonzero"] == grid["nonzero"].min()
    targets = set(pd.read_csv(tmp_path / "curves.csv")["target"])
    assert ("model" in targets) == ("ablation=probe_mask" not in overrides)
    assert ("prune" in targets) == ("ablation=prune" in overrides)
    assert (tmp_path / "report.html").exists()
    assert list(tmp_path.glob("figures/*.svg"))
    explorer, neurons = read_run(tmp_path).explorer, pd.read_csv(tmp_path / "neurons.csv")
    for neuron, labels in zip(neurons["neuron"], neurons["labels"].fillna(""), strict=True):
        served = zip(explorer.labels, explorer.served, strict=True)
        assert labels.split() == [name for name, pairs in served if neuron in dict(pairs)]


def test_the_same_settings_give_the_same_numbers_in_another_store(
    run: Run, tmp_path: Path, store: Path
) -> None:
    def results(*overrides: str) -> tuple[dict[str, Metric], list[str]]:
        metrics = run(*overrides)
        timed = {"run/seconds", "train/seconds", "train/tokens_per_second"}
        names = ("curves", "neurons", "agreement")
        tables = [(tmp_path / f"{name}.csv").read_text() for name in names]
        return {name: v for name, v in metrics.items() if name not in timed}, tables

    first = results()
    assert results() == first  # found in the store
    assert results(f"store={tmp_path / 'other'}") == first  # made again


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["data.pair=en-es"], r"data.pair=en-es: there are pairs of en, fr, de"),
        (["data=files", "data.source=none.en", "data.target=none.fr"], r"none.en: cannot be read"),
        (["task.root=nowhere"], r"task.root=nowhere: no such folder"),
        (["task=ner"], r"the data has no 'ner' labels"),
        (["model.instances=200"], r"model.instances=200: only 120 training sentences"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made_but_text(
    run: Run, tmp_path: Path, overrides: list[str], said: str
) -> None:
    own = tmp_path / "own"
    with pytest.raises(UserError, match=said) as caught:
        run(*overrides, f"store={own}")
    assert "\n" not in str(caught.value)
    assert {path.name for path in own.glob("*")} <= {"text"}


def test_a_runs_name_is_short_and_tells_it_from_its_neighbours() -> None:
    name = pipeline._short_name(Settings(), ["model.hidden=32", "data.text.lowercase=false"])
    assert name == "pos en-fr hidden=32 lowercase=false"
    assert pipeline._short_name(Settings(), []) == "pos en-fr"
