"""Tokenizers that do not say which piece is of which word, read word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Read:
    """The pieces of a sentence, as the `tokenizers` library gives them.

    Attributes:
        ids: Of the pieces, special ones included.
        tokens: The pieces.
        word_ids: The word that each is of; None for special ones.
    """

    ids: list[int]
    tokens: list[str]
    word_ids: list[int | None]


class WordByWord:
    """A slow tokenizer of `transformers`, such as Marian's, in the part of a `tokenizers` one.

    SentencePiece makes no piece across a space, so a sentence has the pieces of its words, one
    after the other; whoever reads words so should see that a line of text is read the same.

    Args:
        tokenizer: Of `transformers`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def get_vocab_size(self) -> int:
        """Return how many pieces it knows."""
        return len(self._tokenizer)

    def token_to_id(self, token: str) -> int:
        """Return the number of a piece."""
        number: int = self._tokenizer.convert_tokens_to_ids(token)
        return number

    def no_truncation(self) -> None:
        """Nothing is cut."""

    def no_padding(self) -> None:
        """Nothing is padded."""

    def encode_batch(
        self, sentences: Sequence[Sequence[str]], *, is_pretokenized: bool
    ) -> list[Read]:
        """Read sentences; see `encode`."""
        return [self.encode(words, is_pretokenized=is_pretokenized) for words in sentences]

    def encode(
        self,
        sentence: str | Sequence[str],
        *,
        is_pretokenized: bool = False,
        add_special_tokens: bool = True,
    ) -> Read:
        """Read one sentence, of words or as one line, which then counts as one word."""
        words = list(sentence) if is_pretokenized else [sentence]
        pieces = [self._tokenizer.tokenize(word) for word in words]
        tokens: list[str] = [piece for word in pieces for piece in word]
        word_ids: list[int | None] = [at for at, word in enumerate(pieces) for _ in word]
        ids = self._tokenizer.convert_tokens_to_ids(tokens)
        if not add_special_tokens:
            return Read(ids, tokens, word_ids)
        before, after = self._special
        named = [self._tokenizer.convert_ids_to_tokens(part) for part in (before, after)]
        return Read(
            [*before, *ids, *after],
            [*named[0], *tokens, *named[1]],
            [*(None for _ in before), *word_ids, *(None for _ in after)],
        )

    @cached_property
    def _special(self) -> tuple[list[int], list[int]]:
        """The special pieces that stand before and after every sentence."""
        around = self._tokenizer.build_inputs_with_special_tokens([-1])
        at = around.index(-1)
        return around[:at], around[at + 1 :]
