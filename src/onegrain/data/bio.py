"""Named entities in BIO: ``B-PER`` begins one, ``I-PER`` goes on with it, ``O`` is outside."""

from __future__ import annotations

import re
from pathlib import Path

from onegrain.data.column_file import Sentences
from onegrain.errors import UserError

OUTSIDE = "O"
_TAG = re.compile(r"O|[BI]-\S.*")


def require_bio(path: Path, sentences: Sentences) -> None:
    """Refuse labels that are not BIO.

    Raises:
        UserError: At the first label of another form, or an ``I-`` that goes on with nothing.
    """
    for row in sentences:
        before = OUTSIDE
        for line, _, tag in row:
            if not is_bio_tag(tag):
                raise UserError(
                    f"{path}:{line}: expected O, B-TYPE or I-TYPE, found '{tag}'; "
                    "task=files takes labels of any kind"
                )
            if tag.startswith("I-") and entity_type(before) != entity_type(tag):
                raise UserError(
                    f"{path}:{line}: {tag} follows {before}, but in BIO an entity begins with "
                    f"B-{entity_type(tag)}; task=files takes labels of any kind"
                )
            before = tag


def is_bio_tag(tag: str) -> bool:
    """Return whether a label has the form of BIO."""
    return _TAG.fullmatch(tag) is not None


def entity_type(tag: str) -> str:
    """Return a tag without its prefix.

    Example:
        >>> entity_type("B-PER"), entity_type("O")
        ('PER', 'O')
    """
    return tag if tag == OUTSIDE else tag[2:]
