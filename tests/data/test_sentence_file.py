from __future__ import annotations

from pathlib import Path

import pytest

from onegrain.data.sentence_file import (
    SENTENCE,
    load_labelled_sentences,
    read_labelled_sentences,
)
from onegrain.errors import UserError
from onegrain.settings import Splitting, TuningSettings

PUNCTUATION = Splitting.punctuation


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_each_word_has_the_label_of_its_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "A fine film.\tgood", "", "No!\tbad ")
    corpus = read_labelled_sentences(path, "en", PUNCTUATION)
    assert corpus.sentences == (("A", "fine", "film", "."), ("No", "!"))
    assert corpus.labels[SENTENCE] == (("good",) * 4, ("bad",) * 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no label", "expected 'sentence<TAB>label', found 1 column"),
        ("a\tb\tc", "expected 'sentence<TAB>label', found 3 columns"),
        ("\tgood", "the sentence or its label is empty"),
        ("a film\t ", "the sentence or its label is empty"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = write(tmp_path / "a.tsv", "fine\tgood", line)
    with pytest.raises(UserError) as caught:
        read_labelled_sentences(path, "en", PUNCTUATION)
    assert str(caught.value) == f"{path}:2: {said}"


def test_a_file_without_sentences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no sentence"):
        read_labelled_sentences(write(tmp_path / "a.tsv", "", " "), "en", PUNCTUATION)


def test_dev_and_test_are_held_out_where_there_is_no_file(tmp_path: Path) -> None:
    lines = [f"sentence number {n}\t{'odd' if n % 2 else 'even'}" for n in range(50)]
    train = write(tmp_path / "train.tsv", *lines)
    splits = load_labelled_sentences(TuningSettings(train=str(train)), "en", PUNCTUATION, 1)
    sizes = [len(part) for part in (splits.train, splits.dev, splits.test)]
    assert sizes == [40, 5, 5]
    sentences = {*splits.train.sentences, *splits.dev.sentences, *splits.test.sentences}
    assert len(sentences) == 50


def test_files_that_are_named_are_read_whole(tmp_path: Path) -> None:
    files = {
        name: str(write(tmp_path / f"{name}.tsv", f"{name}\ta", "other\tb"))
        for name in ("train", "dev", "test")
    }
    splits = load_labelled_sentences(TuningSettings(**files), "en", PUNCTUATION, 1)
    assert splits.dev.sentences == (("dev",), ("other",))
    assert splits.train.sentences == (("train",), ("other",))


def test_too_few_sentences_or_one_label_are_refused(tmp_path: Path) -> None:
    few = write(tmp_path / "few.tsv", "one\ta", "two\tb")
    with pytest.raises(UserError, match=r"fewer than 30 .* name tuning.dev and tuning.test"):
        load_labelled_sentences(TuningSettings(train=str(few)), "en", PUNCTUATION, 1)
    same = write(tmp_path / "same.tsv", *(f"number {n}\ta" for n in range(40)))
    with pytest.raises(UserError, match="every sentence has the same label, 'a'"):
        load_labelled_sentences(TuningSettings(train=str(same)), "en", PUNCTUATION, 1)
