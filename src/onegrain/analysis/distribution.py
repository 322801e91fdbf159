"""Where in the model neurons sit: the layers and directions of any set of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from onegrain.neurons import NeuronLayout


def distribution(sets: Mapping[str, Int[Tensor, " _"]], layout: NeuronLayout) -> pd.DataFrame:
    """Count the neurons of named sets in each block of the model.

    Args:
        sets: Ids of neurons by the name of the set: the top of a ranking, those of a label.
        layout: What the ids mean.

    Returns:
        One row for each set and block: ``name``, ``component``, ``layer``, ``direction``,
        ``neurons`` (of the set, in the block), ``share`` (of the set; 0 if it is empty) and
        ``chance``, the share of all neurons that are in the block.

    Example:
        >>> layout = NeuronLayout.bidirectional_encoder(layers=1, width=4)
        >>> table = distribution({"top": torch.tensor([0, 5, 7, 6])}, layout)
        >>> table[["direction", "neurons", "share", "chance"]]
          direction  neurons  share  chance
        0   forward        1   0.25     0.5
        1  backward        3   0.75     0.5
    """
    block_of = torch.arange(len(layout.blocks)).repeat_interleave(
        torch.tensor([block.width for block in layout.blocks])
    )
    rows = []
    for name, ids in sets.items():
        counts = torch.bincount(block_of[ids], minlength=len(layout.blocks)).tolist()
        for block, count in zip(layout.blocks, counts, strict=True):
            share, chance = count / max(len(ids), 1), block.width / layout.size
            where = (block.component, block.layer, block.direction)
            rows.append((name, *where, count, share, chance))
    columns = ["name", "component", "layer", "direction", "neurons", "share", "chance"]
    return pd.DataFrame(rows, columns=columns)
