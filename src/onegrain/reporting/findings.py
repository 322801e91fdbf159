"""What a run found, in the few numbers and sentences that a reader wants first."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from onegrain.reporting.formatting import Number, measure, number, percent
from onegrain.reporting.run_files import Metric, RunResults

DEFAULT_FRACTIONS = {  # of the neurons; those of the papers' tables and figures
    "keep": (0.10, 0.15, 0.20),
    "ablate": (0.025, 0.10),
}
ORDERS = ("top", "random", "bottom")
METRIC_TITLES = {"accuracy": "accuracy", "bleu": "BLEU", "perplexity": "perplexity"}

# One curve is what shares all of these; `seed` and `order` vary inside it.
_CURVE_KEY = (
    *("task", "instance", "target", "operation"),
    *("ranking", "clamp", "site", "metric"),
)


@dataclass(frozen=True)
class Point:
    """One measurement: the neurons kept or ablated, the value and its interval."""

    neurons: int
    fraction: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Curve:
    """One ablation experiment: the same neurons taken in three orders.

    Attributes:
        task: The probed property.
        target: What was ablated: ``probe_mask``, ``probe_retrain`` or ``model``.
        operation: ``keep`` or ``ablate``.
        ranking: The ranking whose top and bottom is meant.
        metric: What was measured.
        variant: What else sets it apart (label, instance, clamp, site), empty parts left out.
        points: Columns order, neurons, fraction, value, low, high; one row a point, seeds averaged.
        seeds: How many random orders were averaged.
    """

    task: str
    target: str
    operation: str
    ranking: str
    metric: str
    variant: tuple[str, ...]
    points: pd.DataFrame
    seeds: int

    def at(self, order: str, fraction: float) -> Point | None:
        """The measured point nearest to a fraction, or None where the order was not measured."""
        points = self.points[self.points["order"] == order]
        if points.empty:
            return None
        nearest = points.iloc[int((points["fraction"] - fraction).abs().argmin())]
        return Point(
            neurons=int(nearest["neurons"]),
            **{name: float(nearest[name]) for name in ("fraction", "value", "low", "high")},
        )

    @property
    def size(self) -> int:
        """How many neurons there are; 0 where none was ever kept or ablated."""
        neurons, fraction = self.points["neurons"].max(), self.points["fraction"].max()
        return round(neurons / fraction) if fraction > 0 else 0


def curves_of(table: pd.DataFrame) -> Iterator[Curve]:
    """The curves over all labels that a run's ``curves.csv`` holds, in its order."""
    overall = table[table["label"] == ""]
    several_instances = overall["instance"].nunique() > 1
    for key, rows in overall.groupby(list(_CURVE_KEY), sort=False, dropna=False):
        named = dict(zip(_CURVE_KEY, map(str, key), strict=True))
        instance = named.pop("instance")
        site, clamp = named.pop("site"), named.pop("clamp")
        variant = (
            f"instance {instance}" if several_instances else "",
            f"at {site}" if site else "",
            f"clamped to {clamp}" if clamp else "",
        )
        yield Curve(
            **named,
            variant=tuple(filter(None, variant)),
            points=_averaged_over_seeds(rows),
            seeds=rows.loc[rows["order"] == "random", "seed"].nunique(),
        )


