"""How well a trained translator translates."""

from __future__ import annotations

from collections.abc import Sequence

from onegrain.data.corpus import Corpus
from onegrain.data.detokenization import detokenize
from onegrain.data.encoding import TextEncoder
from onegrain.errors import UserError
from onegrain.models.bleu import Bleu, corpus_bleu
from onegrain.models.saved import TrainedTranslator
from onegrain.models.search import translate


def translation_score(trained: TrainedTranslator, corpus: Corpus, *, lowercase: bool) -> Bleu:
    """Translate a corpus and score it against its translation's untouched lines."""
    sources = [trained.source.encode(words).ids for words in corpus.sentences]
    written = translate(trained.model, sources, trained.settings)
    hypotheses = [trained.target.decode(ids) for ids in written]
    return corpus_bleu(hypotheses, references(translation_of(corpus)), lowercase=lowercase)


def references(corpus: Corpus) -> Sequence[str]:
    """Return the lines that translations are compared with: untouched where there are any."""
    if corpus.text is not None:
        return corpus.text
    return [detokenize(words, corpus.language) for words in corpus.sentences]


def unknown_share(corpus: Corpus, encoder: TextEncoder) -> float:
    """Return the share of words that the encoder does not know."""
    unknown = sum(sum(encoder.encode(words).unknown) for words in corpus.sentences)
    return unknown / max(1, corpus.word_count)


def translation_of(corpus: Corpus) -> Corpus:
    """Return the other side of a parallel corpus.

    Raises:
        UserError: If it has none.
    """
    if corpus.translation is None:
        raise UserError(
            "data: a translator needs parallel text, and this corpus has no translation"
        )
    return corpus.translation
