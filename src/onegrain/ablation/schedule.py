"""How many neurons are kept, or ablated, at the points of an ablation curve."""

from __future__ import annotations

from collections.abc import Sequence

PERCENT = tuple(step / 100 for step in range(101))
INSIDE = (0.0, 0.005, 0.01, 0.025, 0.05, 0.10, 0.15, *(step / 10 for step in range(2, 11)))
DROPPED = (*(step / 50 for step in range(1, 11)), *(step / 10 for step in range(3, 11)))
RETRAINED = (  # Durrani et al.: few where every neuron counts, many where none does
    *(step / 1000 for step in range(1, 6)),
    *(step / 100 for step in (*range(1, 11), *range(15, 51, 5), *range(60, 91, 10))),
)


def neuron_counts(neurons: int, fractions: Sequence[float] = PERCENT) -> tuple[int, ...]:
    """Turn fractions of ``neurons`` into distinct ascending counts, from 0 to all.

    Both ends are always there, so that every curve spans the same range.

    Example:
        >>> neuron_counts(10, [0.15, 0.5])
        (0, 2, 5, 10)
    """
    return tuple(sorted({0, neurons} | {round(fraction * neurons) for fraction in fractions}))
