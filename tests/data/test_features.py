from __future__ import annotations

import pytest

from onegrain.data.features import features_of, names_in, value_of


def test_a_bundle_gives_its_values_by_name() -> None:
    assert features_of("Number[psor]=Sing|PronType=Int,Rel") == {
        "Number[psor]": "Sing",
        "PronType": "Int,Rel",
    }
    assert features_of("_") == {}
    assert value_of("Number[psor]=Sing", "Number") == "_"


def test_words_of_a_multiword_token_without_the_feature_do_not_count() -> None:
    assert value_of("Tense=Past+Number=Sing", "Number") == "Sing"
    assert value_of("Tense=Past+Number=Sing", "Case") == "_"
    assert names_in("Tense=Past|Mood=Ind+Number=Sing") == {"Tense", "Mood", "Number"}


@pytest.mark.parametrize("bundle", ["Sing", "Number=", "=Sing", "Number=Sing|", "A=1|A=2", ""])
def test_what_is_no_bundle_is_refused(bundle: str) -> None:
    with pytest.raises(ValueError, match="expected features such as"):
        features_of(bundle)
