"""Numbers as people read them."""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np

Number = float | int

_SHARES = ("accuracy", "f1", "recall", "precision", "share", "selectivity")


def is_share(metric: str) -> bool:
    """Whether a metric lies between 0 and 1 and is read in percent.

    Example:
        >>> is_share("probe/macro_f1_test"), is_share("perplexity")
        (True, False)
    """
    return any(word in metric.rsplit("/", 1)[-1] for word in _SHARES)


def percent(share: Number) -> str:
    """A share as a percentage; a dash where there is none.

    Example:
        >>> percent(0.9123), percent(float("nan"))
        ('91.2%', '–')
    """
    return f"{share:.1%}" if math.isfinite(share) else "–"


def number(value: Number) -> str:
    """A number, with no more digits than one can use; a dash where there is none.

    Example:
        >>> number(1234), number(24.5678), number(0.98), number(0.000123)
        ('1,234', '24.57', '0.980', '0.000123')
    """
    if not math.isfinite(value):
        return "–"
    if isinstance(value, Integral) or (abs(value) >= 10 and float(value).is_integer()):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 10 else f"{value:#.3g}"


def measure(metric: str, value: Number) -> str:
    """A metric's value, in percent where it is a share.

    Example:
        >>> measure("accuracy", 0.5), measure("bleu", 24.512)
        ('50.0%', '24.51')
    """
    return percent(value) if is_share(metric) else number(value)


def strength(value: Number) -> str:
    """A regularisation strength, written as one would type it.

    Example:
        >>> strength(1e-5), strength(2.5e-4), strength(0.0)
        ('1e-5', '2.5e-4', '0')
    """
    return "0" if value == 0 else np.format_float_scientific(value, trim="-", exp_digits=1)
