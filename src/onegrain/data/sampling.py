"""Which sentences of a corpus are used: by length, by draw, by hash."""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Sequence

from onegrain.data.corpus import Corpus, Words
from onegrain.errors import UserError

log = logging.getLogger(__name__)


def within_lengths(corpus: Corpus, shortest: int, longest: int) -> Corpus:
    """Keep the pairs with ``shortest`` to ``longest`` words on both sides; say how many go.

    Raises:
        UserError: If nothing is left.
    """
    sides = [corpus.sentences]
    if corpus.translation is not None:
        sides.append(corpus.translation.sentences)
    kept = [
        index
        for index, pair in enumerate(zip(*sides, strict=True))
        if all(shortest <= len(words) <= longest for words in pair)
    ]
    limits = f"data.min_length={shortest} data.max_length={longest}"
    if not kept:
        raise UserError(f"{limits}: none of the {len(corpus)} training pairs is of such a length")
    if len(kept) == len(corpus):
        return corpus
    log.info("%d of %d training pairs dropped: %s", len(corpus) - len(kept), len(corpus), limits)
    return corpus.select(kept)


def shuffled(corpus: Corpus, count: int | None, seed: int, setting: str) -> Corpus:
    """Draw ``count`` sentences, or take all, in a random order.

    Args:
        corpus: Any sentences.
        count: None for all. Where there are fewer, all are taken, and it is said.
        seed: Equal seeds draw equally.
        setting: Name of the setting that ``count`` comes from, for messages.
    """
    return corpus.select(_draw(len(corpus), count, seed, setting))


def sampled(corpus: Corpus, count: int | None, seed: int, setting: str) -> Corpus:
    """Draw as :func:`shuffled` does, but leave the sentences in the order of their file."""
    if count is None:
        return corpus
    return corpus.select(sorted(_draw(len(corpus), count, seed, setting)))


def hold_out(corpus: Corpus, share: float, parts: int, seed: int) -> list[Corpus]:
    """Take ``parts`` shares of the sentences away, by a hash of their words.

    Equal sentences stay together, whatever their translations, so none is both learnt from and
    tested on. The split does not depend on the order of the file.

    Returns:
        The held-out parts, then the rest.

    Raises:
        UserError: If there are too few different sentences for that.
    """
    by_hash = sorted(set(corpus.sentences), key=lambda words: _hash(words, seed))
    size = max(1, round(share * len(by_hash)))
    if len(by_hash) <= parts * size:
        raise UserError(
            f"data: {len(by_hash)} different source sentences are too few to hold some out; "
            "name data.dev_source, data.dev_target, data.test_source and data.test_target"
        )
    part_of = {words: min(rank // size, parts) for rank, words in enumerate(by_hash)}
    members: list[list[int]] = [[] for _ in range(parts + 1)]
    for index, words in enumerate(corpus.sentences):
        members[part_of[words]].append(index)
    return [corpus.select(indices) for indices in members]


def _draw(available: int, count: int | None, seed: int, setting: str) -> Sequence[int]:
    if count is not None and count < 1:
        raise UserError(f"{setting}={count}: must be at least 1, or null for all")
    if count is not None and count > available:
        log.warning("%s=%d: there are %d; all are taken", setting, count, available)
    order = list(range(available))
    random.Random(f"{seed} {setting}").shuffle(order)
    return order[:count]


def _hash(words: Words, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{' '.join(words)}".encode()).digest()
