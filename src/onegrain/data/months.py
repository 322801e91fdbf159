"""Whether a word is a month: a label that needs no annotation."""

from __future__ import annotations

from collections.abc import Callable

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
AMBIGUOUS = {"en": {"March", "May", "August"}, "fr": {"mars"}, "de": set[str]()}


def month_labels(
    language: str, ambiguous: Ambiguous = Ambiguous.by_case, *, each: bool = False
) -> Callable[[Words], Words]:
    """Return a function from a sentence to its labels: a month, or ``other``.

    Names in full count, whatever their case, not abbreviations. English "may", "march" and
    "august" and French "mars" mean other things too.

    Args:
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
        >>> month_labels("en")(("May", "we", "go", "in", "May", "?"))
        ('', 'other', 'other', 'other', 'month', 'other')
    """
    if language not in MONTHS:
        raise UserError(
            f"task=months: knows the months of {', '.join(MONTHS)}, not of '{language}'; "
            "task=vocabulary takes any list of words"
        )
    label_of = {name.lower(): name.lower() if each else MONTH for name in MONTHS[language].split()}
    spelled = {name.lower(): name for name in AMBIGUOUS[language]}
    if ambiguous is Ambiguous.month:
        spelled = {}

    def labels(sentence: Words) -> Words:
        found = [label_of.get(word.lower(), OTHER) for word in sentence]
        for place, word in enumerate(sentence):
            if word.lower() in spelled:
                if ambiguous is Ambiguous.drop or place == 0:
                    found[place] = NO_LABEL
                elif word != spelled[word.lower()]:
                    found[place] = OTHER
        return tuple(found)

    return labels
