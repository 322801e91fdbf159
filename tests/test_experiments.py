"""Every experiment of conf/ composes at every scale, and runs from its text to its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from onegrain import pipeline
from onegrain.configuration import compose_jobs
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
ELSEWHERE = {"neurox_files": "tests/test_recorded_model.py"}  # it needs files of NeuroX's
RECORDED = ("model.train=a.hdf5", "model.dev=b.hdf5", "model.test=c.hdf5", "task.root=labels")

EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))
FROM_THE_PAPER = [name for name in EXPERIMENTS if name.startswith(("table", "figure"))]


def needed(name: str, transformer: str = "bert") -> tuple[str, ...]:
    """What must be given on the command line."""
    if name.startswith("jmlr_"):
        return (f"model.path={transformer}",)
    return RECORDED if name == "neurox_files" else ()


def jobs_of(name: str, *overrides: str) -> list[Settings]:
    return compose_jobs(CONF, [f"experiment={name}", *overrides], multirun=False).settings


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
    assert jobs_of(name, f"scale={scale}", *needed(name))


@pytest.mark.parametrize("name", FROM_THE_PAPER)
def test_tables_and_figures_of_the_paper_need_no_files_in_the_demo(name: str) -> None:
    for settings in jobs_of(name):
        assert isinstance(settings.data, GrammarData)
        assert settings.task.root is settings.task.train is None
    real = jobs_of(name, "scale=real")
    assert {settings.data.name for settings in real} == {"tatoeba"}
    assert all(settings.task.root or settings.task.train for settings in real)


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - set(ELSEWHERE)))
def test_every_experiment_runs(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    store: Path,
) -> None:
    monkeypatch.chdir(REPOSITORY)  # where ../shared/data is looked for
    pretrained = name.startswith("jmlr_")
    folder = str(request.getfixturevalue("tiny_transformer")("bert")) if pretrained else ""
    given = needed(name, folder)
    kind = jobs_of(name, *given)[0].model.name
    places = (f"store={store}", f"output_root={tmp_path}")
    jobs = jobs_of(name, "scale=demo", *given, *TINY, *SIZES[kind], *places)
    if missing := missing_files(first := jobs[0]):
        pytest.skip(f"{missing[0]} is not there")
    pipeline.run(first, tmp_path / "run")
    assert len(read_run(tmp_path / "run").curves)
    assert (tmp_path / "run" / "report.html").is_file()


def test_what_runs_elsewhere_does() -> None:
    for name, place in ELSEWHERE.items():
        assert f"experiment={name}" in (REPOSITORY / place).read_text(encoding="utf-8")
