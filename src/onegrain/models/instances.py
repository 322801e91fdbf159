"""Equal disjoint parts of a corpus, one for each of several models of the same settings."""

from __future__ import annotations

import torch

from onegrain.data.corpus import Corpus
from onegrain.errors import UserError
from onegrain.settings import ModelSettings


def instance_order(model: ModelSettings, *, compared: bool = True) -> list[int]:
    """Return the numbers of the instances that are needed, from 1, that which is analysed first.

    So processes that each analyse another one begin by training another one.

    Args:
        model: How many there are, and which is analysed.
        compared: Whether something compares them; else the analysed one will do.

    Example:
        >>> instance_order(ModelSettings("nlm", instances=4, instance=3))
        [3, 1, 2, 4]
    """
    if not compared:
        return [model.instance]
    others = (number for number in range(1, model.instances + 1) if number != model.instance)
    return [model.instance, *others]


def without_repeats(corpus: Corpus) -> Corpus:
    """Return each sentence where it first occurs.

    Parallel text holds a sentence once for each of its translations. To a language model these are
    one sentence, and parts of the corpus that share it would not be disjoint.

    Example:
        >>> without_repeats(Corpus("en", (("no",), ("yes",), ("no",)))).sentences
        (('no',), ('yes',))
    """
    first = {words: row for row, words in reversed(list(enumerate(corpus.sentences)))}
    return corpus.select(sorted(first.values()))


def instance_part(corpus: Corpus, index: int, count: int, seed: int) -> Corpus:
    """Return part ``index`` (from 0) of ``count`` equal, disjoint, randomly drawn parts.

    Up to ``count - 1`` sentences belong to no part, so that all are of one size. Every part keeps
    the corpus's order.

    Raises:
        UserError: If there are fewer sentences than parts.

    Example:
        >>> corpus = Corpus("en", (("a",), ("b",), ("c",), ("d",)))
        >>> halves = [instance_part(corpus, index, 2, seed=0) for index in range(2)]
        >>> sorted(halves[0].sentences + halves[1].sentences) == sorted(corpus.sentences)
        True
    """
    size = len(corpus) // count
    if size == 0:
        raise UserError(f"model.instances={count}: only {len(corpus)} training sentences to share")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(len(corpus), generator=generator)[index * size : (index + 1) * size]
    return corpus.select(drawn.sort().values.tolist())
