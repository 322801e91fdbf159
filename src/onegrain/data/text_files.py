"""Lines of text from plain, gzip and xz files."""

from __future__ import annotations

import gzip
import logging
import lzma
import zlib
from pathlib import Path

from onegrain.data.corpus import Corpus
from onegrain.data.tokenization import words_of
from onegrain.errors import UserError
from onegrain.settings import Splitting

log = logging.getLogger(__name__)

_BYTE_ORDER_MARK = "\ufeff"


def read_lines(path: Path) -> list[str]:
    r"""Read the lines of a UTF-8 file, unpacked by its suffix (``.gz``, ``.xz``).

    Only ``\n`` and ``\r\n`` end a line: other characters that Unicode calls line ends, such as
    U+2028, occur inside sentences and would shift all pairs after them.

    Raises:
        UserError: If the file is missing, empty, damaged or not UTF-8.
    """
    content = _unpack(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        bad = content[error.start]
        raise UserError(f"{path}:{line}: byte 0x{bad:02x} is not valid UTF-8") from None
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if not text:
        raise UserError(f"{path}: the file is empty; expected at least one line")
    lines = text.removesuffix("\n").split("\n")
    return [line.removesuffix("\r") for line in lines]


def read_parallel(
    source: Path, target: Path, languages: tuple[str, str], splitting: Splitting
) -> Corpus:
    """Read two aligned files, one sentence a line; pairs with an empty side are dropped.

    Returns:
        The source sentences with the target as translation; ``text`` is as it stands in the files.

    Raises:
        UserError: If a file cannot be read, their lengths differ or no pair is left.
    """
    texts = read_lines(source), read_lines(target)
    if len(texts[0]) != len(texts[1]):
        raise UserError(
            f"{source} has {len(texts[0])} lines and {target} has {len(texts[1])}: "
            "aligned files have equally many"
        )
    kept = [(line, other) for line, other in zip(*texts, strict=True) if _both(line, other)]
    if not kept:
        raise UserError(f"{source}, {target}: no line has words on both sides")
    if len(kept) < len(texts[0]):
        dropped = len(texts[0]) - len(kept)
        log.warning("%s, %s: %d pairs with an empty side dropped", source, target, dropped)
    lines, others = zip(*kept, strict=True)
    translation = _corpus_of(others, languages[1], splitting)
    return _corpus_of(lines, languages[0], splitting, translation)


def find_packed(path: Path) -> Path:
    """Return ``path`` or, where there is none, its ``.xz`` or ``.gz``.

    Raises:
        UserError: If none of them exists.
    """
    for suffix in ("", ".xz", ".gz"):
        packed = path.with_name(path.name + suffix)
        if packed.is_file():
            return packed
    raise UserError(f"{path}: no such file, nor its .xz or .gz")


def _unpack(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path}: cannot be read ({reason}); expected a text file") from None
    try:
        if path.suffix == ".gz":
            return gzip.decompress(content)
        if path.suffix == ".xz":
            return lzma.decompress(content)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{path}: not a whole {path.suffix} file ({error})") from None
    return content


def _both(line: str, other: str) -> bool:
    return bool(line.strip() and other.strip())


def _corpus_of(
    lines: tuple[str, ...], language: str, splitting: Splitting, translation: Corpus | None = None
) -> Corpus:
    sentences = tuple(words_of(line, language, splitting) for line in lines)
    return Corpus(language, sentences, text=lines, translation=translation)
