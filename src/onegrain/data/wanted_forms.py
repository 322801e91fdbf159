"""Whether a translation has the wanted forms, where it is known exactly what they are.

The translations of a meaning as it is and as it is wanted share most words; what sets them apart
are the forms that show the feature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from onegrain.data.corpus import Words


@dataclass(frozen=True)
class WantedForms:
    """A translation as it is and as it is wanted.

    Attributes:
        present: The translation as it is.
        wanted: As it is wanted.
        present_places: Words of ``present`` that show its value; the others follow from them.
        wanted_places: The same of ``wanted``.

    Example:
        >>> forms = WantedForms.of(("il", "voit", "la", "mer"), ("il", "a", "vu", "la", "mer"))
        >>> forms.present_places, forms.wanted_places
        ((1,), (1, 2))
        >>> forms.shown_in(("il", "a", "vu", "le", "port"))
        True
        >>> forms.keeps_the_rest(("il", "a", "vu", "le", "port"))
        False
    """

    present: Words
    wanted: Words
    present_places: tuple[int, ...]
    wanted_places: tuple[int, ...]

    @classmethod
    def of(cls, present: Words, wanted: Words) -> WantedForms:
        """Take all words that set two translations apart."""
        return cls(present, wanted, _apart(present, wanted), _apart(wanted, present))

    def only(
        self, of_present: Callable[[int], bool], of_wanted: Callable[[int], bool]
    ) -> WantedForms:
        """Keep some of the places that show the value, or all where none would be left."""
        present = tuple(filter(of_present, self.present_places))
        wanted = tuple(filter(of_wanted, self.wanted_places))
        if not present and not wanted:
            return self
        return WantedForms(self.present, self.wanted, present, wanted)

    def shown_in(self, written: Sequence[str]) -> bool:
        """Whether a translation has the wanted forms, in their order, and not the present ones."""
        return self._shows_wanted(written) and not self._shows_present(written)

    def not_yet_in(self, written: Sequence[str]) -> bool:
        """Whether a translation has the present forms, and not the wanted ones."""
        return self._shows_present(written) and not self._shows_wanted(written)

    def keeps_the_rest(self, written: Sequence[str]) -> bool:
        """Whether a translation has all words that both share, and no others beside them.

        Where they differ it may have anything that is not longer than both.
        """
        pattern = ""
        for kind, start, end, first, last in _matcher(self.present, self.wanted).get_opcodes():
            if kind == "equal":
                shared = self.present[start:end]
                pattern += "".join(re.escape(word) + "\n" for word in shared)
            else:
                pattern += rf"(?:[^\n]*\n){{0,{max(end - start, last - first)}}}"
        return re.fullmatch(pattern, "".join(word + "\n" for word in written)) is not None

    def _shows_wanted(self, written: Sequence[str]) -> bool:
        if not self.wanted_places:  # the wanted translation only lacks something
            return not set(self.present_places) & _found(self.present, written)
        return set(self.wanted_places) <= _found(self.wanted, written)

    def _shows_present(self, written: Sequence[str]) -> bool:
        if not self.present_places:
            return not set(self.wanted_places) & _found(self.wanted, written)
        return set(self.present_places) <= _found(self.present, written)


def _apart(words: Words, other: Words) -> tuple[int, ...]:
    """Return the places of what one translation has and the other has not."""
    return tuple(sorted(set(range(len(words))) - _found(words, other)))


def _found(words: Words, written: Sequence[str]) -> set[int]:
    """Return the places of what is also in another text, in the same order."""
    blocks = _matcher(words, written).get_matching_blocks()
    return {place for block in blocks for place in range(block.a, block.a + block.size)}


def _matcher(words: Sequence[str], other: Sequence[str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, words, other, autojunk=False)
