"""BLEU as sacrebleu computes it: raw references, detokenised hypotheses, a signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU


@dataclass(frozen=True)
class Bleu:
    """A corpus score, 0 to 100, and the signature of how it was computed."""

    score: float
    signature: str


def corpus_bleu(hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool) -> Bleu:
    """Score detokenised translations against one raw reference each (Post 2018).

    Args:
        hypotheses: Translations as a reader would see them; sacrebleu tokenises (13a).
        references: The untouched lines.
        lowercase: Compare without case, for a model that writes lower case only; the signature
            says so.

    Example:
        >>> bleu = corpus_bleu(["le chat dort ici."], ["Le chat dort ici."], lowercase=True)
        >>> round(bleu.score), bleu.signature.split("|")[1]
        (100, 'case:lc')
    """
    metric = BLEU(lowercase=lowercase)
    score = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Bleu(score, str(metric.get_signature()))
