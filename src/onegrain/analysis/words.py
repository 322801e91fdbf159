"""The words a neuron likes most and least (Dalvi et al., AAAI 2019, Table 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from onegrain.probing.groups import GroupMeans

ENDS = ("top", "bottom")


def top_words(means: GroupMeans, types: Sequence[str], shown: int) -> pd.DataFrame:
    """List the words of highest and of lowest mean activation, for every neuron.

    Signs are kept: a neuron that goes far below zero on a word has it at its bottom.

    Args:
        means: Over the words of each type; groups beyond ``types`` (rare words) are not listed.
        types: The word of each group.
        shown: How many words at each end; fewer if there are not as many types.

    Returns:
        One row for each word, neuron by neuron: ``neuron``, ``end`` (``top`` or ``bottom``),
        ``place`` (from 1), ``word``, ``mean`` (of the activation) and ``count`` (of the word).

    Example:
        >>> import torch
        >>> from onegrain.probing.groups import group_means
        >>> from onegrain.probing.labelled import InMemory
        >>> values = InMemory(torch.tensor([[0.5], [-0.25], [0.75]]))
        >>> means = group_means(values, {"word": torch.tensor([0, 1, 0])})["word"]
        >>> top_words(means, ["yes", "no"], shown=1)
           neuron     end  place word   mean  count
        0       0     top      1  yes  0.625      2
        1       0  bottom      1   no -0.250      1
    """
    by_type = means.means[: len(types)]
    place = min(shown, len(types))
    highest = by_type.topk(place, dim=0)
    lowest = by_type.topk(place, dim=0, largest=False)
    neurons = by_type.shape[1]
    ids, values = (
        np.concatenate([high.T.numpy(), low.T.numpy()], axis=1).reshape(-1)
        for high, low in zip(
            (highest.indices, highest.values), (lowest.indices, lowest.values), strict=True
        )
    )
    return pd.DataFrame(
        {
            "neuron": np.arange(neurons).repeat(2 * place),
            "end": np.tile(np.repeat(ENDS, place), neurons),
            "place": np.tile(np.arange(1, place + 1), 2 * neurons),
            "word": np.array(types, dtype=object)[ids],
            "mean": values,
            "count": means.counts.numpy()[ids],
        }
    )
