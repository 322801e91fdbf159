"""What each stage's result depends on, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from onegrain import precision
from onegrain.activations.activations import Activations
from onegrain.configuration import compose_settings
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.datasets import load_parallel
from onegrain.data.labelled import load_labelled
from onegrain.neurons import NeuronLayout
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import InMemory, LabelledActivations
from onegrain.probing.probe import Probe
from onegrain.settings import (
    ModelSettings,
    Penalty,
    PosTask,
    Settings,
    TaggerModel,
    TrackingMode,
    TrackingSettings,
)
from onegrain.stages import (
    ProbingTask,
    at_point,
    comparing,
    fitted_probe,
    model_scores,
    model_text,
    probing_task,
    recorded,
    trained_model,
    trained_models,
)
from onegrain.store import Store
from onegrain.tracking.runs import TrackedRun, tracked_run

CONF = Path(__file__).resolve().parents[1] / "conf"
SIZES = (
    *("data.train_sentences=40", "data.dev_sentences=8", "data.test_sentences=8"),
    *("model.hidden=4", "model.embedding=4", "trainer.epochs=1", "lambda_grid=single"),
    *("tracking=disabled", "probe.epochs=2", "trainer.accelerator=cpu"),
    *("model.instances=1", "ranking=linear_correlation", "ablation=probe_mask"),
)


class Ledger(Store):
    """Makes nothing; says where work would lie."""

    def get_or_make(
        self,
        stage: str,
        key: Mapping[str, Any],
        make: Callable[[Path], None],
        *,
        resumable: bool = False,
        quiet: bool = False,
    ) -> Path:
        return self.path(stage, key)


def settings_of(*overrides: str) -> Settings:
    return compose_settings(CONF, [*SIZES, *overrides])


def not_opened(*, name: str) -> AbstractContextManager[TrackedRun]:
    raise AssertionError(f"a run was opened for {name}")


@cache
def model_of(*overrides: str, instance: int = 1) -> Path:
    settings = settings_of(*overrides)
    data = load_parallel(settings.data)
    if isinstance(settings.model, TaggerModel):
        data = model_text(settings, data, load_labelled(settings.task, data, "en"))
    return trained_model(settings, data, instance, Ledger(Path("store")), not_opened)


@pytest.mark.parametrize(
    "override",
    [
        *("model.hidden=8", "model.layers=1", "model.dropout=0.25", "trainer.epochs=2"),
        *("trainer.learning_rate=0.1", "trainer.batch_size=7", "trainer.precision=bf16"),
        *("data.text.lowercase=false", "data.text.vocabulary=bpe", "data.pair=en-de"),
        *("data.seed=1", "data.train_sentences=30", "data.dev_sentences=7", "seed=2"),
        *("model=nlm", "model.input_feeding=true"),
    ],
)
def test_a_model_is_another_where_text_network_or_training_is(override: str) -> None:
    assert model_of(override) != model_of()


@pytest.mark.parametrize(
    "override",
    [
        *("lambda_grid=paper", "probe=neurox", "probe.epochs=3", "probe.seed=5", "task.root=x"),
        *("task.column=xpos", "task.train_sentences=3", "ablation.random_orders=2"),
        *("ranking.share=0.5", "activations.dtype=fp32", "activations.layers=[1]"),
        *(
            "tracking=online",
            "trainer.progress=bar",
            "trainer.at_once=2",
            "output_root=elsewhere",
            "store=there",
        ),
        *("model.beam=5", "model.max_decode_ratio=3", "model.max_decode_extra=5"),
        "data.test_sentences=7",
    ],
)
def test_a_model_stays_the_same_whatever_is_done_with_it(override: str) -> None:
    assert model_of(override) == model_of()


def test_a_kept_epoch_is_a_model_of_its_own() -> None:
    whole = model_of("trainer.epochs=2", "trainer.keep_epochs=[1,2]")
    first, second = (
        model_of("trainer.epochs=2", "trainer.keep_epochs=[2,1]", f"model.epoch={epoch}")
        for epoch in (1, 2)
    )
    assert first.is_relative_to(whole)
    assert len({recording_of(model=str(each)) for each in (first, second, whole)}) == 3


def test_instances_are_models_of_their_own() -> None:
    found = {model_of("model.instances=3", instance=instance) for instance in (1, 2, 3)}
    assert len(found | {model_of()}) == 4
    assert model_of("model.instances=3", "model.instance=2", instance=3) in found


def test_a_language_model_is_another_where_its_own_side_is() -> None:
    nlm = ("model=nlm", *SIZES)
    assert model_of(*nlm, "data.pair=en-de") == model_of(*nlm)
    assert model_of(*nlm, "data.pair=de-en") != model_of(*nlm)
    assert model_of(*nlm, "model.hidden=8") != model_of(*nlm)


TAGGER = ("model=tagger", "ablation=label")


def test_a_tagger_depends_on_the_labels_and_vectors_of_its_task(tmp_path: Path) -> None:
    others = [
        model_of(*TAGGER, "model.bidirectional=true"),
        model_of(*TAGGER, instance=2),
        model_of(*TAGGER, "task=position"),
    ]
    assert len({model_of(*TAGGER), *others}) == 4
    assert model_of(*TAGGER, "ranking.groups=predicted") == model_of(*TAGGER)
    models = []
    for place, text in enumerate(["the 1 2\n", "the 1 2\nunicorn 5 6\n", "the 1 3\n"]):
        path = tmp_path / f"vectors-{place}.txt"
        path.write_text(text)
        models.append(model_of(*TAGGER, f"model.vectors={path}"))
    assert models[0] == models[1]  # nobody says unicorn
    assert len({model_of(*TAGGER), *models}) == 3


def test_instances_of_a_tagger_read_the_whole_text() -> None:
    one, three = (model_of(*TAGGER, f"model.instances={count}") for count in (1, 3))
    assert one == three


def test_language_models_share_no_sentence(tmp_path: Path) -> None:
    """Though the text repeats each for its translations."""
    settings = settings_of("model=nlm", "model.instances=2")
    numbered = tuple(("one", str(number)) for number in range(20))
    train = Corpus("en", numbered * 3)
    data = Splits(train, Corpus("en", numbered[:5]), Corpus("en", numbered[:5]))
    read = []
    for instance in (1, 2):
        store = Store(tmp_path)
        model = trained_model(
            settings, data, instance, store, lambda *, name: disabled_run(tmp_path, name)
        )
        read.append(set(json.loads((model / "source.json").read_text())["symbols"]) - {"one"})
    assert [len(words) for words in read] == [10, 10]
    assert not read[0] & read[1]


@pytest.fixture
def scores_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Where the scores of some settings would lie."""
    asked: list[Path] = []

    def read(folder: Path) -> dict[str, Any]:
        asked.append(folder)
        return {}

    monkeypatch.setattr("onegrain.stages.models.training_metrics", read)

    def scores_of(*overrides: str, model: str = "a") -> Path:
        settings = settings_of(*overrides)
        data = load_parallel(settings.data)
        assert model_scores(settings, data, Path(model), Ledger(Path("store"))) == {}
        return asked[-1]

    return scores_of


