from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis.properties import WordTypes, label_property, position_properties
from onegrain.data.corpus import NO_LABEL

WORDS = st.lists(st.sampled_from(["a", "A", "b", "<b>", "", "\u2028", "é"]), max_size=30)


@given(words=WORDS, min_count=st.integers(1, 5), lowercase=st.booleans())
def test_frequent_words_have_a_group_each_and_all_others_one(
    words: list[str], min_count: int, lowercase: bool
) -> None:
    found = WordTypes.of(words, min_count, lowercase=lowercase)
    read = [word.lower() if lowercase else word for word in words]
    counts = [read.count(word) for word in found.types]
    assert set(found.types) == {word for word in read if read.count(word) >= min_count}
    assert counts == sorted(counts, reverse=True)
    names = [*found.types, None]
    said = [names[group] for group in found.identity.groups.tolist()]
    assert said == [word if word in found.types else None for word in read]


def test_labels_of_one_name_are_one_group_and_a_word_without_label_is_in_none() -> None:
    groups = label_property(["NOUN", NO_LABEL, "X|Y", "NOUN"]).groups
    assert groups.tolist() == [0, -1, 1, 0]


def test_positions_are_counted_from_both_ends_of_the_sentence() -> None:
    lengths = [5, 1, 2, 7]
    sentence = torch.arange(4).repeat_interleave(torch.tensor(lengths))
    position = torch.cat([torch.arange(length) for length in lengths])
    found = position_properties(sentence, position)
    assert found["word_number"].groups.tolist() == position.tolist()
    relative = found["relative_position"]
    assert relative.values is not None
    expected = [0, 0.25, 0.5, 0.75, 1, 0, 0, 1, *(place / 6 for place in range(7))]
    assert relative.values[relative.groups].tolist() == expected
    thirds = [*(0, 0, 1, 2, 2), 0, *(0, 2), *(0, 0, 1, 1, 2, 2, 2)]
    assert found["sentence_third"].groups.tolist() == thirds
