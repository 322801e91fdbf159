"""Whether a translation has the wanted forms, where it is known exactly what they are.

The translations of a meaning as it is and as it is wanted share most words; what sets them apart
are the forms that show the feature.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

Tokens = Sequence[str]


def shows(written: Tokens, wanted: Tokens, present: Tokens) -> bool:
    """Whether a translation has the words that set the wanted translation apart, where they belong.

    All that only ``wanted`` has are there, in its order and beside what surrounds them, and some of
    what only ``present`` has is not.

    Example:
        >>> wanted, present = "il a vu la mer".split(), "il voit la mer".split()
        >>> shows("il a vu le port".split(), wanted, present), shows(present, wanted, present)
        (True, False)
    """
    has_wanted = _apart(wanted, present) <= _found(wanted, written)
    only_present = _apart(present, wanted)
    has_present = only_present <= _found(present, written) if only_present else False
    return has_wanted and not has_present


def keeps_the_rest(written: Tokens, wanted: Tokens, present: Tokens) -> bool:
    """Whether a translation has all words that both translations share, and no others beside those.

    Where they differ it may have anything that is not longer than either.

    Example:
        >>> wanted, present = "il a vu la mer".split(), "il voit la mer".split()
        >>> keeps_the_rest("il regardait la mer".split(), wanted, present)
        True
        >>> keeps_the_rest("il a vu le port".split(), wanted, present)
        False
    """
    pattern = ""
    for kind, start, end, other, last in _matcher(present, wanted).get_opcodes():
        if kind == "equal":
            pattern += "".join(re.escape(token) + "\n" for token in present[start:end])
        else:
            pattern += rf"(?:[^\n]*\n){{0,{max(end - start, last - other)}}}"
    return re.fullmatch(pattern, "".join(token + "\n" for token in written)) is not None


def _apart(tokens: Tokens, other: Tokens) -> set[int]:
    """Return the places of what one translation has and the other has not."""
    return set(range(len(tokens))) - _found(tokens, other)


def _found(tokens: Tokens, written: Tokens) -> set[int]:
    """Return the places of what is also in another text, in the same order."""
    blocks = _matcher(tokens, written).get_matching_blocks()
    return {place for block in blocks for place in range(block.a, block.a + block.size)}


def _matcher(tokens: Tokens, other: Tokens) -> SequenceMatcher[str]:
    return SequenceMatcher(None, tokens, other, autojunk=False)
