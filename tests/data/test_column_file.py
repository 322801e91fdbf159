from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onegrain.data.tsv_file import read_tsv

from onegrain.errors import UserError

PMB = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "pmb" / "4.0.0"
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
        corpus = read_tsv(path, "en", "ner")
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
        read_tsv(path, "en")


def test_blank_lines_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("\n\n")
    with pytest.raises(UserError, match="there is no sentence"):
        read_tsv(tmp_path / "a.tsv", "en")


@pytest.mark.skipif(not PMB.is_dir(), reason="needs ../shared/data/pmb")
def test_the_parallel_meaning_bank_is_read() -> None:
    corpus = read_tsv(PMB / "en" / "gold" / "train.sem.tsv.xz", "en", "sem")
    assert (len(corpus), corpus.word_count) == (7745, 50_408)
