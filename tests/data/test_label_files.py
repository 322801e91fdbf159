from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from onegrain.data.corpus import Corpus
from onegrain.data.label_files import files_of, read_split
from onegrain.errors import UserError
from onegrain.settings import (
    Column,
    FilesTask,
    MorphTask,
    NerTask,
    PositionTask,
    PosTask,
    SemTask,
    Splitting,
    TaskSettings,
)

TREEBANK = "1\tDogs\tdog\tNOUN\tNNS\tNumber=Plur\t0\troot\t_\t_\n"


def write(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).write_text(f"{name}\tA\n\nsecond\tB\n")
    return str(folder)


def named(task: TaskSettings) -> list[str]:
    return [path.name for path in files_of(task).values()]


def read(path: Path, task: TaskSettings) -> Corpus:
    return read_split("train", path, task, "en", Splitting.punctuation)


def test_files_are_found_in_a_folder(tmp_path: Path) -> None:
    root = write(tmp_path, "a-train.tsv", "a-test.tsv", "notes-on-train.txt", "train.conll")
    (tmp_path / "a-val.tsv.gz").write_bytes(gzip.compress(b"x\tY\n"))
    assert named(PosTask(root=root)) == ["a-train.tsv", "a-val.tsv.gz", "a-test.tsv"]


def test_an_eval_file_is_none_for_dev(tmp_path: Path) -> None:
    every = ("wnut17train.tsv", "eval.tsv", "emerging.dev.tsv", "latest.tsv", "TEST.tsv")
    root = write(tmp_path, *every)
    assert named(PosTask(root=root)) == ["wnut17train.tsv", "emerging.dev.tsv", "TEST.tsv"]


def test_the_kind_that_suits_the_task_comes_first(tmp_path: Path) -> None:
    every = [f"{split}{kind}" for split in ("train", "dev", "test") for kind in (".tsv", ".conll")]
    root = write(tmp_path, *every, "train.conllu")
    assert named(SemTask(root=root)) == ["train.tsv", "dev.tsv", "test.tsv"]
    assert named(NerTask(root=root)) == ["train.conll", "dev.conll", "test.conll"]
    assert named(MorphTask(root=root)) == ["train.conllu", "dev.tsv", "test.tsv"]


def test_files_by_name_win_over_the_folder(tmp_path: Path) -> None:
    root = write(tmp_path, "train.tsv", "dev.tsv", "test.tsv", "other.tsv")
    task = PosTask(root=root, train=str(tmp_path / "other.tsv"))
    assert named(task) == ["other.tsv", "dev.tsv", "test.tsv"]


def test_a_folder_without_training_part_suggests_to_name_one(tmp_path: Path) -> None:
    root = write(tmp_path, "x-dev.tsv", "x-test.tsv")
    with pytest.raises(UserError, match=r"no file for train.*x-dev\.tsv.*task\.train=FILE"):
        files_of(PosTask(root=root))


def test_several_files_for_a_split_are_listed(tmp_path: Path) -> None:
    root = write(tmp_path, "a-train.tsv", "b-train.tsv", "dev.tsv", "test.tsv")
    with pytest.raises(UserError, match=r"2 files for train .*\(a-train\.tsv, b-train\.tsv\)"):
        files_of(PosTask(root=root))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (PosTask(root="/nowhere"), r"task\.root=/nowhere: no such folder.*UD_English-EWT"),
        (PosTask(train="a.tsv"), r"task\.dev and task\.test: name a file"),
        (PosTask(dev="a.tsv"), r"task\.train and task\.test: name a file"),
    ],
)
def test_files_that_are_missing_are_named(task: TaskSettings, message: str) -> None:
    with pytest.raises(UserError, match=message):
        files_of(task)


@pytest.mark.parametrize(
    ("name", "task", "kinds"),
    [
        ("a.txt", PosTask(), r"\.conllu or \.tsv"),
        ("a.conllu", NerTask(), r"\.iob2, \.conll or \.tsv"),
        ("a.txt.gz", FilesTask(), r"\.conllu, \.tsv, \.iob2 or \.conll"),
    ],
)
def test_a_file_of_another_kind_is_refused(name: str, task: TaskSettings, kinds: str) -> None:
    with pytest.raises(UserError, match=rf"{name}: expected a name that ends in {kinds}"):
        read(Path(name), task)


def test_a_table_is_read_by_the_kind_or_by_columns_of_choice(tmp_path: Path) -> None:
    path = tmp_path / "a.iob2"
    path.write_text("# text\n1\tdog\tO\tNN\n")
    assert read(path, FilesTask()).labels["files"] == (("O",),)
    assert read(path, FilesTask(label_column=4)).labels["files"] == (("NN",),)
    backwards = read(path, FilesTask(word_column=4, label_column=1))
    assert (backwards.sentences, backwards.labels["files"]) == ((("NN",),), (("1",),))


def test_any_column_of_a_treebank_is_a_task(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(TREEBANK)
    assert read(path, FilesTask(column=Column.deprel, name="role")).labels["role"] == (("root",),)
    assert read(path, MorphTask()).labels["morph"] == (("Number=Plur",),)


def test_labels_beside_plain_text_are_a_task(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("a dog\n")
    (tmp_path / "l").write_text("X Y\n")
    task = FilesTask(train_labels=str(tmp_path / "l"))
    assert read(tmp_path / "w", task).labels["files"] == (("X", "Y"),)


def test_bad_labels_are_refused_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("a\tO\n\nb\tPER\n")
    with pytest.raises(UserError, match=r"a\.tsv:3: expected O, B-TYPE"):
        read(path, NerTask())
    with pytest.raises(UserError, match=r"a\.tsv:1: expected features such as.*found 'O'"):
        read(path, MorphTask())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.conllu", TREEBANK),
        ("a.tsv", "Dogs\tX\n"),
        ("a.conll", "Dogs\tX\n"),
        ("a.iob2", "1\tDogs\tO\t-\t-\n"),
        ("a.txt", "\nDogs\n"),
        ("train.en", "Dogs\n"),
    ],
)
def test_a_task_without_annotation_takes_words_from_anywhere(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    assert read(tmp_path / name, PositionTask()).sentences == (("Dogs",),)


def test_plain_text_is_cut_as_the_models_text_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Dogs bark.\n")
    words = [
        read_split("dev", path, PositionTask(), "en", splitting).sentences
        for splitting in (Splitting.punctuation, Splitting.spaces)
    ]
    assert words == [(("Dogs", "bark", "."),), (("Dogs", "bark."),)]
    path.write_text("\n \n")
    with pytest.raises(UserError, match=r"a\.txt: there is no word"):
        read(path, PositionTask())
