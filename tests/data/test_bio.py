from __future__ import annotations

from pathlib import Path

import pytest

from onegrain.data.bio import require_bio
from onegrain.data.column_file import IOB2_COLUMNS, TWO_COLUMNS, Columns, read_columns
from onegrain.errors import UserError

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def check(tmp_path: Path, *tags: str) -> None:
    path = tmp_path / "a.conll"
    path.write_text("".join(f"w\t{tag}\n" if tag else "\n" for tag in tags))
    require_bio(path, read_columns(path))


def test_entities_may_touch_and_sentences_begin_afresh(tmp_path: Path) -> None:
    check(tmp_path, "B-PER", "I-PER", "B-PER", "B-LOC", "O", "", "O", "B-creative-work")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (("O", "PER"), r"a\.conll:2: expected O, B-TYPE or I-TYPE, found 'PER'; task=files"),
        (("B-",), r"a\.conll:1: expected O"),
        (("S-PER",), r"a\.conll:1: expected O"),
        (("O", "I-PER"), r"a\.conll:2: I-PER follows O, but in BIO .* begins with B-PER"),
        (("B-LOC", "I-PER"), r"a\.conll:2: I-PER follows B-LOC"),
        (("B-PER", "", "I-PER"), r"a\.conll:3: I-PER follows O"),
    ],
)
def test_what_is_not_bio_is_refused_by_line(
    tmp_path: Path, tags: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check(tmp_path, *tags)


@needs_data
@pytest.mark.parametrize(
    ("name", "columns", "sentences", "entities"),
    [
        ("wnut17/train.conll.xz", TWO_COLUMNS, 3394, 1975),
        ("uner/en_ewt-ud-dev.iob2.xz", IOB2_COLUMNS, 2001, 399 + 343 + 224),
    ],
)
def test_real_corpora_are_bio(name: str, columns: Columns, sentences: int, entities: int) -> None:
    rows = read_columns(DATA / name, columns)
    require_bio(DATA / name, rows)
    assert len(rows) == sentences
    assert sum(tagged.label.startswith("B-") for row in rows for tagged in row) == entities
