"""Every experiment of conf/ composes at every scale, and runs from its text to its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from onegrain import pipeline
from onegrain.configuration import compose_jobs, compose_settings
from onegrain.reporting.run_files import read_run
from onegrain.settings import GrammarData, Settings

REPOSITORY = Path(__file__).resolve().parents[1]
CONF = REPOSITORY / "conf"
SHARED = REPOSITORY.parent / "shared" / "data"
TINY = (
    *("debug=fast", "trainer.accelerator=cpu", "data.train_sentences=60", "data.dev_sentences=10"),
    *("data.test_sentences=10", "ablation.bootstrap_samples=5", "ablation.model.sentences=4"),
    *("ablation.model.fractions=[0,0.5]", "ranking.sentences=30", "analysis.clusters.cut=null"),
)
SMALL_LSTM = ("model.hidden=8", "model.embedding=8")
SIZES = {
    **dict.fromkeys(("nmt", "nlm", "tagger"), SMALL_LSTM),
    "transformer": ("model.truncated=drop", "analysis.minimal.fractions=[0.5]"),
}
MORE = {"bau_control": ("data.train_sentences=300",)}  # so that every value to control occurs
ELSEWHERE = {"neurox_files": "tests/test_recorded_model.py"}  # it needs files of NeuroX's
RECORDED = ("model.train=a.hdf5", "model.dev=b.hdf5", "model.test=c.hdf5", "task.root=labels")

EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))
PROPERTIES = sorted(path.stem for path in (CONF / "property").glob("*.yaml"))
FROM_THE_PAPER = [name for name in EXPERIMENTS if name.startswith(("table", "figure"))]


def is_pretrained(name: str) -> bool:
    return "/model: transformer" in (CONF / "experiment" / f"{name}.yaml").read_text()


def needed(name: str, transformer: str = "bert") -> tuple[str, ...]:
    """What must be given on the command line."""
    if is_pretrained(name):
        return (f"model.path={transformer}",)
    return RECORDED if name == "neurox_files" else ()


def first_job(name: str, *overrides: str) -> Settings:
    return compose_settings(CONF, [f"experiment={name}", *overrides])


def missing_files(settings: Settings) -> list[str]:
    """The folders and files that these settings read and that are not there."""
    tuned = settings.tuning.name == "tokens"
    tasks = [settings.task, *([settings.tuning.task] if tuned else [])]
    named = [getattr(settings.data, "root", None)]
    named += [getattr(task, name) for task in tasks for name in ("root", "train", "dev", "test")]
    return [name for name in named if name and not (REPOSITORY / name).exists()]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.mark.parametrize("scale", ["demo", "real", "paper"])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_at_every_scale(name: str, scale: str) -> None:
    assert compose_settings(CONF, [f"experiment={name}", f"scale={scale}", *needed(name)])


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_needs_no_files_in_the_demo_and_names_them_beyond(name: str) -> None:
    demo = compose_settings(CONF, [f"property={name}"])
    assert isinstance(demo.data, GrammarData)
    assert demo.task.root is demo.task.train is None
    for scale in ("real", "paper"):
        larger = compose_settings(CONF, [f"property={name}", f"scale={scale}"])
        assert (larger.data.name, larger.data.pair) == ("tatoeba", demo.data.pair)
        assert larger.task.name == demo.task.name
        assert larger.task.root or larger.task.train


@pytest.mark.parametrize("name", FROM_THE_PAPER)
def test_a_table_or_figure_is_a_sweep_whose_parts_can_be_chosen(name: str) -> None:
    part = ["property=fr_morph", "model=nlm"]
    jobs = compose_jobs(CONF, [f"experiment={name}", *part], multirun=False)
    assert jobs.swept
    assert {(job.data.pair, job.task.name, job.model.name) for job in jobs.settings} == {
        ("fr-en", "morph", "nlm")
    }


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - set(ELSEWHERE)))
def test_every_experiment_runs(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    store: Path,
) -> None:
    monkeypatch.chdir(REPOSITORY)  # where ../shared/data is looked for
    folder = ""
    if is_pretrained(name):
        folder = str(request.getfixturevalue("tiny_transformer")("bert"))
    given = needed(name, folder)
    kind = first_job(name, *given).model.name
    places = (f"store={store}", f"output_root={tmp_path}")
    first = first_job(name, "scale=demo", *given, *TINY, *SIZES[kind], *MORE.get(name, ()), *places)
    if missing := missing_files(first):
        pytest.skip(f"{missing[0]} is not there")
    pipeline.run(first, tmp_path / "run")
    assert len(read_run(tmp_path / "run").curves)
    assert (tmp_path / "run" / "report.html").is_file()


def test_what_runs_elsewhere_does() -> None:
    for name, place in ELSEWHERE.items():
        assert f"experiment={name}" in (REPOSITORY / place).read_text(encoding="utf-8")
