"""Which neurons named sets have in common, and which belong to one alone.

The sets may be of any origin: the neurons of labels, of tasks, of rankings, of models of one size.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from jaxtyping import Bool, Int
from torch import Tensor

Sets = Mapping[str, Int[Tensor, " _"]]


def overlap_table(sets: Sets, neurons: int) -> pd.DataFrame:
    """Compare every two sets, in both directions and with themselves: the overlap matrix.

    Args:
        sets: Ids of neurons, each at most once, by the name of the set.
        neurons: How many there are in all.

    Returns:
        One row for each pair: ``one``, ``other``, ``shared`` (neurons in both), ``share`` (of the
        neurons of ``one``), ``jaccard``, and ``chance``, the share that a random set of the size
        of ``other`` has. Shares with an empty set are 0.

    Example:
        >>> sets = {"NOUN": torch.tensor([0, 1, 2]), "PROPN": torch.tensor([2])}
        >>> overlap_table(sets, neurons=10)[["one", "other", "shared", "share"]]
             one  other  shared     share
        0   NOUN   NOUN       3  1.000000
        1   NOUN  PROPN       1  0.333333
        2  PROPN   NOUN       1  1.000000
        3  PROPN  PROPN       1  1.000000
    """
    names = list(sets)
    inside = _members(sets, neurons).double()
    shared = inside @ inside.T
    sizes = inside.sum(dim=1)
    either = sizes[:, None] + sizes - shared
    return pd.DataFrame(
        {
            "one": [one for one in names for _ in names],
            "other": names * len(names),
            "shared": shared.long().flatten().tolist(),
            "share": (shared / sizes.clamp(min=1)[:, None]).flatten().tolist(),
            "jaccard": (shared / either.clamp(min=1)).flatten().tolist(),
            "chance": (sizes / max(neurons, 1)).repeat(len(names)).tolist(),
        }
    )


def owners(sets: Sets, neurons: int) -> Int[Tensor, " neurons"]:
    """Count, for every neuron, the sets it is in.

    Example:
        >>> owners({"NOUN": torch.tensor([0, 2]), "VERB": torch.tensor([2])}, neurons=4).tolist()
        [1, 0, 2, 0]
    """
    return _members(sets, neurons).sum(dim=0)


def exclusive(sets: Sets, neurons: int) -> dict[str, Int[Tensor, " _"]]:
    """Return the neurons of each set that no other has, in their order.

    Example:
        >>> found = exclusive({"NOUN": torch.tensor([4, 2]), "VERB": torch.tensor([2])}, neurons=5)
        >>> {name: ids.tolist() for name, ids in found.items()}
        {'NOUN': [4], 'VERB': []}
    """
    count = owners(sets, neurons)
    return {name: ids[count[ids] == 1] for name, ids in sets.items()}


def shared_by(sets: Sets, neurons: int, at_least: int = 2) -> pd.DataFrame:
    """List the neurons that several sets have, those of the most sets first.

    Returns:
        ``neuron``, ``owners`` (how many sets) and ``names`` (of these, separated by spaces).
    """
    inside = _members(sets, neurons)
    count = inside.sum(dim=0)
    ids = (count >= at_least).nonzero()[:, 0]
    ids = ids[count[ids].argsort(descending=True, stable=True)]
    names = list(sets)
    return pd.DataFrame(
        {
            "neuron": ids.tolist(),
            "owners": count[ids].tolist(),
            "names": [
                " ".join(name for name, there in zip(names, column, strict=True) if there)
                for column in inside[:, ids].T.tolist()
            ],
        }
    )


def _members(sets: Sets, neurons: int) -> Bool[Tensor, "sets neurons"]:
    inside = torch.zeros(len(sets), neurons, dtype=torch.bool)
    for row, ids in zip(inside, sets.values(), strict=True):
        row[ids] = True
    return inside
