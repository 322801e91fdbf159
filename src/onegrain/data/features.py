"""Morphological features as treebanks write them: ``Number=Sing|Tense=Past``, ``_`` for none."""

from __future__ import annotations

NONE = "_"
JOIN = "+"  # between the bundles of a multiword token's words


def value_of(bundle: str, feature: str) -> str:
    """Return the value of one feature, ``_`` where the word does not have it.

    Raises:
        ValueError: If the bundle is not ``Name=Value`` between bars.

    Example:
        >>> value_of("Number=Sing|Tense=Past", "Tense"), value_of("_", "Tense")
        ('Past', '_')
        >>> value_of("Number=Sing+Number=Plur|Tense=Past", "Number")
        'Sing+Plur'
    """
    parts = [features_of(part) for part in bundle.split(JOIN)]
    return JOIN.join(part[feature] for part in parts if feature in part) or NONE


def features_of(bundle: str) -> dict[str, str]:
    """Return all values by the names of their features.

    Raises:
        ValueError: If the bundle is not ``Name=Value`` between bars, or names one twice.
    """
    if bundle == NONE:
        return {}
    pairs = [part.partition("=") for part in bundle.split("|")]
    values = {name: value for name, _, value in pairs if name and value}
    if len(values) < len(pairs):
        raise ValueError(f"expected features such as Number=Sing|Tense=Past, found '{bundle}'")
    return values


def names_in(bundle: str) -> set[str]:
    """Return the names of all features of a word, or of a multiword token's words."""
    return set().union(*(features_of(part) for part in bundle.split(JOIN)))
