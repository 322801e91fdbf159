"""Words to the model's input symbols and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

from onegrain.data.corpus import Words
from onegrain.data.detokenization import detokenize
from onegrain.data.tokenization import split
from onegrain.data.vocabulary import (
    BOS,
    EOS,
    PAD,
    SPECIAL_SYMBOLS,
    UNK,
    BpeVocabulary,
    Vocabulary,
    WordVocabulary,
)
from onegrain.errors import UserError
from onegrain.settings import Splitting, TextSettings, VocabularyKind

_FORMAT = "onegrain text encoder 1"
_VOCABULARIES: dict[VocabularyKind, type[Vocabulary]] = {
    VocabularyKind.words: WordVocabulary,
    VocabularyKind.bpe: BpeVocabulary,
}


@dataclass(frozen=True)
class EncodedWords:
    """A sentence as a model reads it; our own models add begin and end symbols themselves.

    Attributes:
        ids: Numbers of the pieces.
        spans: For every word, from where to where in ``ids`` the pieces are whose mean activation
            is the word's; the end is not included.
        unknown: For every word whether there is an ``<unk>`` among its pieces.
    """

    ids: list[int]
    spans: list[tuple[int, int]]
    unknown: list[bool]


@dataclass(frozen=True)
class TextEncoder:
    """How words of one language become symbols: the same for parallel and for labelled text.

    Example:
        >>> encoder = TextEncoder.learn([("I", "don't", "run")], "en", TextSettings())
        >>> encoder.encode(("do", "n't", "Run"))
        EncodedWords(ids=[1, 1, 4, 7], spans=[(0, 1), (2, 3), (3, 4)], unknown=[True, True, False])
        >>> encoder.decode(encoder.encode(("I", "don't", "run")).ids)
        "i don't run"
    """

    language: str
    settings: TextSettings
    vocabulary: Vocabulary
    _known_words: dict[str, tuple[list[int], bool]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def learn(
        cls, sentences: Iterable[Words], language: str, settings: TextSettings
    ) -> TextEncoder:
        """Learn a vocabulary from the words of sentences.

        Raises:
            UserError: If the vocabulary could hold the special symbols only, or there is no word.
        """
        if settings.vocabulary_size <= len(SPECIAL_SYMBOLS):
            raise UserError(
                f"data.text.vocabulary_size={settings.vocabulary_size}: must be above "
                f"{len(SPECIAL_SYMBOLS)}, the number of special symbols"
            )
        counts = count_tokens(sentences, language, settings)
        if not counts:
            raise UserError(f"data: no {language} words to learn a vocabulary from")
        kind = _VOCABULARIES[settings.vocabulary]
        return cls(language, settings, kind.learn(counts, settings.vocabulary_size))

    def with_words(self, words: Iterable[str]) -> TextEncoder:
        """Return an encoder that knows these words too, whatever the size of its vocabulary.

        Raises:
            ValueError: If its vocabulary is not one of words.

        Example:
            >>> encoder = TextEncoder.learn([("a", "dog")], "en", TextSettings())
            >>> encoder.with_words(["cat", "dog"]).vocabulary.words
            ('a', 'dog', 'cat')
        """
        if not isinstance(self.vocabulary, WordVocabulary):
            raise ValueError("a vocabulary of pieces takes no further words")
        known = set(self.vocabulary.words) | set(SPECIAL_SYMBOLS)
        further = tuple(word for word in words if word not in known)
        return replace(self, vocabulary=WordVocabulary(self.vocabulary.words + further))

    @property
    def size(self) -> int:
        """Number of symbols, special ones included."""
        return self.vocabulary.size

    def encode(self, words: Sequence[str]) -> EncodedWords:
        """Return the symbols of a sentence's words, whichever text they come from."""
        encoded = EncodedWords([], [], [])
        for word in words:
            if word not in self._known_words:
                self._known_words[word] = self._encode_word(word)
            ids, unknown = self._known_words[word]
            encoded.ids.extend(ids)
            encoded.spans.append((len(encoded.ids) - 1, len(encoded.ids)))  # the last piece
            encoded.unknown.append(unknown)
        return encoded

    def encode_sentences(self, sentences: Sequence[Words]) -> list[EncodedWords]:
        """Return the symbols of several sentences."""
        return [self.encode(words) for words in sentences]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of symbols up to the first end symbol, detokenised."""
        spoken = takewhile(lambda index: index != EOS, ids)
        words = self.vocabulary.words_of(index for index in spoken if index not in (PAD, BOS))
        return detokenize(words, self.language)

    def save(self, path: Path) -> None:
        """Write all there is to know into one JSON file."""
        content = {
            "format": _FORMAT,
            "language": self.language,
            "splitting": self.settings.splitting.value,
            "lowercase": self.settings.lowercase,
            "vocabulary": self.settings.vocabulary.value,
            "vocabulary_size": self.settings.vocabulary_size,
            "symbols": self.vocabulary.to_json(),
        }
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> TextEncoder:
        """Read what :meth:`save` wrote.

        Raises:
            UserError: If the file is missing or is not a text encoder.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return _encoder_from(content)
        except FileNotFoundError:
            raise UserError(f"{path}: no such file; expected a text encoder") from None
        except (ValueError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: not a text encoder of onegrain ({reason})") from None

    def _encode_word(self, word: str) -> tuple[list[int], bool]:
        tokens = _tokens_of(word, self.language, self.settings)
        ids = [index for token in tokens for index in self.vocabulary.ids_of(token)] or [UNK]
        return ids, UNK in ids


def count_tokens(sentences: Iterable[Words], language: str, settings: TextSettings) -> Counter[str]:
    """Count what an encoder looks up, or cuts into pieces: words as they are split and cased."""
    counts: Counter[str] = Counter()
    for word, count in Counter(chain.from_iterable(sentences)).items():
        for token in _tokens_of(word, language, settings):
            counts[token] += count
    return counts


def _tokens_of(word: str, language: str, settings: TextSettings) -> list[str]:
    tokens = [word] if settings.splitting is Splitting.spaces else split(word, language)
    return [token.lower() for token in tokens] if settings.lowercase else tokens


def _encoder_from(content: Any) -> TextEncoder:
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f'"format" is not "{_FORMAT}"')
    expected = {"language": str, "lowercase": bool, "vocabulary_size": int}
    for name, kind in expected.items():
        if not isinstance(content.get(name), kind):
            raise ValueError(f'"{name}" is missing or no {kind.__name__}')
    settings = TextSettings(
        splitting=Splitting(content.get("splitting")),
        lowercase=content["lowercase"],
        vocabulary=VocabularyKind(content.get("vocabulary")),
        vocabulary_size=content["vocabulary_size"],
    )
    vocabulary = _VOCABULARIES[settings.vocabulary].from_json(content.get("symbols"))
    return TextEncoder(content["language"], settings, vocabulary)
