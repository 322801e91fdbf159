from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.column_file import (
    IOB2_COLUMNS,
    PMB_COLUMNS,
    TWO_COLUMNS,
    Columns,
    corpus_of,
    read_columns,
)
from onegrain.data.corpus import Corpus
from onegrain.errors import UserError

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def read(path: Path, columns: Columns = TWO_COLUMNS) -> Corpus:
    return corpus_of(read_columns(path, columns), "en", "ner")


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")

CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\ufeff"), min_size=1
).filter(lambda cell: bool(cell.strip()))


@given(st.lists(st.lists(st.tuples(CELL, CELL), min_size=1), min_size=1), st.booleans())
def test_sentences_that_were_written_are_read(
    sentences: list[list[tuple[str, str]]], ends_blank: bool
) -> None:
    blocks = ["".join(f"{word}\t{label}\n" for word, label in row) for row in sentences]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.tsv"
        path.write_bytes(("\n".join(blocks) + "\n" * ends_blank).encode())
        corpus = read(path)
    assert corpus.sentences == tuple(tuple(word for word, _ in row) for row in sentences)
    assert corpus.labels["ner"] == tuple(tuple(label for _, label in row) for row in sentences)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("word", r"a\.tsv:4: expected 'word<TAB>label', found 1 column$"),
        ("a\tb\tc", r"a\.tsv:4: expected 'word<TAB>label', found 3 columns$"),
        ("\tb", r"a\.tsv:4: the word or its label is empty"),
        ("a\t ", r"a\.tsv:4: the word or its label is empty"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"x\ty\n\n\n{line}\n")
    with pytest.raises(UserError, match=message):
        read(path)


def test_blank_lines_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("\n\n")
    with pytest.raises(UserError, match="there is no sentence"):
        read(tmp_path / "a.tsv")


def test_lines_are_kept_and_a_word_may_begin_with_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("#tag\tO\n#\tO\n\n# two\tX\n")
    rows = [[tuple(tagged) for tagged in row] for row in read_columns(path)]
    assert rows == [[(1, "#tag", "O"), (2, "#", "O")], [(4, "# two", "X")]]


def test_a_wider_table_has_comments_and_columns_of_choice(tmp_path: Path) -> None:
    path = tmp_path / "a.iob2"
    path.write_text("# id\t= 3\n##\n1\ta\tX\t-\t-\n2\t#b\tY\t-\tme\n")
    assert read(path, IOB2_COLUMNS).sentences == (("a", "#b"),)
    assert read(path, Columns(3, 1)).labels["ner"] == (("1", "2"),)
    with pytest.raises(UserError, match=r"a\.iob2:3: expected a word in column 2 and"):
        read(path, Columns(2, 6))


@needs_data
def test_the_two_forms_of_the_parallel_meaning_bank_are_read_alike() -> None:
    folder = DATA / "pmb" / "4.0.0" / "en" / "gold"
    corpus = read(folder / "train.sem.tsv.xz")
    assert (len(corpus), corpus.word_count) == (7745, 50_408)
    assert read(folder / "train.conll.xz", PMB_COLUMNS) == corpus
