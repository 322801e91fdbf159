from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.labelled import load_labelled
from onegrain.errors import UserError
from onegrain.settings import TaskSettings


def corpus_of(size: int, gold: bool = True) -> Corpus:
    sentences = tuple((f"w{index}",) for index in range(size))
    labels = {"pos": tuple(("X",) for _ in sentences)} if gold else {}
    return Corpus("en", sentences, labels=labels)


GOLD = Splits(corpus_of(40), corpus_of(5), corpus_of(6))
BARE = Splits(*(corpus_of(3, gold=False) for _ in range(3)))


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(f"{name}\tA\n\nsecond\tB\n")


def test_without_files_the_gold_of_the_data_is_taken() -> None:
    assert load_labelled(TaskSettings(), GOLD, "en") == GOLD


def test_data_without_gold_asks_for_a_folder() -> None:
    with pytest.raises(UserError, match=r"task\.root: the data has no 'pos' labels"):
        load_labelled(TaskSettings(), BARE, "en")


def test_files_are_found_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "a-train.tsv", "a-test.tsv", "notes-on-train.txt", "train.conll")
    (tmp_path / "a-val.tsv.gz").write_bytes(gzip.compress(b"x\tY\n"))
    splits = load_labelled(TaskSettings(name="ner", root=str(tmp_path)), BARE, "en")
    assert splits.train.sentences == (("a-train.tsv",), ("second",))
    assert splits.dev.labels["ner"] == (("Y",),)
    assert splits.test.sentences[0] == ("a-test.tsv",)


def test_files_by_name_win_over_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "train.tsv", "dev.tsv", "test.tsv", "other.tsv")
    task = TaskSettings(root=str(tmp_path), train=str(tmp_path / "other.tsv"))
    assert load_labelled(task, BARE, "en").train.sentences[0] == ("other.tsv",)


def test_a_folder_without_training_part_suggests_to_name_one(tmp_path: Path) -> None:
    write(tmp_path, "x-dev.tsv", "x-test.tsv")
    with pytest.raises(UserError, match=r"no file for train.*x-dev\.tsv.*task\.train=FILE"):
        load_labelled(TaskSettings(root=str(tmp_path)), BARE, "en")


def test_several_files_for_a_split_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "a-train.tsv", "b-train.tsv", "dev.tsv", "test.tsv")
    with pytest.raises(UserError, match=r"2 files for train .*\(a-train\.tsv, b-train\.tsv\)"):
        load_labelled(TaskSettings(root=str(tmp_path)), BARE, "en")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (TaskSettings(root="/nowhere"), r"task\.root=/nowhere: no such folder.*UD_English-EWT"),
        (TaskSettings(train="a.tsv"), r"task\.dev and task\.test: name a file"),
        (TaskSettings(dev="a.tsv"), r"task\.train and task\.test: name a file"),
        (TaskSettings(train="a.txt", dev="b.tsv", test="c.tsv"), r"a\.txt: expected a name"),
        (TaskSettings(train_sentences=0), r"task\.train_sentences=0: must be at least 1"),
    ],
)
def test_wrong_settings_are_named(task: TaskSettings, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_labelled(task, GOLD, "en")


def test_a_sample_is_seeded_and_keeps_the_order() -> None:
    task = TaskSettings(train_sentences=10)
    drawn = load_labelled(task, GOLD, "en", seed=3).train
    assert drawn == load_labelled(task, GOLD, "en", seed=3).train
    assert drawn != load_labelled(task, GOLD, "en", seed=4).train
    numbers = [int(words[0][1:]) for words in drawn.sentences]
    assert numbers == sorted(numbers)
    assert len(numbers) == 10
