"""Ablation curves inside a model: its worth against the number of ablated neurons."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.measures import Ablation, Measure
from onegrain.ablation.orders import NeuronOrder, ends_of, shuffles_of
from onegrain.ablation.projection import Projection
from onegrain.ablation.resampling import Resample
from onegrain.ablation.schedule import INSIDE, neuron_counts
from onegrain.ablation.summaries import Keep, Summarise, Summary, not_kept, summarising
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
    keep: Keep = not_kept,
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
        keep: Has what was measured before: the ends of each ranking together, and its random
            orders, which are those of every ranking.

    Returns:
        One row for each ranking, site, clamp, order and count, in the columns of ``curves.csv``.
    """
    parts = []
    nothing = Mask.empty(measure.layout, sites[0])
    with summarising(measure, workers, bootstrap_samples, seed) as summaries:
        (whole,) = keep([nothing], lambda: summaries([nothing]))
        for site, (clamp, values) in product(sites, clamps.items()):
            points = _Points(measure, summaries, site, values, whole, keep)
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
    keep: Keep = not_kept,
) -> pd.DataFrame:
    """Project more and more directions out of the top layer, and measure the model.

    Args:
        measure: What the model does on a test set.
        directions: Of the top layer's neurons, most important first.
        fractions: Of the directions.
        bootstrap_samples: Resampled test sets for the 95% interval over sentences.
        seed: Of the bootstrap.
        workers: How many points are measured side by side.
        keep: Has what was measured before.

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
    ablations = [without(count, order) for order, count in distinct]
    with summarising(measure, workers, bootstrap_samples, seed) as summaries:
        found = dict(zip(distinct, keep(ablations, lambda: summaries(ablations)), strict=True))
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


class _Points:
    """Measured masks of one site and one clamp, each measured once."""

    def __init__(
        self,
        measure: Measure,
        summaries: Summarise,
        site: Site,
        values: Values,
        whole: Summary,
        keep: Keep,
    ) -> None:
        self.measure, self.site = measure, site
        self.neurons = site_neurons(measure.layout, site)
        self._summaries, self._values, self._keep = summaries, values, keep
        self._measured: dict[tuple[int, ...], Summary] = {(): whole}

    def along(
        self, orders: Sequence[NeuronOrder], counts: Sequence[int]
    ) -> list[tuple[NeuronOrder, int, Summary]]:
        """Return what the model is worth without the first neurons of each order."""
        places = list(product(orders, counts))
        sets = [tuple(order.neurons[:count].sort().values.tolist()) for order, count in places]
        distinct = [chosen for chosen in dict.fromkeys(sets) if chosen]
        if not distinct:
            return [(order, count, self._measured[()]) for order, count in places]
        # All of them are kept together, whichever were measured for other orders before.
        found = self._keep([*map(self._mask, distinct)], lambda: self._measure(distinct))
        self._measured.update(zip(distinct, found, strict=True))
        return [
            (order, count, self._measured[chosen])
            for (order, count), chosen in zip(places, sets, strict=True)
        ]

    def _measure(self, sets: Sequence[tuple[int, ...]]) -> list[Summary]:
        new = [chosen for chosen in sets if chosen not in self._measured]
        found = self._summaries([self._mask(chosen) for chosen in new])
        self._measured.update(zip(new, found, strict=True))
        return [self._measured[chosen] for chosen in sets]

    def _mask(self, neurons: tuple[int, ...]) -> Mask:
        ids = torch.tensor(neurons, dtype=torch.long)
        return Mask(ids, self.measure.layout, self.site, self._values)


def _curve(
    points: _Points, ranking: Ranking, fractions: Sequence[float], random_orders: int, seed: int
) -> pd.DataFrame:
    """Draw one ranking's curves; of the neurons that the site has, in the ranking's order."""
    reached = ranking.order[torch.isin(ranking.order, points.neurons)]
    counts = neuron_counts(len(reached), fractions)
    # Random orders first and apart: so what is kept of a ranking does not hang on the others.
    at_random = points.along(shuffles_of(reached, random_orders, seed), counts)
    rows = [
        {
            "order": order.name,
            "seed": order.seed,
            "neurons": count,
            "fraction": count / len(reached),
            **found,
        }
        for order, count, found in [*points.along(ends_of(reached, seed), counts), *at_random]
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
