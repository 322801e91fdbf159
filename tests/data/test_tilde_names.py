from __future__ import annotations

import pytest

from onegrain.data.corpus import NO_LABEL, Corpus
from onegrain.data.tilde_names import in_parts
from onegrain.settings import Parts

CORPUS = Corpus(
    "en",
    (("Charles~de~Gaulle", "sleeps"), ("~", "a~")),
    labels={"sem": (("PER", "ENS"), ("NIL", "DIS"))},
)


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (Parts.all, ("PER", "PER", "PER")),
        (Parts.first, ("PER", NO_LABEL, NO_LABEL)),
        (Parts.last, (NO_LABEL, NO_LABEL, "PER")),
    ],
)
def test_a_name_is_read_as_its_words(parts: Parts, name: tuple[str, ...]) -> None:
    read = in_parts(CORPUS, "sem", parts)
    assert read.sentences == (("Charles", "de", "Gaulle", "sleeps"), ("~", "a"))
    assert read.labels["sem"] == ((*name, "ENS"), ("NIL", "DIS"))
