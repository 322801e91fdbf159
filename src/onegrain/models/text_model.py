"""A network together with what turns text into its symbols and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

import torch

from onegrain.data.corpus import Corpus
from onegrain.data.encoding import TextEncoder
from onegrain.data.labels import LabelSet
from onegrain.data.word_vectors import WordVectors
from onegrain.errors import UserError
from onegrain.models.batches import (
    NO_TAG,
    PairDataset,
    Sentences,
    TaggedDataset,
    sentence_dataset,
)
from onegrain.models.language_model import LanguageModel
from onegrain.models.tagger import Tagger
from onegrain.models.translator import Translator
from onegrain.settings import NlmModel, NmtModel, TaggerModel, TextSettings, VocabularyKind

Data = TypeVar("Data", bound=Sentences, covariant=True)


@dataclass(frozen=True)
class Examples(Generic[Data]):
    """The sentences of a corpus as a model is to predict them.

    Attributes:
        pairs: Their symbols.
        words: How many words are predicted, the end of each sentence counted as one, or how many
            labels.
    """

    pairs: Data
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

    def examples(self, corpus: Corpus) -> Examples[PairDataset]:
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

    def examples(self, corpus: Corpus) -> Examples[PairDataset]:
        """Encode sentences; empty ones are left out.

        Raises:
            UserError: If no sentence is left.
        """
        read = _without_empty(corpus)
        if len(read) == 0:
            raise UserError("data: the training, dev or test split has no sentences")
        encoded = [self.source.encode(words).ids for words in read.sentences]
        return Examples(sentence_dataset(encoded), read.word_count + len(read))


@dataclass(frozen=True)
class TextTagger:
    """A tagger, its settings, the encoder of its language and the labels that it gives.

    Attributes:
        task: The property of words that it was trained to label, as corpora name it.
    """

    model: Tagger
    source: TextEncoder
    labels: LabelSet
    task: str
    settings: TaggerModel

    @classmethod
    def untrained(
        cls, settings: TaggerModel, source: TextEncoder, labels: LabelSet, task: str
    ) -> TextTagger:
        """Make a network for these symbols and labels."""
        return cls(Tagger(settings, source.size, len(labels)), source, labels, task, settings)

    @property
    def predicted(self) -> LabelSet:
        """The labels that the network predicts."""
        return self.labels

    def examples(self, corpus: Corpus) -> Examples[TaggedDataset]:
        """Encode sentences with labels; those without a word that has a known one are left out.

        Raises:
            UserError: If no sentence is left.
        """
        sources, targets = [], []
        numbers = self.labels.encode(corpus.labels[self.task])
        rows = numbers.split([len(words) for words in corpus.sentences])
        for words, tags in zip(corpus.sentences, rows, strict=True):
            if bool((tags >= 0).any()):
                encoded = self.source.encode(words)
                targets.append([NO_TAG] * len(encoded.ids))
                sources.append(encoded.ids)
                for (_, end), tag in zip(encoded.spans, tags.tolist(), strict=True):
                    targets[-1][end - 1] = max(tag, NO_TAG)  # unseen and unlabelled are below 0
        if not sources:
            raise UserError(f"task={self.task}: no sentence has a label that training knows")
        data = TaggedDataset(sources, targets)
        return Examples(data, data.target_tokens)


GenerativeModel: TypeAlias = TextTranslator | TextLanguageModel
"""A model whose neurons can be taken away inside it, for its translations or its perplexity."""

TextModel: TypeAlias = GenerativeModel | TextTagger


def untrained_model(
    settings: NmtModel | NlmModel | TaggerModel,
    corpus: Corpus,
    text: TextSettings,
    vectors: WordVectors | None = None,
) -> TextModel:
    """Learn vocabularies from a training corpus and make a network for them.

    Args:
        settings: Of the network.
        corpus: With translations for a translator, with the labels of one task for a tagger.
        text: How words become symbols.
        vectors: Of words that a tagger shall know besides; `set_vectors` puts them in its place.

    Raises:
        UserError: If there is nothing to learn from, a translator's corpus has no translation, or
            vectors do not go with the settings.
    """
    source = TextEncoder.learn(corpus.sentences, corpus.language, text)
    if isinstance(settings, TaggerModel):
        if vectors is not None:
            settings, source = _with_vectors(settings, source, vectors)
        ((task, labels),) = corpus.labels.items()
        return TextTagger.untrained(settings, source, LabelSet.of(labels), task)
    if isinstance(settings, NlmModel):
        return TextLanguageModel.untrained(settings, source)
    other = translation_of(corpus)
    target = TextEncoder.learn(other.sentences, other.language, text)
    return TextTranslator.untrained(settings, source, target)


def _with_vectors(
    settings: TaggerModel, source: TextEncoder, vectors: WordVectors
) -> tuple[TaggerModel, TextEncoder]:
    """Return settings of the vectors' width and an encoder that knows their words."""
    if source.settings.vocabulary is not VocabularyKind.words:
        raise UserError("model.vectors: vectors are of words; take data.text.vocabulary=words")
    if settings.embedding not in (None, vectors.width):
        raise UserError(
            f"model.embedding={settings.embedding}: the vectors of model.vectors have "
            f"{vectors.width} numbers; take model.embedding=null"
        )
    return replace(settings, embedding=vectors.width), source.with_words(vectors.words)


def set_vectors(trained: TextTagger, vectors: WordVectors) -> None:
    """Let the embeddings of words be their vectors; those of other words stay as they are."""
    ids = [trained.source.vocabulary.ids_of(word)[0] for word in vectors.words]
    with torch.no_grad():
        trained.model.embedding.weight[ids] = vectors.values.to(trained.model.embedding.weight)


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
