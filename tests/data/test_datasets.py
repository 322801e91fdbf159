from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from onegrain.data.datasets import labelled_part, load_parallel
from onegrain.errors import UserError
from onegrain.settings import (
    DatasetData,
    DataSettings,
    FilesData,
    GrammarData,
    Splitting,
    TextSettings,
)

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


@pytest.fixture
def files(tmp_path: Path) -> FilesData:
    lines = [f"{'long ' * (n % 5)}sentence {n}" for n in range(200)]
    for name in ("train", "dev", "test"):
        for language in ("en", "fr"):
            path = tmp_path / f"{name}.{language}"
            path.write_text("".join(f"{name} {language} {line}\n" for line in lines))
    return FilesData(source=str(tmp_path / "train.en"), target=str(tmp_path / "train.fr"))


def test_named_files_are_the_splits(files: FilesData, tmp_path: Path) -> None:
    named = replace(
        files,
        dev_source=str(tmp_path / "dev.en"),
        dev_target=str(tmp_path / "dev.fr"),
        test_source=str(tmp_path / "test.en"),
        test_target=str(tmp_path / "test.fr"),
    )
    splits = load_parallel(named)
    for corpus, name in ((splits.train, "train"), (splits.dev, "dev"), (splits.test, "test")):
        assert len(corpus) == 200
        assert {words[0] for words in corpus.sentences} == {name}
        assert corpus.translation is not None
        for line, other in zip(corpus.text or (), corpus.translation.text or (), strict=True):
            assert line.replace(" en ", " fr ") == other


def test_without_dev_and_test_5_percent_each_are_held_out(files: FilesData) -> None:
    splits = load_parallel(files)
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [180, 10, 10]
    assert splits.fingerprint == load_parallel(files).fingerprint
    assert splits.fingerprint != load_parallel(replace(files, seed=1)).fingerprint


def test_only_what_is_missing_is_held_out(files: FilesData, tmp_path: Path) -> None:
    dev = str(tmp_path / "dev.en"), str(tmp_path / "dev.fr")
    splits = load_parallel(replace(files, dev_source=dev[0], dev_target=dev[1]))
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [190, 200, 10]


def test_length_limits_hold_for_training_pairs_only(files: FilesData) -> None:
    splits = load_parallel(replace(files, max_length=5))
    assert max(map(len, splits.train.sentences)) <= 5
    assert max(map(len, splits.dev.sentences + splits.test.sentences)) > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": None}, r"data\.source"),
        ({"source": None, "target": None}, r"data\.source and data\.target"),
        ({"dev_source": "x"}, r"data\.dev_target"),
        ({"source": "nowhere.en"}, r"nowhere\.en: cannot be read"),
        ({"pair": "enfr"}, r"data\.pair=enfr: expected two language codes"),
        ({"pair": "en-en"}, r"data\.pair=en-en"),
        ({"train_sentences": 0}, r"data\.train_sentences=0"),
    ],
)
def test_wrong_settings_are_named(
    files: FilesData, change: dict[str, str | int | None], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_parallel(replace(files, **change))


def test_an_unknown_corpus_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match="there are grammar, files, tatoeba and multi30k"):
        load_parallel(DataSettings(name="wmt"))


def test_tatoeba_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.root=\.\./shared/data/tatoeba"):
        load_parallel(DatasetData(name="tatoeba"))
    with pytest.raises(UserError, match="no such folder"):
        load_parallel(DatasetData(name="tatoeba", root=str(tmp_path / "none")))
    (tmp_path / "en-fr").mkdir()
    with pytest.raises(UserError, match=r"data\.pair=en-de: \S+ has en-fr"):
        load_parallel(DatasetData(name="tatoeba", pair="en-de", root=str(tmp_path)))
    with pytest.raises(UserError, match=r"train\.en: no such file"):
        load_parallel(DatasetData(name="tatoeba", root=str(tmp_path)))


@pytest.mark.parametrize("name", ["multi30k", "grammar"])
def test_an_unknown_pair_is_answered_with_what_exists(name: str) -> None:
    kind = GrammarData if name == "grammar" else DatasetData
    with pytest.raises(UserError, match=r"data\.pair=en-cs: there are pairs of"):
        load_parallel(kind(name=name, pair="en-cs"))


def test_one_folder_serves_a_pair_in_both_directions(tmp_path: Path) -> None:
    (tmp_path / "en-fr").mkdir()
    for name in ("train", "valid", "test"):
        (tmp_path / "en-fr" / f"{name}.en").write_text(f"an English {name}\n")
        (tmp_path / "en-fr" / f"{name}.fr").write_text(f"un {name} français\n")
    settings = DatasetData(name="tatoeba", root=str(tmp_path))
    forward, backward = (load_parallel(replace(settings, pair=pair)) for pair in ("en-fr", "fr-en"))
    assert forward.dev.text == ("an English valid",)
    assert backward.dev.text == ("un valid français",)
    assert backward.dev.translation is not None
    assert backward.dev.translation.text == forward.dev.text


@needs_shared
def test_tatoeba_is_read_whole() -> None:
    text = TextSettings(splitting=Splitting.spaces)
    settings = DatasetData(name="tatoeba", root=str(SHARED / "tatoeba"), max_length=999, text=text)
    splits = load_parallel(settings)
    parts = (splits.train, splits.dev, splits.test)
    assert [len(part) for part in parts] == [161_965, 2605, 2409]
    assert [part.word_count for part in parts] == [996_961, 15_684, 14_792]


@needs_shared
def test_multi30k_is_read_from_its_folder() -> None:
    splits = load_parallel(
        DatasetData(name="multi30k", pair="de-en", root=str(SHARED / "multi30k"), max_length=100)
    )
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [29_000, 1014, 1000]


def test_the_grammar_gives_disjoint_splits_of_the_asked_sizes() -> None:
    settings = GrammarData(train_sentences=60, dev_sentences=20, test_sentences=30)
    splits = load_parallel(settings)
    parts = (splits.train, splits.dev, splits.test)
    assert [len(part) for part in parts] == [60, 20, 30]
    assert len({words for part in parts for words in part.sentences}) == 110
    assert "pos" in splits.train.labels


def test_of_the_grammar_some_training_sentences_have_labels() -> None:
    settings = GrammarData(train_sentences=30, dev_sentences=5, test_sentences=5)
    data = load_parallel(settings)
    assert labelled_part(settings, data) == data
    some = labelled_part(replace(settings, labelled_sentences=7), data)
    assert some.train == data.train.select(range(7))
    assert (some.dev, some.test) == (data.dev, data.test)
    assert labelled_part(replace(settings, labelled_sentences=99), data).train == data.train


def test_other_text_is_probed_whole() -> None:
    data = load_parallel(GrammarData(train_sentences=5, dev_sentences=2, test_sentences=2))
    assert labelled_part(FilesData(), data) is data
