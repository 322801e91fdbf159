"""Whether a word's own label is the most probable one, quickly also where labels are few.

On a CPU PyTorch's argmax over labels goes number by number; their maximum goes vector by vector
where words lie beside each other in memory.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def is_most_probable(
    logits: Float[Tensor, "*points labels words"], gold: Int[Tensor, " words"]
) -> Bool[Tensor, "*points words"]:
    """Return for each word what ``logits.argmax(dim=-2) == gold`` says.

    Args:
        logits: Best with words beside each other in memory.
        gold: Each word's label, one that the logits have.

    Example:
        >>> is_most_probable(torch.tensor([[1.0, 2.0], [3.0, 2.0]]), torch.tensor([1, 1]))
        tensor([ True, False])
    """
    index = gold.expand(*logits.shape[:-2], 1, -1)
    own = logits.gather(-2, index).squeeze(-2)
    of_others = logits.scatter(-2, index, -torch.inf).amax(dim=-2)
    if (own == of_others).any():  # the first of equal labels is the answer
        return logits.argmax(dim=-2) == gold
    return own > of_others
