from __future__ import annotations

import gzip
import logging
import lzma
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onegrain.data.text_files import find_packed, read_lines, read_parallel
from onegrain.errors import UserError
from onegrain.settings import Splitting

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
}
LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")).filter(
        lambda line: not line.endswith("\r") and not line.startswith("\ufeff")
    ),
    min_size=1,
)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.sampled_from(list(PACK)), st.booleans())
def test_lines_that_were_written_are_read(
    lines: list[str], end: str, suffix: str, marked: bool
) -> None:
    text = ("\ufeff" if marked else "") + end.join(lines) + end
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"text{suffix}"
        path.write_bytes(PACK[suffix](text.encode()))
        assert read_lines(path) == lines


def test_only_newlines_end_a_line(tmp_path: Path) -> None:
    line = "a\rb\x0cc\x85d\u2028e\x1cf"
    (tmp_path / "a.en").write_bytes(f"{line}\nz".encode())
    assert read_lines(tmp_path / "a.en") == [line, "z"]


@pytest.mark.parametrize("suffix", PACK)
def test_an_invalid_byte_is_named_with_its_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.en{suffix}"
    path.write_bytes(PACK[suffix](b"good\nfine\nbad \xff\n"))
    with pytest.raises(UserError, match=r"a\.en\S*:3: byte 0xff is not valid UTF-8"):
        read_lines(path)


@pytest.mark.parametrize("content", [b"", "\ufeff".encode()])
def test_an_empty_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.en").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.en: the file is empty"):
        read_lines(tmp_path / "a.en")


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("damage", [b"plain text", None])
def test_a_damaged_archive_is_refused(suffix: str, damage: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / f"a.en{suffix}"
    path.write_bytes(damage if damage is not None else PACK[suffix](b"text" * 99)[:-6])
    with pytest.raises(UserError, match=f"not a whole {suffix} file"):
        read_lines(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.en", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            read_lines(path)


def test_packed_files_are_found_by_their_plain_name(tmp_path: Path) -> None:
    (tmp_path / "a.en.gz").touch()
    assert find_packed(tmp_path / "a.en") == tmp_path / "a.en.gz"
    with pytest.raises(UserError, match=r"b\.en: no such file"):
        find_packed(tmp_path / "b.en")


def parallel(folder: Path, source: str, target: str) -> tuple[Path, Path]:
    paths = folder / "a.en", folder / "a.fr"
    for path, text in zip(paths, (source, target), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_pairs_are_cut_and_keep_their_raw_text(tmp_path: Path) -> None:
    paths = parallel(tmp_path, "I'm  HERE.\n", "J'y suis !\n")
    corpus = read_parallel(*paths, ("en", "fr"), Splitting.punctuation)
    assert corpus.sentences == (("I", "'m", "HERE", "."),)
    assert corpus.text == ("I'm  HERE.",)
    assert corpus.translation is not None
    assert corpus.translation.language == "fr"
    assert corpus.translation.sentences == (("J'", "y", "suis", "!"),)
    assert corpus.translation.text == ("J'y suis !",)


def test_files_of_unequal_length_are_named_with_their_counts(tmp_path: Path) -> None:
    paths = parallel(tmp_path, "a\nb\n", "a\n")
    with pytest.raises(UserError, match=r"a\.en has 2 lines and \S+a\.fr has 1"):
        read_parallel(*paths, ("en", "fr"), Splitting.spaces)


def test_pairs_with_an_empty_side_are_dropped_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = parallel(tmp_path, "a\n\nb\nc\n", "a\nx\n \nc\n")
    with caplog.at_level(logging.INFO):
        corpus = read_parallel(*paths, ("en", "fr"), Splitting.spaces)
    assert corpus.text == ("a", "c")
    assert "2 pairs with an empty side dropped" in caplog.text


def test_files_without_any_pair_are_refused(tmp_path: Path) -> None:
    paths = parallel(tmp_path, "\n\n", "a\nb\n")
    with pytest.raises(UserError, match="no line has words on both sides"):
        read_parallel(*paths, ("en", "fr"), Splitting.spaces)
