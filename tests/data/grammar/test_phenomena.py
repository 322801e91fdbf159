from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

Rows = list[tuple[str, str, str, str]]


def _morph(*features: str) -> Callable[[Rows], bool]:
    return lambda rows: any(set(features) <= set(row[2].split("|")) for row in rows)


def _sem(*tags: str) -> Callable[[Rows], bool]:
    return lambda rows: any(row[3] in tags for row in rows)


def _form(*forms: str) -> Callable[[Rows], bool]:
    return lambda rows: any(row[0].lower() in forms for row in rows)


PHENOMENA = {
    "en present": ("en", _sem("ENS")),
    "en past": ("en", _sem("EPS", "EXT")),
    "en future": ("en", _sem("FUT")),
    "en progressive": ("en", _sem("EXG")),
    "en negation": ("en", _morph("Polarity=Neg")),
    "en never": ("en", _form("never")),
    "en do-support": ("en", _form("do", "does", "did")),
    "en number": ("en", _morph("NumType=Card")),
    "en month": ("en", _sem("MOY")),
    "en day": ("en", _sem("DOW")),
    "en relative": ("en", _morph("PronType=Rel")),
    "en coordination of nouns": ("en", _sem("GRP")),
    "en coordination of clauses": ("en", _sem("COO")),
    "en subordinate clause": ("en", _sem("SUB")),
    "en possessive": ("en", _morph("Poss=Yes")),
    "en name's": ("en", _form("'s")),
    "en comparative": ("en", _sem("MOR")),
    "en city or country": ("en", _sem("GPE")),
    "en question": ("en", _form("?")),
    "en request": ("en", _morph("Mood=Imp")),
    "en modal": ("en", _form("can", "must", "want", "wants")),
    "fr passé composé": ("fr", _morph("Tense=Past", "VerbForm=Part")),
    "fr être": (
        "fr",
        lambda rows: any(
            a[1] == "AUX"
            and a[2].endswith("Fin")
            and b[2].startswith("Gender")
            and b[1] == "VERB"
            and a[0] in ("est", "sont", "suis", "es", "êtes", "sommes")
            for a, b in itertools.pairwise(rows)
        ),
    ),
    "fr imparfait": ("fr", _morph("Tense=Imp")),
    "fr futur": ("fr", _morph("Tense=Fut")),
    "fr tu": ("fr", _form("tu")),
    "fr vous": ("fr", _form("vous")),
    "fr clitic": (
        "fr",
        lambda rows: any(a[1] == "PRON" and a[0] in ("le", "la", "l'", "les", "lui") for a in rows),
    ),
    "fr qui": ("fr", _form("qui")),
    "fr du": ("fr", lambda rows: any(row[1] == "ADP+DET" for row in rows)),
    "de du": ("de", _form("du")),
    "de Sie": ("de", _morph("Polite=Form")),
    "de kein": ("de", _morph("PronType=Neg")),
    "de nicht": ("de", _form("nicht")),
    "de dative": ("de", _morph("Case=Dat")),
    "de genitive": ("de", _morph("Case=Gen")),
    "de Präteritum": ("de", _morph("Tense=Past", "VerbForm=Fin")),
    "de separated prefix": (
        "de",
        lambda rows: any(
            row[0] in ("an", "auf", "ein", "zu", "vor", "aus", "zurück", "ab", "nach")
            and after[1] == "PUNCT"
            for row, after in itertools.pairwise(rows)
        ),
    ),
    "de dass": ("de", _form("dass")),
    "de weil": ("de", _form("weil")),
}


@pytest.mark.parametrize("name", PHENOMENA)
def test_a_phenomenon_is_in_more_than_one_sentence_in_a_hundred(written, name) -> None:
    language, has = PHENOMENA[name]
    side = written[language]
    columns = zip(side["sentences"], side["pos"], side["morph"], side["sem"], strict=True)
    found = sum(has(list(zip(*sentence, strict=True))) for sentence in columns)
    assert found > 120, f"{found} of 12000"
