"""What is kept of a model without some neurons, and when it is measured anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import Ablation
from onegrain.ablation.projection import Projection
from onegrain.ablation.resampling import Resample
from onegrain.ablation.summaries import Summary
from onegrain.configuration import compose_settings
from onegrain.data.corpus import Corpus, Splits
from onegrain.neurons import NeuronLayout
from onegrain.settings import Site
from onegrain.stages import kept_summaries, unseen_text
from onegrain.store import Store

CONF = Path(__file__).resolve().parents[2] / "conf"
LAYOUT = NeuronLayout.bidirectional_encoder(layers=2, width=2)
TEXT = Corpus("en", (("a", "b"), ("c",)), translation=Corpus("fr", (("x",), ("y", "z"))))
VALUES = torch.arange(8.0)
POOL = torch.arange(24.0).reshape(3, 8)


def mask(*neurons: int, site: Site = Site.recurrent, values: object = None) -> Mask:
    return Mask(torch.tensor(neurons), LAYOUT, site, values)  # type: ignore[arg-type]


def is_measured(
    store: Store,
    *overrides: str,
    ablations: tuple[Ablation, ...] = (mask(0), mask(1)),
    model: str = "model",
    text: Corpus = TEXT,
) -> bool:
    """Whether ablations had to be measured; what is returned is what was, then or before."""
    asked = []

    def measure() -> list[Summary]:
        asked.append(True)
        return [{"value": 1 / 3, "low": 0.1, "high": number} for number, _ in enumerate(ablations)]

    keep = kept_summaries(compose_settings(CONF, list(overrides)), Path(model), text, store)
    assert keep(ablations, measure) == measure()
    return len(asked) > 1


@pytest.mark.parametrize(
    "other",
    [
        {"ablations": (mask(0),)},
        {"ablations": (mask(1), mask(0))},
        {"ablations": (mask(0, 1),)},
        {"ablations": (mask(0), mask(1, site=Site.layer_output))},
        {"ablations": (mask(0, values=VALUES), mask(1, values=VALUES))},
        {"ablations": (mask(0, values=Resample(POOL, 0)), mask(1, values=Resample(POOL, 0)))},
        {"ablations": (Projection(torch.eye(4)[:1], torch.zeros(4), LAYOUT),) * 2},
        {"model": "other"},
        {"text": Corpus("en", TEXT.sentences, translation=Corpus("fr", (("x",), ("y", "y"))))},
    ],
)
def test_another_ablation_model_or_text_is_measured(tmp_path: Path, other: dict) -> None:
    store = Store(tmp_path)
    assert is_measured(store)
    assert not is_measured(store)
    assert is_measured(store, **other)
    assert not is_measured(store, **other)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (VALUES, VALUES + 1),
        (VALUES, Resample(VALUES[None], 0)),
        (Resample(POOL, 0), Resample(POOL, 1)),
        (Resample(POOL, 0), Resample(POOL.reshape(3, 8).flip(0), 0)),
    ],
)
def test_what_neurons_are_set_to_counts(tmp_path: Path, first: object, second: object) -> None:
    store = Store(tmp_path)
    for values in (first, second):
        assert is_measured(store, ablations=(mask(0, values=values), mask(1, values=values)))


@pytest.mark.parametrize(
    "override",
    [
        *("model.beam=2", "model.max_decode_ratio=3", "ablation.bootstrap_samples=7", "seed=3"),
        "ablation.model.precision=bf16",
    ],
)
def test_how_it_is_measured_counts(tmp_path: Path, override: str) -> None:
    store = Store(tmp_path)
    assert is_measured(store)
    assert is_measured(store, override)


@pytest.mark.parametrize(
    "override",
    [
        *("lambda_grid=paper", "task.name=other", "ablation.model.workers=1", "trainer.epochs=3"),
        *("ablation.model.rows_at_once=8", "ranking.share=0.5", "ablation.keep=[0.3]"),
    ],
)
def test_what_does_not_reach_the_model_does_not_count(tmp_path: Path, override: str) -> None:
    store = Store(tmp_path)
    assert is_measured(store)
    assert not is_measured(store, override)


def test_a_transformer_is_its_files_and_how_it_reads_and_writes(tmp_path: Path) -> None:
    store, folder, tuned = Store(tmp_path / "store"), tmp_path / "bert", tmp_path / "tuned"
    for place, content in {folder: "{}", tuned: '{"layers": 2}'}.items():
        place.mkdir()
        (place / "config.json").write_text(content, encoding="utf-8")
    chosen = ("model=transformer", f"model.path={folder}")
    assert is_measured(store, *chosen, model=str(folder))
    assert not is_measured(store, *chosen, "model.batch_tokens=64", model=str(folder))
    assert is_measured(store, *chosen, "model.translation.beam=2", model=str(folder))
    assert is_measured(store, *chosen, model=str(tuned))


def test_labels_of_the_words_do_not_count(tmp_path: Path) -> None:
    store = Store(tmp_path)
    labelled = Corpus(
        "en", TEXT.sentences, translation=TEXT.translation, labels={"t": (("A", "B"), ("A",))}
    )
    assert is_measured(store)
    assert not is_measured(store, text=labelled)


def test_a_measure_that_fails_keeps_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keep = kept_summaries(compose_settings(CONF, []), Path("model"), TEXT, store)

    def fails() -> list[Summary]:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        keep((mask(0), mask(1)), fails)
    assert is_measured(store)


def test_some_of_the_test_sentences_will_do() -> None:
    sentences = tuple((str(number),) for number in range(20))
    data = Corpus("en", sentences)
    splits = Splits(data, data, data)

    def unseen(count: int | None) -> Corpus:
        settings = compose_settings(CONF, [])
        settings.ablation.model.sentences = count
        return unseen_text(settings, None, splits, splits)

    assert len(unseen(7)) == 7
    assert set(unseen(7).sentences) < set(sentences)
    assert unseen(7) == unseen(7)
    assert unseen(None) == unseen(20) == unseen(21) == data