def test_scores_are_of_a_model_a_search_and_a_text(scores_of: Callable[..., Path]) -> None:
    others = [
        scores_of(model="b"),
        scores_of("model.beam=5"),
        scores_of("model.max_decode_extra=5"),
        scores_of("data.test_sentences=7"),
    ]
    assert len({scores_of(), *others}) == 5
    assert scores_of("model.hidden=8", "seed=5", "probe.epochs=9") == scores_of()


def test_only_models_that_are_trained_can_be() -> None:
    settings = settings_of()
    data = load_parallel(settings.data)
    settings.model = ModelSettings(name="imported")
    with pytest.raises(TypeError, match="model=imported has no training"):
        trained_model(settings, data, 1, Ledger(Path("store")), not_opened)


WORDS = Corpus("en", (("the", "dog"), ("no",)))


def recording_of(*overrides: str, model: str = "a", corpus: Corpus = WORDS) -> Path:
    return recorded(settings_of(*overrides), Path(model), corpus, Ledger(Path("store")))


def test_a_recording_is_of_a_model_and_words_in_a_format() -> None:
    others = [
        recording_of(model="b"),
        recording_of(corpus=Corpus("en", (("the", "cat"), ("no",)))),
        recording_of("activations.dtype=fp32"),
        recording_of("activations.layers=[2]"),
    ]
    assert len({recording_of(), *others}) == 5


