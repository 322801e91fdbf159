"""Which word of which sentence a recorded row belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from sys import intern

import torch
from jaxtyping import Bool, Int
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from onegrain.data.corpus import Corpus
from onegrain.errors import UserError

NUMBERS_FILE = "tokens.safetensors"
WORDS_FILE = "words.jsonl"


@dataclass(frozen=True, eq=False)
class TokenTable:
    """One entry for each recorded word, in the corpus's order.

    Attributes:
        sentence: Its sentence, from 0.
        position: Its place in the sentence, from 0.
        unknown: Whether the model read it as an unknown word.
        words: The words.
    """

    sentence: Int[Tensor, " tokens"]
    position: Int[Tensor, " tokens"]
    unknown: Bool[Tensor, " tokens"]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)

    def select(self, rows: Int[Tensor, " rows"]) -> TokenTable:
        """Return the entries of some of the words."""
        words = tuple(self.words[row] for row in rows.tolist())
        return TokenTable(self.sentence[rows], self.position[rows], self.unknown[rows], words)

    @classmethod
    def of(cls, corpus: Corpus, unknown: Bool[Tensor, " tokens"]) -> TokenTable:
        """Return the table of all words of a corpus."""
        lengths = torch.tensor([len(words) for words in corpus.sentences], dtype=torch.long)
        starts = lengths.cumsum(0) - lengths
        sentence = torch.arange(len(lengths)).repeat_interleave(lengths)
        position = torch.arange(len(sentence)) - starts[sentence]
        words = tuple(word for words in corpus.sentences for word in words)
        return cls(sentence, position, unknown, words)

    def save(self, folder: Path) -> None:
        """Write the numbers as safetensors and the words as one JSON string a line."""
        numbers = {"sentence": self.sentence, "position": self.position, "unknown": self.unknown}
        save_file(numbers, str(folder / NUMBERS_FILE))
        in_quotes = json.JSONEncoder(ensure_ascii=False).encode  # dumps would make one for a word
        with (folder / WORDS_FILE).open("w", encoding="utf-8") as file:
            file.writelines(in_quotes(word) + "\n" for word in self.words)

    @classmethod
    def load(cls, folder: Path) -> TokenTable:
        """Read what `save` wrote.

        Raises:
            UserError: If a file is missing or damaged, or they do not fit each other.
        """
        try:
            numbers = load_file(str(folder / NUMBERS_FILE))
            words = _read_words(folder / WORDS_FILE)
            table = cls(numbers["sentence"], numbers["position"], numbers["unknown"], words)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise UserError(f"{folder}: its table of words cannot be read ({error})") from error
        if not len(table.sentence) == len(table.position) == len(table.unknown) == len(words):
            raise UserError(f"{folder}: {NUMBERS_FILE} and {WORDS_FILE} differ in length")
        return table


def _read_words(path: Path) -> tuple[str, ...]:
    """Read one JSON string a line, all at once; none has a line break inside."""
    lines = path.read_text(encoding="utf-8").removesuffix("\n")
    words = json.loads("[" + lines.replace("\n", ",") + "]")
    return tuple(map(intern, words))  # a word is in memory once
