"""Ablation curves inside a model: its worth against the number of ablated neurons."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.ablation.bootstrap import interval, resampled
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.measures import Ablation, Counts, Measure
from onegrain.ablation.orders import orders_of
from onegrain.ablation.projection import Projection
from onegrain.ablation.resampling import Resample
from onegrain.ablation.schedule import INSIDE, neuron_counts
from onegrain.ablation.workers import Count, counting
from onegrain.neurons import Ranking
from onegrain.ranking.svcca import Directions
from onegrain.settings import Clamp, Site

log = logging.getLogger(__name__)

Values = Float[Tensor, " neurons"] | Resample | None


def model_curves(
    measure: Measure,
    rankings: Sequence[Ranking],
    *,
    sites: Sequence[Site],
    clamps: Mapping[Clamp, Values],
    fractions: Sequence[float] = INSIDE,
    random_orders: int = 1,
    bootstrap_samples: int = 1000,
    seed: int = 0,
    workers: int = 1,
) -> pd.DataFrame:
    """Ablate more and more neurons, top, bottom and random ones first, and measure the model.

    Points that are the same are measured once: the whole model, the ends of all curves of a site,
    and the random orders of all rankings.

    Args:
        measure: What the model does on a test set.
        rankings: Any number of them; at `Site.context` only their top-layer neurons are ablated.
        sites: Where neurons are ablated.
        clamps: What they are set to, and its name.
        fractions: Of the neurons that a site has.
        random_orders: The same for every ranking.
        bootstrap_samples: Resampled test sets for the 95% interval over sentences.
        seed: Of random orders and of the bootstrap.
        workers: How many points are measured side by side (`onegrain.ablation.workers`).

    Returns:
        One row for each ranking, site, clamp, order and count, in the columns of ``curves.csv``.
    """
    parts = []
    whole = measured(measure, Mask.empty(measure.layout, sites[0]), bootstrap_samples, seed)
    with counting(measure, workers) as count:
        for site, (clamp, values) in product(sites, clamps.items()):
            points = _Points(measure, count, site, values, whole, bootstrap_samples, seed)
            for ranking in rankings:
                rows = _curve(points, ranking, fractions, random_orders, seed)
                parts.append(rows.assign(ranking=ranking.method, clamp=clamp.value))
                _report(parts[-1])
    return pd.concat(parts, ignore_index=True)


def direction_curves(
    measure: Measure,
    directions: Directions,
    *,
    fractions: Sequence[float] = INSIDE,
    bootstrap_samples: int = 1000,
    seed: int = 0,
    workers: int = 1,
) -> pd.DataFrame:
    """Project more and more directions out of the top layer, and measure the model.

    Args:
        measure: What the model does on a test set.
        directions: Of the top layer's neurons, most important first.
        fractions: Of the directions.
        bootstrap_samples: Resampled test sets for the 95% interval over sentences.
        seed: Of the bootstrap.
        workers: How many points are measured side by side.

    Returns:
        Rows as those of `model_curves`, at ``site=context`` and ``clamp=mean``; ``neurons`` and
        ``fraction`` count directions. There is no random order.
    """
    layout, total = measure.layout, len(directions.vectors)
    top = site_neurons(layout, Site.context)

    def without(count: int, order: str) -> Ablation:
        if count == 0:
            return Mask.empty(layout, Site.context)
        basis = directions.basis(count, bottom=order == "bottom")
        return Projection(basis[:, top], directions.mean[top], layout)

    ends = product(("top", "bottom"), neuron_counts(total, fractions))
    # What is taken away from either end is the same where it is nothing or all there is.
    wanted = {end: end if 0 < end[1] < total else ("any", end[1]) for end in ends}
    distinct = list(dict.fromkeys(wanted.values()))
    with counting(measure, workers) as counts:
        all_counts = counts(without(count, order) for order, count in distinct)
        found = {
            point: summarised(measure, each, bootstrap_samples, seed)
            for point, each in zip(distinct, all_counts, strict=True)
        }
    rows = [
        {
            "order": order,
            "seed": seed,
            "neurons": count,
            "fraction": count / total,
            **found[wanted[order, count]],
        }
        for order, count in wanted
    ]
    curve = _columns(pd.DataFrame(rows), measure.metric, Site.context)
    curve = curve.assign(ranking=directions.method, clamp=Clamp.mean.value)
    _report(curve)
    return curve


def measured(measure: Measure, ablation: Ablation, samples: int, seed: int) -> dict[str, float]:
    """Return the metric with an ablation, and its 95% interval over test sentences."""
    return summarised(measure, measure.counts(ablation), samples, seed)


def summarised(measure: Measure, counts: Counts, samples: int, seed: int) -> dict[str, float]:
    """Return the metric of all sentences as ``value``, and its interval, ``low`` to ``high``."""
    counts = counts.double()
    drawn = resampled(len(counts), samples, seed)
    (value,) = measure.value(counts.sum(dim=0, keepdim=True))
    low, high = interval(torch.tensor(measure.value(drawn.T @ counts)))
    return {"value": value, "low": float(low), "high": float(high)}


class _Points:
    """Measured masks of one site and one clamp, each measured once."""

    def __init__(
        self,
        measure: Measure,
        count: Count,
        site: Site,
        values: Values,
        whole: dict[str, float],
        samples: int,
        seed: int,
    ) -> None:
        self.measure, self.site = measure, site
        self.neurons = site_neurons(measure.layout, site)
        self._count, self._values = count, values
        self._summarised = partial(summarised, measure, samples=samples, seed=seed)
        self._measured: dict[tuple[int, ...], dict[str, float]] = {(): whole}

    def at(self, places: Sequence[Int[Tensor, " _"]]) -> list[dict[str, float]]:
        """Return ``value``, ``low`` and ``high`` with each of these sets of neurons ablated."""
        sets = [tuple(neurons.sort().values.tolist()) for neurons in places]
        new = [chosen for chosen in dict.fromkeys(sets) if chosen not in self._measured]
        for chosen, counts in zip(new, self._count(map(self._mask, new)), strict=True):
            self._measured[chosen] = self._summarised(counts)
        return [self._measured[chosen] for chosen in sets]

    def _mask(self, neurons: tuple[int, ...]) -> Mask:
        ids = torch.tensor(neurons, dtype=torch.long)
        return Mask(ids, self.measure.layout, self.site, self._values)


def _curve(
    points: _Points, ranking: Ranking, fractions: Sequence[float], random_orders: int, seed: int
) -> pd.DataFrame:
    """Draw one ranking's curves; of the neurons that the site has, in the ranking's order."""
    reached = ranking.order[torch.isin(ranking.order, points.neurons)]
    orders = orders_of(reached, random_orders, seed)
    places = list(product(orders, neuron_counts(len(reached), fractions)))
    measured_at = points.at([order.neurons[:count] for order, count in places])
    rows = [
        {
            "order": order.name,
            "seed": order.seed,
            "neurons": count,
            "fraction": count / len(reached),
            **found,
        }
        for (order, count), found in zip(places, measured_at, strict=True)
    ]
    return _columns(pd.DataFrame(rows), points.measure.metric, points.site)


def _columns(rows: pd.DataFrame, metric: str, site: Site) -> pd.DataFrame:
    return rows.assign(target="model", operation="ablate", site=site.value, metric=metric)


def _report(curve: pd.DataFrame) -> None:
    first, distance = curve.iloc[0], (curve["fraction"] - 0.1).abs()
    tenth = curve[distance == distance.min()]
    shown = ", ".join(f"{row.order} {row.value:.3g}" for row in tenth.itertuples())
    log.info(
        "ablated in the model (%s, %s, %s): %s %.3g; without %d of %d: %s",
        first["ranking"], first["site"], first["clamp"], first["metric"], first["value"],
        tenth["neurons"].iloc[0], curve["neurons"].max(), shown,
    )  # fmt: skip