def test_a_recording_does_not_depend_on_labels_translations_or_the_probe() -> None:
    labelled = replace(WORDS, labels={"pos": (("DET", "NOUN"), ("INTJ",))})
    translated = replace(labelled, translation=Corpus("fr", (("le", "chien"), ("non",))))
    assert recording_of(corpus=labelled) == recording_of(corpus=translated) == recording_of()
    assert recording_of("probe.epochs=9", "seed=7", "lambda_grid=coarse") == recording_of()


LAYOUT = NeuronLayout.bidirectional_encoder(layers=1, width=2)


@pytest.fixture(scope="module")
def task() -> ProbingTask:
    values = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
    part = LabelledActivations(InMemory(values), torch.arange(30) % 3, torch.arange(30) // 5)
    shares = {"train": 0.0, "dev": 0.0, "test": 0.0}
    return ProbingTask("pos", ("A", "B", "C"), LAYOUT, part, part, part, shares)


@pytest.fixture
def probe_of(task: ProbingTask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Where the probe of some settings would lie."""
    grid = LambdaGrid.product([0.0], [0.0], Penalty.squared)
    zeros = {name: torch.zeros(1) for name in ("objective", "residual", "train_accuracy")}
    sizes = {"weight": torch.zeros(1, 3, 4), "bias": torch.zeros(1, 3)}
    canned = Probe(grid=grid, labels=task.labels, tolerance=1.0, **sizes, **zeros)
    asked: list[Path] = []

    def load(path: Path) -> Probe:
        asked.append(path)
        return canned

    monkeypatch.setattr(Probe, "load", load)

    def probe_of(*overrides: str, recording: str = "r", corpus: Corpus = WORDS) -> Path:
        settings = settings_of(*overrides)
        fitted_probe(settings, task, Path(recording), corpus, Ledger(Path("store")))
        return asked[-1]

    return probe_of


@pytest.mark.parametrize(
    "override",
    [
        *("lambda_grid.lambda1=[1e-4]", "lambda_grid=coarse", "probe=neurox", "probe.epochs=3"),
        *("probe.tolerance=0.1", "probe.batch_size=5", "probe.precision=bf16", "seed=2"),
        "probe.seed=3",
    ],
)
def test_a_probe_is_another_where_its_objective_or_its_fit_is(
    override: str, probe_of: Callable[..., Path]
) -> None:
    fp32 = "probe.precision=fp32"
    assert probe_of(fp32, override) != probe_of(fp32)


def test_a_probe_is_of_a_recording_and_its_labels(probe_of: Callable[..., Path]) -> None:
    relabelled = replace(WORDS, labels={"pos": (("X", "NOUN"), ("INTJ",))})
    others = {probe_of(recording="s"), probe_of(corpus=relabelled)}
    assert len(others | {probe_of()}) == 3


def test_points_of_a_grid_are_compared_before_they_are_near_their_optimum(
    probe_of: Callable[..., Path],
) -> None:
    """The only point of a grid goes as far as the chosen one of several does."""
    looser = "lambda_grid.tolerance=0.01"
    assert probe_of("lambda_grid=coarse", looser) != probe_of("lambda_grid=coarse")
    assert probe_of("lambda_grid=coarse", "probe.tolerance=1e-5") == probe_of("lambda_grid=coarse")
    assert probe_of("lambda_grid=single", looser) == probe_of("lambda_grid=single")
    assert probe_of("lambda_grid=single", "probe.tolerance=1e-5") != probe_of("lambda_grid=single")


def test_few_words_are_not_rounded_to_bf16_where_it_keeps_the_probe_from_its_tolerance(
    probe_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_fast_bf16", lambda device_type: True)
    for tolerance, chosen in (("1e-4", "fp32"), ("0.1", "bf16")):
        near = f"probe.tolerance={tolerance}"
        assert probe_of(near) == probe_of(near, f"probe.precision={chosen}")


def test_the_settings_of_a_point_are_those_of_a_run_with_no_other() -> None:
    asked = ("lambda_grid.tolerance=0.01", "lambda_grid.epochs=7", "probe.epochs=200")
    chosen = at_point(settings_of("lambda_grid=search", *asked), 1e-4, 1e-3)
    one = ("lambda_grid.lambda1=[1e-4]", "lambda_grid.lambda2=[1e-3]", "lambda_grid.name=search")
    assert chosen == settings_of(*one, *asked)
    assert comparing(chosen).probe.epochs == 7


def test_points_are_compared_no_nearer_than_the_probe_goes() -> None:
    asked = comparing(settings_of("probe.tolerance=0.1", "probe.epochs=3")).probe
    assert (asked.tolerance, asked.epochs) == (0.1, 3)
    usual = comparing(settings_of("probe.tolerance=1e-4", "probe.epochs=200")).probe
    assert (usual.tolerance, usual.epochs) == (1e-3, 40)


@pytest.mark.parametrize(
    "override",
    [
        *("probe.selection=sparsest", "probe.delta=0.1", "probe.alpha=0.1", "probe.beta=0.1"),
        *("probe.memory_gigabytes=1", "ablation.random_orders=2", "ranking.share=0.5"),
        *("tracking=offline", "probe.seed=1"),  # which is the run's
    ],
)
def test_choosing_a_point_or_ablating_fits_nothing_again(
    override: str, probe_of: Callable[..., Path]
) -> None:
    assert probe_of(override) == probe_of()


def disabled_run(folder: Path, name: str) -> AbstractContextManager[TrackedRun]:
    disabled = TrackingSettings(mode=TrackingMode.disabled)
    names = {"config": {}, "job_type": "train", "group": "g", "name": name}
    return tracked_run(disabled, folder=folder / "run", **names)


def test_all_stages_meet_and_are_made_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    settings = settings_of()
    data = load_parallel(settings.data)
    runs: list[str] = []

    def chain(store: Store) -> tuple[ProbingTask, Probe, list[Path]]:
        def open_run(*, name: str) -> AbstractContextManager[TrackedRun]:
            runs.append(name)
            return disabled_run(tmp_path, name)

        model = trained_model(settings, data, 1, store, open_run)
        assert model_scores(settings, data, model, store)["train/bleu"] >= 0
        parts = {name: getattr(data, name) for name in ("train", "dev", "test")}
        recordings = {name: recorded(settings, model, part, store) for name, part in parts.items()}
        task = probing_task(PosTask(), data, recordings)
        probe = fitted_probe(settings, task, recordings["train"], data.train, store)
        return task, probe, [model, *recordings.values()]

    task, probe, folders = chain(Store(tmp_path / "store"))
    assert caplog.text.count("training nmt: instance 1 of 1") == 1
    assert task.layout == NeuronLayout.bidirectional_encoder(layers=2, width=4)
    assert len(task.train) == data.train.word_count
    assert int(task.train.labels.min()) == 0
    assert task.unknown_share["train"] == 0.0
    assert probe.weight.shape == (1, len(task.labels), 16)
    again, found, same = chain(Store(tmp_path / "store"))
    assert (same, runs) == (folders, ["nmt en-fr #1"])
    assert torch.equal(found.weight, probe.weight)
    assert again.labels == task.labels


def test_labels_that_training_never_showed_are_kept_and_never_right(tmp_path: Path) -> None:
    settings = settings_of()
    data = load_parallel(settings.data)
    store = Store(tmp_path)
    model = trained_model(settings, data, 1, store, lambda *, name: disabled_run(tmp_path, name))
    train = Corpus("en", (("a", "b"),), labels={"pos": (("DET", "NOUN"),)})
    test = Corpus("en", (("a", "zebra"),), labels={"pos": (("DET", "ZZZ"),)})
    folders = {"train": train, "dev": train, "test": test}
    recordings = {name: recorded(settings, model, part, store) for name, part in folders.items()}
    task = probing_task(PosTask(), Splits(train, train, test), recordings)
    assert task.labels == ("DET", "NOUN")
    assert task.test.labels.tolist() == [0, -1]
    assert task.unknown_share["test"] > 0


def test_words_without_a_label_are_read_by_the_model_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of("activations.dtype=fp32")
    data = load_parallel(settings.data)
    store = Store(tmp_path)
    model = trained_model(settings, data, 1, store, lambda *, name: disabled_run(tmp_path, name))
    first, last = data.train.sentences[:2]
    rows = (("", *"A" * (len(first) - 1)), ("", ""), (*"B" * (len(last) - 1), ""))
    corpus = Corpus("en", (first, ("zebra", "zebra"), last), labels={"pos": rows})
    recording = recorded(settings, model, corpus, store)
    folders = dict.fromkeys(("train", "dev", "test"), recording)
    task = probing_task(PosTask(unknown_limit=0.0), Splits(corpus, corpus, corpus), folders)
    flat = [label for row in rows for label in row]
    kept = [row for row, label in enumerate(flat) if label]
    assert [task.labels[number] for number in task.train.labels] == [flat[row] for row in kept]
    assert task.train.sentences.unique().tolist() == [0, 1]
    values = Activations.open(recording).load()
    assert torch.equal(torch.cat(list(task.train.activations.blocks(3))), values[kept])
    assert task.unknown_share["train"] == 0.0  # the zebras do not count
    assert "unknown to the model" not in caplog.text


def test_many_unknown_words_are_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of()
    data = load_parallel(settings.data)
    store = Store(tmp_path)
    model = trained_model(settings, data, 1, store, lambda *, name: disabled_run(tmp_path, name))
    known = Corpus("en", data.train.sentences[:1], labels={"pos": (data.train.labels["pos"][0],)})
    strange = Corpus("en", (("qq", "qq"),), labels={"pos": (("DET", "NOUN"),)})
    parts = {"train": known, "dev": known, "test": strange}
    recordings = {name: recorded(settings, model, part, store) for name, part in parts.items()}
    probing_task(PosTask(unknown_limit=1.0), Splits(**parts), recordings)
    assert "unknown to the model" not in caplog.text
    probing_task(PosTask(), Splits(**parts), recordings)
    assert "100.0% of the test words are unknown to the model (task.unknown_limit=0.25)" in (
        caplog.text
    )
    assert "of the train words" not in caplog.text


def test_instances_trained_side_by_side_are_those_trained_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))  # where new processes find tests
    caplog.set_level("INFO")
    settings = settings_of("model.instances=2", "trainer.precision=fp32")
    together = replace(settings, trainer=replace(settings.trainer, at_once=2))
    data = load_parallel(settings.data)
    stores = Store(tmp_path / "one"), Store(tmp_path / "two")
    opened = partial(disabled_run, tmp_path)
    alone = trained_models(settings, data, [1, 2], stores[0], opened)
    beside = trained_models(together, data, [1, 2], stores[1], opened)
    assert {each: path.name for each, path in beside.items()} == {
        each: path.name for each, path in alone.items()
    }
    for each, path in alone.items():
        weights, others = (load_file(f / "model.safetensors") for f in (path, beside[each]))
        for name, weight in weights.items():
            torch.testing.assert_close(others[name], weight, rtol=1e-3, atol=1e-4)
    assert "#2: training nmt: instance 2 of 2" in caplog.messages
    caplog.clear()
    trained_models(together, data, [1, 2], stores[1], opened)
    assert not [line for line in caplog.messages if "training" in line]
