"""Softmax over labels that is quick also where they are few.

PyTorch's takes whole vectors of a CPU; over fewer numbers than one it goes number by number, and
then is half of the time of a fit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

VECTOR = 16  # numbers in fp32, of AVX-512; padding to it is as good for narrower ones


def softmax(logits: Float[Tensor, "*rows labels"]) -> Float[Tensor, "*rows labels"]:
    """Return the probabilities of labels."""
    return _on_whole_vectors(torch.softmax, logits)


def log_softmax(logits: Float[Tensor, "*rows labels"]) -> Float[Tensor, "*rows labels"]:
    """Return the log probabilities of labels."""
    return _on_whole_vectors(torch.log_softmax, logits)


def _on_whole_vectors(
    function: Callable[..., Tensor], logits: Float[Tensor, "*rows labels"]
) -> Float[Tensor, "*rows labels"]:
    """Apply ``function`` to labels and others beside them that are impossible."""
    labels = logits.shape[-1]
    if labels >= VECTOR or not logits.is_cpu:
        return function(logits, dim=-1)
    padded = torch.nn.functional.pad(logits, (0, VECTOR - labels), value=-torch.inf)
    return function(padded, dim=-1)[..., :labels].contiguous()
