import math

import pytest

from onegrain.models.bleu import corpus_bleu


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