def _averaged_over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a point: random orders become their mean, and their range the interval."""
    by_point = rows.groupby(["order", "neurons", "fraction"], sort=True)
    points = by_point.agg(
        value=("value", "mean"),
        low=("low", "min"),
        high=("high", "max"),
        least=("value", "min"),
        most=("value", "max"),
        seeds=("value", "size"),
    ).reset_index()
    several = points["seeds"] > 1
    points["low"] = points["low"].mask(several, points["least"])
    points["high"] = points["high"].mask(several, points["most"])
    return points.drop(columns=["least", "most", "seeds"])


def shown_fractions(settings: Mapping[str, Any], operation: str) -> tuple[float, ...]:
    """The fractions that tables show: those of the settings, or the papers'.

    Args:
        settings: The run's, nested: ``ablation.keep``, ``ablation.model.shown``.
        operation: ``keep`` or ``ablate``.
    """
    ablation = settings.get("ablation", {})
    shown = ablation.get("keep") if operation == "keep" else ablation.get("model", {}).get("shown")
    return tuple(map(float, shown)) if shown else DEFAULT_FRACTIONS[operation]


def asked_share(fraction: float) -> str:
    """A share of the neurons that was asked for, as metrics name it: ``drop@2.5%``.

    The share that was measured is the nearest of whole neurons; `counted` says it.

    Example:
        >>> asked_share(0.025), asked_share(0.1)
        ('2.5%', '10%')
    """
    return f"{100 * fraction:g}%"


def counted(curve: Curve, point: Point) -> str:
    """How many neurons a point has, of how many: ``12 of 512``."""
    return f"{number(point.neurons)} of {number(curve.size)}"


def random_note(curve: Curve) -> str:
    """What the random curve and the bands are."""
    bands = "Bands of top and bottom: 95% intervals over test sentences."
    if curve.seeds > 1:
        return f"{bands} Random: mean and range of {curve.seeds} orders."
    return bands


def finding(results: RunResults) -> str:
    """The run in one sentence."""
    accuracy = number_of(results.metrics, "probe/accuracy")
    majority = number_of(results.metrics, "probe/majority_accuracy")
    curve = next((c for c in curves_of(results.curves) if c.target == "probe_mask"), None)
    task = curve.task if curve else results.settings.get("task", {}).get("name", "the labels")
    parts = []
    if accuracy is not None:
        against = "" if majority is None else f", majority {percent(majority)}"
        parts.append(f"The probe reads {task} at {percent(accuracy)}{against}")
    if curve is not None and curve.operation == "keep":
        kept = _kept_in_words(curve, shown_fractions(results.settings, curve.operation)[0])
        parts.extend([kept] if kept else [])
    inside = next((c for c in curves_of(results.curves) if c.target == "model"), None)
    if inside is not None:
        cost = _cost_in_words(inside, shown_fractions(results.settings, inside.operation)[0])
        parts.extend([cost] if cost else [])
    sentence = "; ".join(parts) or "This run measured no probe"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _kept_in_words(curve: Curve, fraction: float) -> str | None:
    top, bottom = curve.at("top", fraction), curve.at("bottom", fraction)
    if top is None or bottom is None:
        return None
    share = asked_share(fraction)
    return (
        f"keeping the top {share} ({counted(curve, top)} neurons) leaves "
        f"{measure(curve.metric, top.value)}, "
        f"keeping the bottom {share} leaves {measure(curve.metric, bottom.value)}"
    )


def _cost_in_words(curve: Curve, fraction: float) -> str | None:
    none, top, bottom = (
        curve.at("top", 0.0),
        curve.at("top", fraction),
        curve.at("bottom", fraction),
    )
    if none is None or top is None or bottom is None or top.neurons == 0:
        return None
    whole, without_top, without_bottom = (
        measure(curve.metric, point.value) for point in (none, top, bottom)
    )
    return (
        f"in the model, ablating the top {asked_share(fraction)} ({counted(curve, top)} neurons) "
        f"by {curve.ranking} takes {METRIC_TITLES.get(curve.metric, curve.metric)} "
        f"from {whole} to {without_top}, the bottom to {without_bottom}"
    )


def unconverged(grid: pd.DataFrame) -> pd.Series[bool]:
    """Which grid points ended above the tolerance; none where the run does not say.

    Points that a search only looked at were not meant to reach it.
    """
    if "converged" not in grid.columns:
        return pd.Series(False, index=grid.index)
    short = ~grid["converged"].astype(bool)
    return short & grid["fitted"].astype(bool) if "fitted" in grid.columns else short


def gaps(metrics: Mapping[str, Metric]) -> dict[str, Number]:
    """Every ``ablation/<target>/<ranking>/gap`` by ``<target>/<ranking>``."""
    return {
        name.removeprefix("ablation/").removesuffix("/gap"): value
        for name, value in metrics.items()
        if name.startswith("ablation/") and name.endswith("/gap") and not isinstance(value, str)
    }


def number_of(metrics: Mapping[str, Metric], name: str) -> Number | None:
    """A metric that is a number; None where the run has none."""
    value = metrics.get(name, math.nan)
    return None if isinstance(value, str) or math.isnan(value) else value


def selected_point(grid: pd.DataFrame) -> dict[Hashable, Any] | None:
    """The chosen row of the λ grid, or None where nothing was chosen."""
    chosen = grid[grid["selected"].astype(bool)].to_dict("records")
    return chosen[0] if chosen else None
