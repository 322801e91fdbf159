"""Text in pieces that fit on a line: sentences, the long ones cut."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Passages:
    """Runs of neighbouring words that never leave their sentence; together they are all words.

    Attributes:
        first: The row of each passage's first word.
        length: Its number of words, at least one.

    Example:
        Two sentences of three words and of one, cut to two words at most.

        >>> passages = Passages.of(torch.tensor([0, 0, 0, 1]), most=2)
        >>> passages.first.tolist(), passages.length.tolist()
        ([0, 2, 3], [2, 1, 1])
    """

    first: Int[Tensor, " passages"]
    length: Int[Tensor, " passages"]

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, sentences: Int[Tensor, " words"], most: int) -> Passages:
        """Cut sentences into the fewest passages of at most ``most`` words, of even length.

        Args:
            sentences: The sentence of every word, in ascending order.
            most: Words in a passage.
        """
        _, words = torch.unique_consecutive(sentences, return_counts=True)
        pieces = -(-words // most)
        sentence = torch.arange(len(words)).repeat_interleave(pieces)
        piece = torch.arange(len(sentence)) - (pieces.cumsum(0) - pieces)[sentence]
        longer = words[sentence] % pieces[sentence]  # so many pieces have a word more than others
        length = words[sentence] // pieces[sentence] + (piece < longer).long()
        return cls(length.cumsum(0) - length, length)

    def rows(self, chosen: Int[Tensor, " chosen"]) -> Int[Tensor, " rows"]:
        """Return the rows of all words of some passages, one passage after the other."""
        first, length = self.first[chosen], self.length[chosen]
        place = torch.arange(int(length.sum())) - (length.cumsum(0) - length).repeat_interleave(
            length
        )
        return first.repeat_interleave(length) + place

    def sample(
        self, words: int, lengths: tuple[int, int], seed: int = 0
    ) -> Int[Tensor, " sampled"]:
        """Return a random choice of passages that have ``words`` words at most, in text order.

        Args:
            words: In all of them together.
            lengths: Fewest and most words of a passage that may be drawn; ignored where no
                passage is so long.
            seed: Of the draw.
        """
        shortest, longest = lengths
        fits = ((self.length >= shortest) & (self.length <= longest)).nonzero()[:, 0]
        drawn = fits if len(fits) else torch.arange(len(self))
        generator = torch.Generator().manual_seed(seed)
        drawn = drawn[torch.randperm(len(drawn), generator=generator)]
        return drawn[self.length[drawn].cumsum(0) <= words].sort().values
