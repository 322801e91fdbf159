"""BLEU as sacrebleu computes it: raw references, detokenised hypotheses, a signature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.helpers import extract_all_word_ngrams
from torch import Tensor


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


def signature(*, lowercase: bool) -> str:
    """Return how a corpus with one reference is scored, in sacrebleu's words."""
    metric = BLEU(lowercase=lowercase)
    metric.corpus_score([""], [[""]])  # it knows its number of references only afterwards
    return str(metric.get_signature())


class BleuCounts:
    """What each sentence contributes to a corpus's BLEU, so that many corpora can be scored.

    A sentence's counts are its numbers of matching and of all n-grams for n = 1 to 4, and the
    lengths of hypothesis and reference; those of a corpus are their sum. A hypothesis that was seen
    before is not counted anew.

    Args:
        references: The untouched line of each sentence.
        lowercase: Compare without case.

    Example:
        >>> counts = BleuCounts(["Le chat dort ici.", "Il pleut."], lowercase=True)
        >>> found = counts(["le chat dort ici.", "il neige."])
        >>> found.shape
        torch.Size([2, 10])
        >>> counts.scores(found).round().tolist()
        [100.0, 0.0]
    """

    def __init__(self, references: Sequence[str], *, lowercase: bool) -> None:
        self.references = references
        self._lowercase, self._tokenize = lowercase, BLEU().tokenizer
        self._wanted = [self._ngrams(text) for text in references]
        self._seen: list[dict[str, list[int]]] = [{} for _ in references]

    def __call__(self, hypotheses: Sequence[str]) -> Int[Tensor, "sentences 10"]:
        """Count for one detokenised translation of each sentence."""
        pairs = enumerate(hypotheses)
        return torch.tensor([self._count(row, text) for row, text in pairs]).view(-1, 10)

    @staticmethod
    def scores(counts: Int[Tensor, "corpora 10"]) -> Float[Tensor, " corpora"]:
        """Return the BLEU, 0 to 100, of corpora whose counts have these sums.

        It is that of `corpus_bleu` with its smoothing (``exp``: the k-th order without a match
        counts half a match, a quarter, ...), for a thousand resampled corpora at once.
        """
        matched, total = counts[:, :4].double(), counts[:, 4:8].double()
        written, wanted = counts[:, 8].double(), counts[:, 9].double()
        unmatched = (matched == 0) & (total > 0)
        smoothed = torch.where(unmatched, 0.5 ** unmatched.cumsum(dim=1), matched)
        precision = (smoothed / total).log().mean(dim=1).exp()
        brevity = (1 - wanted / written).exp().clamp(max=1)
        defined = (matched > 0).any(dim=1) & (total > 0).all(dim=1)
        return torch.where(defined, 100 * brevity * precision, 0.0)

    def _count(self, row: int, hypothesis: str) -> list[int]:
        seen = self._seen[row]
        if hypothesis not in seen:
            (ngrams, written), (wanted, length) = self._ngrams(hypothesis), self._wanted[row]
            matched, total = [0] * 4, [0] * 4
            for ngram, times in ngrams.items():
                total[len(ngram) - 1] += times
                matched[len(ngram) - 1] += min(times, wanted[ngram])
            seen[hypothesis] = [*matched, *total, written, length]
        return seen[hypothesis]

    def _ngrams(self, text: str) -> tuple[Counter[tuple[str, ...]], int]:
        """Cut a text as sacrebleu does; return its n-grams for n = 1 to 4, and its length."""
        text = text.lower() if self._lowercase else text
        found: tuple[Counter[tuple[str, ...]], int]
        found = extract_all_word_ngrams(self._tokenize(text.rstrip()), 1, 4)
        return found
