"""Where in its sentence a word stands: a label that needs no annotation."""

from __future__ import annotations

from onegrain.data.corpus import Words
from onegrain.settings import PositionScheme

BEGINNING, MIDDLE, END = "beginning", "middle", "end"


def position_labels(length: int, scheme: PositionScheme) -> Words:
    """Return beginning, middle or end for every word of a sentence.

    The AAAI 2019 paper probes "position of the word: beginning, middle, end" without saying where
    they end. Either definition here is its own mirror image.

    Args:
        length: Words of the sentence.
        scheme: By ``thirds`` a word whose middle lies in the first third of the sentence is its
            beginning, in the last third its end; a single word is the middle. By ``ends`` the
            beginning is the first word, the end the last, and a single word both: the beginning.

    Example:
        >>> position_labels(5, PositionScheme.thirds)
        ('beginning', 'beginning', 'middle', 'end', 'end')
        >>> position_labels(4, PositionScheme.ends)
        ('beginning', 'middle', 'middle', 'end')
    """
    if scheme is PositionScheme.ends:
        return (BEGINNING, *(MIDDLE,) * (length - 2), END)[:length]
    return tuple(_third_of(index, length) for index in range(length))


def _third_of(index: int, length: int) -> str:
    six_times_middle = 3 * (2 * index + 1)  # in whole numbers, so that no rounding decides
    if six_times_middle < 2 * length:
        return BEGINNING
    return END if six_times_middle > 4 * length else MIDDLE
