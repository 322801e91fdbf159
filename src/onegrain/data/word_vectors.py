"""Pretrained word vectors in the text format of GloVe: a word and its numbers a line."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import math
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.errors import UserError


@dataclass(frozen=True, eq=False)
class WordVectors:
    """A vector for each of some words.

    Attributes:
        words: In the order of the file they come from.
        values: Their vectors.
    """

    words: tuple[str, ...]
    values: Float[Tensor, "words width"]

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return self.values.shape[1]

    @property
    def fingerprint(self) -> str:
        """A hash of the words and their numbers."""
        digest = hashlib.sha256("\n".join(self.words).encode())
        digest.update(self.values.numpy().tobytes())
        return digest.hexdigest()


def read_vectors(path: Path, needed: Collection[str]) -> WordVectors:
    """Read the vectors of the words that are needed; the file is never in memory as a whole.

    A first line of two whole numbers (how many words, how wide), as word2vec and fastText write
    it, is passed over, and so is a word that has spaces in it. Where a word stands twice, its first
    vector counts.

    Args:
        path: Lines of ``word number number ...``, plain, ``.gz`` or ``.xz``.
        needed: Words as they are spelled in the file.

    Raises:
        UserError: If the file cannot be read, a line is of another width than the first or has
            something else than numbers, or no word is needed.
    """
    wanted = set(needed)
    words: list[str] = []
    rows: list[list[float]] = []
    width = 0
    for number, line in _lines(path):
        cells = line.rstrip("\r\n ").split(" ")
        if number == 1 and len(cells) == 2 and all(cell.isdecimal() for cell in cells):
            continue
        width = width or len(cells) - 1
        if len(cells) > width + 1 and not _is_number(cells[1]):
            continue  # a "word" of several parts, as some of GloVe's files have
        if len(cells) != width + 1 or width == 0:
            raise UserError(
                f"{path}:{number}: expected a word and {width or 'its'} numbers between spaces, "
                f"found {len(cells) - 1} after '{_short(cells[0])}'"
            )
        if cells[0] in wanted:
            wanted.discard(cells[0])
            words.append(cells[0])
            rows.append(_numbers(path, number, cells[1:]))
    if not words:
        raise UserError(f"{path}: has a vector for none of the {len(wanted)} words of the text")
    return WordVectors(tuple(words), torch.tensor(rows))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                yield number, line.decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; expected word vectors") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}:{number}: is not valid UTF-8") from None
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None


def _opened(path: Path) -> BufferedIOBase:
    match path.suffix:
        case ".gz":
            return gzip.open(path)
        case ".xz":
            return lzma.open(path)
    return path.open("rb")


def _numbers(path: Path, line: int, cells: list[str]) -> list[float]:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError as error:
        raise UserError(f"{path}:{line}: {error}") from None
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"{path}:{line}: a number is infinite or none at all")
    return numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _short(word: str) -> str:
    return word if len(word) <= 20 else f"{word[:20]}…"
