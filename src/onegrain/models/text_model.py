"""A network together with what turns text into its symbols and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from onegrain.data.corpus import Corpus
from onegrain.data.encoding import TextEncoder
from onegrain.errors import UserError
from onegrain.models.batches import PairDataset, sentence_dataset
from onegrain.models.language_model import LanguageModel
from onegrain.models.translator import Translator
from onegrain.settings import NlmModel, NmtModel, TextSettings


@dataclass(frozen=True)
class Examples:
    """The sentences of a corpus as a model is to predict them.

    Attributes:
        pairs: Their symbols.
        words: How many words are predicted, the end of each sentence counted as one.
    """

    pairs: PairDataset
    words: int

    def per_word(self, perplexity: float) -> float:
        """Return the perplexity of a word from that of a symbol; BPE has several to a word."""
        of_word: float = perplexity ** (self.pairs.target_tokens / self.words)
        return of_word


@dataclass(frozen=True)
class TextTranslator:
    """A translator, its settings and the encoders of the language it reads and the one it writes.

    Where it was loaded from disk, its settings are those of the network; search has defaults.
    """

    model: Translator
    source: TextEncoder
    target: TextEncoder
    settings: NmtModel

    @classmethod
    def untrained(
        cls, settings: NmtModel, source: TextEncoder, target: TextEncoder
    ) -> TextTranslator:
        """Make a network for these symbols."""
        return cls(Translator(settings, source.size, target.size), source, target, settings)

    @property
    def predicted(self) -> TextEncoder:
        """The encoder of the symbols that the network predicts."""
        return self.target

    def examples(self, corpus: Corpus) -> Examples:
        """Encode sentence pairs; one whose source is empty is left out.

        Raises:
            UserError: If no pair is left, or the corpus has no translation.
        """
        read = _without_empty(corpus)
        written = translation_of(read)
        if len(read) == 0:
            raise UserError("data: the training, dev or test split has no sentence pairs")
        sources = [self.source.encode(words).ids for words in read.sentences]
        targets = [self.target.encode(words).ids for words in written.sentences]
        return Examples(PairDataset(sources, targets), written.word_count + len(written))


@dataclass(frozen=True)
class TextLanguageModel:
    """A language model, its settings and the encoder of its language."""

    model: LanguageModel
    source: TextEncoder
    settings: NlmModel

    @classmethod
    def untrained(cls, settings: NlmModel, source: TextEncoder) -> TextLanguageModel:
        """Make a network for these symbols."""
        return cls(LanguageModel(settings, source.size), source, settings)

    @property
    def predicted(self) -> TextEncoder:
        """The encoder of the symbols that the network predicts."""
        return self.source

    def examples(self, corpus: Corpus) -> Examples:
        """Encode sentences; empty ones are left out.

        Raises:
            UserError: If no sentence is left.
        """
        read = _without_empty(corpus)
        if len(read) == 0:
            raise UserError("data: the training, dev or test split has no sentences")
        encoded = [self.source.encode(words).ids for words in read.sentences]
        return Examples(sentence_dataset(encoded), read.word_count + len(read))


TextModel: TypeAlias = TextTranslator | TextLanguageModel


def untrained_model(settings: NmtModel | NlmModel, corpus: Corpus, text: TextSettings) -> TextModel:
    """Learn vocabularies from a training corpus and make a network for them.

    Raises:
        UserError: If there is nothing to learn from, or a translator's corpus has no translation.
    """
    source = TextEncoder.learn(corpus.sentences, corpus.language, text)
    if isinstance(settings, NlmModel):
        return TextLanguageModel.untrained(settings, source)
    other = translation_of(corpus)
    target = TextEncoder.learn(other.sentences, other.language, text)
    return TextTranslator.untrained(settings, source, target)


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


def _without_empty(corpus: Corpus) -> Corpus:
    return corpus.select(row for row, words in enumerate(corpus.sentences) if words)
