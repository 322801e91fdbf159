"""Whether a word is in a list: a label that needs no annotation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from onegrain.data.corpus import Words
from onegrain.data.text_files import read_lines
from onegrain.errors import UserError

OTHER = "other"


def list_labels(
    listed: Sequence[str], name: str | None, *, ignore_case: bool = True
) -> Callable[[Words], Words]:
    """Return a function from a sentence to its labels: in the list, or ``other``.

    Args:
        listed: The words of the list.
        name: The label of them all; None: each is its own label, spelled as in the list.
        ignore_case: Take words that differ in case only for the same.

    Example:
        >>> list_labels(["he", "she"], "pronoun")(("She", "sleeps"))
        ('pronoun', 'other')
        >>> list_labels(["he", "she"], None)(("She", "sleeps"))
        ('she', 'other')
    """
    label_of: dict[str, str] = {}
    for word in listed:
        label_of.setdefault(word.lower() if ignore_case else word, word if name is None else name)

    def labels(sentence: Words) -> Words:
        folded = (word.lower() if ignore_case else word for word in sentence)
        return tuple(label_of.get(word, OTHER) for word in folded)

    return labels


def read_list(path: Path) -> list[str]:
    """Read a file of one word a line; blank lines are skipped.

    Raises:
        UserError: If a line has several words, or no line has any.
    """
    words = []
    for number, line in enumerate(read_lines(path), 1):
        found = line.split()
        if len(found) > 1:
            raise UserError(f"{path}:{number}: expected one word, found '{line.strip()}'")
        words.extend(found)
    if not words:
        raise UserError(f"{path}: there is no word; expected one a line")
    return words
