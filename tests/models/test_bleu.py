import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from onegrain.models.bleu import BleuCounts, corpus_bleu, signature

LINES = st.lists(
    st.sampled_from(["le", "chat", "Chat", "dort", "l'eau,", "3,5", "&quot;", "-", ".", "où"]),
    max_size=12,
).map(" ".join)
PAIRS = st.lists(st.tuples(LINES, LINES), min_size=1, max_size=8)


def test_the_score_is_the_formula_of_papineni_et_al():
    """One sentence, computed by hand: precisions 5/6, 3/5, 1/4, 0/3 smoothed to 1/6; no penalty."""
    bleu = corpus_bleu(["the cat sat on a mat"], ["the cat lay on a mat"], lowercase=False)
    expected = math.exp(sum(map(math.log, (5 / 6, 3 / 5, 1 / 4, 1 / 6))) / 4)
    assert bleu.score == pytest.approx(100 * expected)


def test_case_counts_unless_the_model_writes_lower_case_only():
    hypotheses, references = ["le chat dort ici ."], ["Le Chat dort ici ."]
    lower = corpus_bleu(hypotheses, references, lowercase=True)
    cased = corpus_bleu(hypotheses, references, lowercase=False)
    assert lower.score == pytest.approx(100)
    assert cased.score < 50


def test_the_signature_tells_how_it_was_computed():
    signature = corpus_bleu(["a b c d"], ["a b c d"], lowercase=True).signature
    assert {"nrefs:1", "case:lc", "tok:13a", "smooth:exp"} <= set(signature.split("|"))
    assert any(part.startswith("version:") for part in signature.split("|"))


@given(pairs=PAIRS, lowercase=st.booleans())
def test_counts_of_sentences_add_up_to_sacrebleus_corpus_score(pairs, lowercase):
    hypotheses, references = map(list, zip(*pairs, strict=True))
    counts = BleuCounts(references, lowercase=lowercase)
    expected = BLEU(lowercase=lowercase).corpus_score(hypotheses, [references]).score
    assert float(counts.scores(counts(hypotheses).sum(dim=0)[None])) == pytest.approx(expected)


@given(pairs=PAIRS, data=st.data())
def test_a_resampled_corpus_is_scored_by_how_often_its_sentences_stand_in_it(pairs, data):
    drawn = data.draw(st.lists(st.integers(0, len(pairs) - 1), min_size=1, max_size=12))
    hypotheses, references = map(list, zip(*pairs, strict=True))
    counts = BleuCounts(references, lowercase=False)
    times = torch.bincount(torch.tensor(drawn), minlength=len(pairs))
    expected = BLEU().corpus_score(
        [hypotheses[row] for row in drawn], [[references[row] for row in drawn]]
    )
    found = counts.scores((times @ counts(hypotheses))[None])
    assert float(found) == pytest.approx(expected.score)


def test_a_hypothesis_that_was_seen_before_is_counted_for_its_own_sentence():
    counts = BleuCounts(["a b c d", "a b x y"], lowercase=False)
    first = counts(["a b c d", "a b c d"])
    assert first[:, :4].tolist() == [[4, 3, 2, 1], [2, 1, 0, 0]]
    assert torch.equal(counts(["a b c d", "a b c d"]), first)
    assert counts(["a b x y", "a b x y"])[:, 0].tolist() == [2, 4]


@pytest.mark.parametrize("lowercase", [True, False])
def test_the_signature_does_not_depend_on_the_text(lowercase):
    scored = corpus_bleu(["le chat dort ici ."], ["Le chat dort là ."], lowercase=lowercase)
    assert signature(lowercase=lowercase) == scored.signature
