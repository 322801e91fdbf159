"""Whether a word is a month: a label that needs no annotation."""

from __future__ import annotations

from onegrain.data.corpus import NO_LABEL, Words
from onegrain.data.word_lists import OTHER
from onegrain.errors import UserError
from onegrain.settings import Ambiguous

MONTH = "month"
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
AMBIGUOUS = {"en": {"march", "may", "august"}, "fr": {"mars"}, "de": set[str]()}


def month_labels(sentence: Words, language: str, ambiguous: Ambiguous, *, each: bool) -> Words:
    """Return for every word whether it is a month.

    Names in full count, whatever their case, not abbreviations. English "may", "march" and
    "august" and French "mars" mean other things too.

    Args:
        sentence: The words.
        language: ``en``, ``fr`` or ``de``.
        ambiguous: By ``by_case`` such a word is a month where it is written as months are (May,
            mars) and something else where it is not (may, Mars), except as the first word of a
            sentence: its capital says nothing there, so it has no label. ``month``: it always is
            one. ``drop``: it never has a label.
        each: Make every month a label of its own, in the language and in lower case, instead of
            ``month``.

    Raises:
        UserError: If the months of the language are not known here.

    Example:
        >>> month_labels(("May", "we", "go", "in", "May", "?"), "en", Ambiguous.by_case, each=False)
        ('', 'other', 'other', 'other', 'month', 'other')
    """
    if language not in MONTHS:
        raise UserError(
            f"task=months: knows the months of {', '.join(MONTHS)}, not of '{language}'; "
            "task=vocabulary takes any list of words"
        )
    spelled = {name.lower(): name for name in MONTHS[language].split()}

    def label(place: int, word: str) -> str:
        name = word.lower()
        if name not in spelled:
            return OTHER
        if name in AMBIGUOUS[language] and ambiguous is not Ambiguous.month:
            if ambiguous is Ambiguous.drop or place == 0:
                return NO_LABEL
            if word != spelled[name]:
                return OTHER
        return name if each else MONTH

    return tuple(label(place, word) for place, word in enumerate(sentence))
