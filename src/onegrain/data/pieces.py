"""Words to the pieces of a pretrained model's own tokenizer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from tokenizers import Encoding, Tokenizer

from onegrain.data.corpus import NO_LABEL, Corpus, Words
from onegrain.data.encoding import EncodedWords
from onegrain.data.word_by_word import Read, WordByWord
from onegrain.errors import UserError
from onegrain.settings import Pieces, TransformerModel, Truncated

log = logging.getLogger(__name__)

_SENTENCE = ("and", "the", "cat")  # has a space before a word, whatever the language


@dataclass(frozen=True)
class PieceEncoder:
    """How words become the pieces that a pretrained model reads, its special tokens around them.

    Words are aligned by the tokenizer's own account of which word a piece is of. A word that it
    makes no piece of (of invisible characters only) is read as its unknown token.

    Attributes:
        tokenizer: Of the `tokenizers` library, or in the part of one; what is long is neither cut
            nor padded by it.
        settings: Which pieces are a word's activation, and what is done with what is too long.
        limit: Pieces of the longest sentence that the model reads, special ones included; None:
            any length.
        unknown: The token of what the tokenizer does not know, if there is one.
    """

    tokenizer: Tokenizer | WordByWord
    settings: TransformerModel
    limit: int | None
    unknown: str | None

    def __post_init__(self) -> None:
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def encode_sentences(self, sentences: Sequence[Words]) -> list[EncodedWords]:
        """Return the pieces of each sentence, and which of them each word is.

        Args:
            sentences: As `readable` returns them; where special tokens are recorded, these are
                their first and last words.
        """
        before, after = self._specials
        if self.settings.special_tokens:
            sentences = [words[len(before) : len(words) - len(after)] for words in sentences]
        unknown = None if self.unknown is None else self.tokenizer.token_to_id(self.unknown)
        return [self._aligned(encoding, unknown) for encoding in self._encodings(sentences)]

    def readable(self, corpus: Corpus) -> Corpus:
        """Return a corpus as the model reads it, with the labels of what is left.

        Words beyond the longest sentence that the model reads, and a word across its end, are an
        error or left out, by ``truncated``. With ``special_tokens`` these become words without
        labels, at both ends of every sentence.

        Raises:
            UserError: If a sentence is too long and that is an error.
        """
        kept = list(map(self._words_read, self._encodings(corpus.sentences)))
        lost = corpus.word_count - sum(kept)
        if lost:
            self._report(corpus, kept, lost)
            corpus = _cut(corpus, kept)
        return self._with_special_tokens(corpus) if self.settings.special_tokens else corpus

    def _encodings(self, sentences: Sequence[Words]) -> list[Encoding | Read]:
        texts = [self._texts(words) for words in sentences]
        encodings: list[Encoding | Read] = []
        encodings += self.tokenizer.encode_batch(texts, is_pretokenized=True)
        for row, text in enumerate(texts):
            lost = set(range(len(text))) - set(encodings[row].word_ids)
            if not text or not lost:
                continue
            if self.unknown is None:
                word = sentences[row][min(lost)]
                raise UserError(f"model.path: the tokenizer makes nothing of the word {word!r}")
            read = [self.unknown if at in lost else word for at, word in enumerate(text)]
            encodings[row] = self.tokenizer.encode(read, is_pretokenized=True)
        return encodings

    def _texts(self, words: Words) -> list[str]:
        return [*words[:1], *(self._space + word for word in words[1:])]

    @cached_property
    def _space(self) -> str:
        """What has to stand before words so that they are not read as if glued together.

        Raises:
            UserError: If words one by one never are what they are in a line of text.
        """
        line = self.tokenizer.encode(" ".join(_SENTENCE), add_special_tokens=False).ids
        for space in ("", " "):
            words = [_SENTENCE[0], *(space + word for word in _SENTENCE[1:])]
            read = self.tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)
            later = sum(bool(word) for word in read.word_ids)  # the first word may differ
            if read.ids[-later:] == line[-later:]:
                return space
        raise UserError("model.path: its tokenizer does not read words one by one as it reads text")

    @cached_property
    def _specials(self) -> tuple[list[str], list[str]]:
        """The special tokens that stand before and after every sentence."""
        encoding = self.tokenizer.encode(list(_SENTENCE), is_pretokenized=True)
        tokens = list(zip(encoding.tokens, encoding.word_ids, strict=True))
        before = list(_outside_words(tokens))
        return before, list(_outside_words(reversed(tokens)))[::-1]

    def _aligned(self, encoding: Encoding | Read, unknown: int | None) -> EncodedWords:
        aligned = EncodedWords([], [], [])
        word_ids = encoding.word_ids
        if not any(word is not None for word in word_ids):
            return aligned  # a sentence without words is not read
        aligned.ids.extend(encoding.ids)
        previous = None
        for at, (index, word) in enumerate(zip(encoding.ids, word_ids, strict=True)):
            if word is not None and word == previous:
                aligned.spans[-1] = (aligned.spans[-1][0], at + 1)
                aligned.unknown[-1] |= index == unknown
            elif word is not None or self.settings.special_tokens:
                aligned.spans.append((at, at + 1))
                aligned.unknown.append(index == unknown)
            previous = word
        return replace(aligned, spans=list(map(self._chosen, aligned.spans)))

    def _chosen(self, span: tuple[int, int]) -> tuple[int, int]:
        first, end = span
        match self.settings.pieces:
            case Pieces.first:
                return first, first + 1
            case Pieces.last:
                return end - 1, end
            case Pieces.mean:
                return span

    def _words_read(self, encoding: Encoding | Read) -> int:
        """How many words of a sentence fit into what the model reads, special tokens counted."""
        word_ids = [word for word in encoding.word_ids if word is not None]
        if self.limit is None or len(encoding.ids) <= self.limit:
            return len(set(word_ids))
        room = self.limit - (len(encoding.ids) - len(word_ids))
        return int(word_ids[room])  # the first word that does not fit as a whole

    def _report(self, corpus: Corpus, kept: Sequence[int], lost: int) -> None:
        lengths = [len(words) for words in corpus.sentences]
        cut = [row for row, (n, length) in enumerate(zip(kept, lengths, strict=True)) if n < length]
        if self.settings.truncated is Truncated.error:
            words = corpus.sentences[cut[0]]
            raise UserError(
                f"model.truncated=error: {len(cut)} sentences have more than {self.limit} pieces, "
                f"the first of which begins '{' '.join(words[:6])}'; take model.truncated=drop"
            )
        log.warning(
            "%d of %d words are left out, beyond the %s pieces that the model reads of a sentence "
            "(%d sentences)",
            lost, corpus.word_count, self.limit, len(cut),
        )  # fmt: skip

    def _with_special_tokens(self, corpus: Corpus) -> Corpus:
        before, after = self._specials

        def around(rows: Iterable[Words], first: Words, last: Words) -> tuple[Words, ...]:
            return tuple((*first, *row, *last) if row else row for row in rows)

        nothing = (NO_LABEL,) * len(before), (NO_LABEL,) * len(after)
        return replace(
            corpus,
            sentences=around(corpus.sentences, tuple(before), tuple(after)),
            labels={task: around(rows, *nothing) for task, rows in corpus.labels.items()},
        )


def _outside_words(tokens: Iterable[tuple[str, int | None]]) -> Iterable[str]:
    return (token for token, _ in takewhile(lambda pair: pair[1] is None, tokens))


def _cut(corpus: Corpus, kept: Sequence[int]) -> Corpus:
    def first(rows: Iterable[Words]) -> tuple[Words, ...]:
        return tuple(row[:count] for row, count in zip(rows, kept, strict=True))

    labels = {task: first(rows) for task, rows in corpus.labels.items()}
    return replace(corpus, sentences=first(corpus.sentences), labels=labels)
