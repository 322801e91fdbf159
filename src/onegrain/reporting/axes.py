"""How charts order and show the names of labels and rankings.

Names are sorted by a number beside them in the data: of a list to sort by Vega-Lite makes an
expression, and text from corpora must not be in one.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd


def label_axis(angle: int = 0) -> alt.Axis:
    """Return an axis of names, without lines."""
    return alt.Axis(domain=False, ticks=False, grid=False, labelLimit=220, labelAngle=angle)


def places(names: pd.Series[str], order: Sequence[str]) -> pd.Series[int]:
    """Return the place of every name in an order."""
    return names.map({name: place for place, name in enumerate(order)})


def by(field: str) -> alt.EncodingSortField:
    """Sort names by a number beside them."""
    return alt.EncodingSortField(field=field, op="min")
