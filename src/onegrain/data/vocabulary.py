"""Vocabularies: words to the numbers of their pieces and back, by whole words or by BPE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, TypeAlias

from tokenizers import Tokenizer, models, trainers

PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIAL_SYMBOLS = ("<pad>", "<unk>", "<s>", "</s>")

_WORD_START = " "  # no word holds one, so pieces, joined and cut at spaces, are the words again


@dataclass(frozen=True)
class WordVocabulary:
    """Whole words; all others are ``<unk>``.

    Attributes:
        words: From the most frequent to the rarest; the number of the first one is 4.

    Example:
        >>> vocabulary = WordVocabulary.learn(Counter("abracadabra"), size=6)
        >>> vocabulary.words, vocabulary.ids_of("b"), vocabulary.ids_of("c")
        (('a', 'b'), [5], [1])
    """

    words: tuple[str, ...]

    @classmethod
    def learn(cls, counts: Mapping[str, int], size: int) -> WordVocabulary:
        """Keep the most frequent words; of equally frequent ones the first by alphabet."""
        ordered = sorted(
            counts.keys() - set(SPECIAL_SYMBOLS), key=lambda word: (-counts[word], word)
        )
        return cls(tuple(ordered[: size - len(SPECIAL_SYMBOLS)]))

    @classmethod
    def from_json(cls, content: Any) -> WordVocabulary:
        """Take a list of words; raises ValueError for anything else."""
        if not isinstance(content, list) or not all(isinstance(word, str) for word in content):
            raise ValueError("the vocabulary is not a list of words")
        if len(set(content)) != len(content):
            raise ValueError("the vocabulary names a word twice")
        return cls(tuple(content))

    @property
    def size(self) -> int:
        """Number of symbols, special ones included."""
        return len(self._symbols)

    def ids_of(self, word: str) -> list[int]:
        """Return the number of the word as a list of one."""
        return [self._ids.get(word, UNK)]

    def words_of(self, ids: Iterable[int]) -> list[str]:
        """Return the words with these numbers."""
        return [self._symbols[index] for index in ids]

    def to_json(self) -> list[str]:
        """Return the words without the special symbols."""
        return list(self.words)

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        return SPECIAL_SYMBOLS + self.words

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words, len(SPECIAL_SYMBOLS))}


@dataclass(frozen=True)
class BpeVocabulary:
    """Byte-pair pieces (Sennrich et al. 2016, §3.2) over characters.

    The first piece of a word begins with a space. A character that was not seen in training is
    ``<unk>``; the other pieces of its word remain.

    Attributes:
        tokenizer_json: The whole of it, as the ``tokenizers`` library writes it.

    Example:
        >>> vocabulary = BpeVocabulary.learn(Counter({"low": 5, "lower": 2, "new": 1}), size=15)
        >>> vocabulary.words_of(vocabulary.ids_of("lower") + vocabulary.ids_of("now"))
        ['lower', 'now']
    """

    tokenizer_json: str

    @classmethod
    def learn(cls, counts: Mapping[str, int], size: int) -> BpeVocabulary:
        """Merge the most frequent pairs until there are ``size`` symbols."""
        alphabet = _most_frequent_characters(counts, size - len(SPECIAL_SYMBOLS))
        tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL_SYMBOLS[UNK]))
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(SPECIAL_SYMBOLS),
            initial_alphabet=alphabet,
            show_progress=False,
        )
        tokenizer.train_from_iterator(_spelled_by(alphabet, counts), trainer)
        return cls(tokenizer.to_str())

    @classmethod
    def from_json(cls, content: Any) -> BpeVocabulary:
        """Take the JSON text of a tokenizer; raises ValueError for anything else."""
        if not isinstance(content, str):
            raise ValueError("the vocabulary is not the JSON text of a tokenizer")
        vocabulary = cls(content)
        try:
            first = vocabulary._symbols[: len(SPECIAL_SYMBOLS)]
        except Exception as error:  # the library raises bare Exceptions
            raise ValueError(f"the tokenizer cannot be read: {error}") from error
        if first != SPECIAL_SYMBOLS:
            raise ValueError(f"the tokenizer does not begin with {' '.join(SPECIAL_SYMBOLS)}")
        return vocabulary

    @property
    def size(self) -> int:
        """Number of symbols, special ones included."""
        return len(self._symbols)

    def ids_of(self, word: str) -> list[int]:
        """Return the numbers of the word's pieces."""
        # Not tokenizer.encode: that would read "</s>" in a text as the end of the sentence.
        return [piece.id for piece in self._tokenizer.model.tokenize(_WORD_START + word)]

    def words_of(self, ids: Iterable[int]) -> list[str]:
        """Join pieces and cut them at the starts of words."""
        return "".join(self._symbols[index] for index in ids).split()

    def to_json(self) -> str:
        """Return the JSON text of the tokenizer."""
        return self.tokenizer_json

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_str(self.tokenizer_json)

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        numbers = self._tokenizer.get_vocab()
        return tuple(sorted(numbers, key=numbers.__getitem__))


Vocabulary: TypeAlias = WordVocabulary | BpeVocabulary


def _most_frequent_characters(counts: Mapping[str, int], size: int) -> list[str]:
    characters = Counter({_WORD_START: sum(counts.values()) + 1})  # the first of all
    for word, count in counts.items():
        for character in word:
            characters[character] += count
    return sorted(characters, key=lambda char: (-characters[char], char))[:size]


def _spelled_by(alphabet: Iterable[str], counts: Mapping[str, int]) -> Iterator[str]:
    """Repeat each word as often as it occurs, unless it would add symbols of its own."""
    known = set(alphabet)
    for word, count in counts.items():
        if known.issuperset(word) and not any(symbol in word for symbol in SPECIAL_SYMBOLS):
            yield from repeat(_WORD_START + word, count)
