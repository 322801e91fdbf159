"""Open and closed word classes, by the tags of Universal Dependencies or of the Penn Treebank.

Open classes take in new words (nouns, verbs); closed ones hardly do (determiners, pronouns). Dalvi
et al. (AAAI 2019, Figure 6) find that closed classes need fewer neurons.
"""

from __future__ import annotations

from collections.abc import Sequence

OPEN, CLOSED, OTHER = "open", "closed", "other"
CLASSES = (OPEN, CLOSED, OTHER)

_UNIVERSAL = {  # https://universaldependencies.org/u/pos
    OPEN: "ADJ ADV INTJ NOUN PROPN VERB",
    CLOSED: "ADP AUX CCONJ DET NUM PART PRON SCONJ",
    OTHER: "PUNCT SYM X",
}
_PENN = {  # with those that UD English adds; auxiliaries are VB*, and "not" is RB
    OPEN: "JJ JJR JJS NN NNS NNP NNPS RB RBR RBS UH VB VBD VBG VBN VBP VBZ",
    CLOSED: "CC CD DT EX IN MD PDT POS PRP PRP$ RP TO WDT WP WP$ WRB",
    OTHER: "$ '' `` , . : # ( ) -LRB- -RRB- HYPH NFP SYM FW LS ADD AFX GW XX",
}
_TAGSETS = [
    {tag: name for name, tags in classes.items() for tag in tags.split()}
    for classes in (_UNIVERSAL, _PENN)
]
_NEITHER = {"_": OTHER, "other": OTHER}  # no tag; rare tags that were merged into one


def word_classes(labels: Sequence[str]) -> list[str]:
    """Return ``open``, ``closed`` or ``other`` for each tag; empty if labels are no tags.

    Labels are tags if all of them are in one of the two tag sets, because short names mean other
    things in other tasks. The joined tag of a multiword token is open if one of its parts is
    (``NOUN+PART``, as in "dog's"), else closed if one is (``ADP+DET``).

    Example:
        >>> word_classes(["NOUN", "DET", "ADP+DET", "VERB+PRON", "PUNCT"])
        ['open', 'closed', 'closed', 'open', 'other']
        >>> word_classes(["O", "B-PER"])
        ['', '']
    """
    parts = [_parts(label) for label in labels]
    for tags in _TAGSETS:
        known = tags | _NEITHER
        if all(part in known for each in parts for part in each) and any(
            part in tags for each in parts for part in each
        ):
            classes = [{known[part] for part in each} for each in parts]
            return [next(name for name in CLASSES if name in found) for found in classes]
    return [""] * len(labels)


def _parts(label: str) -> list[str]:
    return label.split("+") if label.strip("+") else [label]
