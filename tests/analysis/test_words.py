from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from onegrain.analysis.properties import WordTypes
from onegrain.analysis.words import top_words
from onegrain.probing.groups import group_means
from onegrain.probing.labelled import InMemory

HOSTILE = ["</script><script>alert(1)</script>", "=1+1", 'a,b"c', "\r", "NA", "\u202e", "a"]


@given(
    words=st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=60),
    min_count=st.integers(1, 3),
    shown=st.integers(1, 9),
    seed=st.integers(0, 2**31),
)
def test_top_words_are_those_of_a_plain_loop(
    words: list[str], min_count: int, shown: int, seed: int
) -> None:
    values = torch.randn(len(words), 3, generator=torch.Generator().manual_seed(seed))
    types = WordTypes.of(words, min_count)
    means = group_means(InMemory(values), {"word": types.identity.groups})["word"]
    table = top_words(means, types.types, shown)
    for neuron in range(3):
        mean = {
            word: torch.stack([v for v, w in zip(values, words, strict=True) if w == word])
            .double()
            .mean(dim=0)[neuron]
            .item()
            for word in dict.fromkeys(words)
            if words.count(word) >= min_count
        }
        for end, falling in (("top", True), ("bottom", False)):
            rows = table[(table["neuron"] == neuron) & (table["end"] == end)]
            expected = sorted(mean, key=mean.__getitem__, reverse=falling)[:shown]
            assert rows["word"].tolist() == expected
            assert rows["place"].tolist() == list(range(1, len(expected) + 1))
            assert rows["count"].tolist() == [words.count(word) for word in expected]
            torch.testing.assert_close(rows["mean"].tolist(), [mean[word] for word in expected])


def test_the_sign_is_kept() -> None:
    values = InMemory(torch.tensor([[-5.0], [1.0], [2.0]]))
    means = group_means(values, {"word": torch.tensor([0, 1, 2])})["word"]
    table = top_words(means, ["far below", "one", "two"], shown=1)
    assert table["word"].tolist() == ["two", "far below"]
    assert table["mean"].tolist() == [2.0, -5.0]


def test_where_all_words_are_rare_none_is_listed() -> None:
    types = WordTypes.of(["a", "b"], min_count=2)
    means = group_means(InMemory(torch.randn(2, 3)), {"word": types.identity.groups})["word"]
    table = top_words(means, types.types, shown=5)
    assert table.empty
    assert list(table.columns) == ["neuron", "end", "place", "word", "mean", "count"]
