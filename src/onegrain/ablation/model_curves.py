"""Ablation curves inside a model: BLEU or perplexity against the number of ablated neurons."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.ablation.bootstrap import interval, resampled
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.ablation.measures import Measure
from onegrain.ablation.orders import orders_of
from onegrain.ablation.resampling import Resample
from onegrain.ablation.schedule import INSIDE, neuron_counts
from onegrain.neurons import Ranking
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
) -> pd.DataFrame:
    """Ablate more and more neurons, top, bottom and random ones first, and measure the model.

    Points that are the same are measured once: the ends of all curves of a site, and the random
    orders of all rankings.

    Args:
        measure: What the model does on a test set.
        rankings: Any number of them; at `Site.context` only their top-layer neurons are ablated.
        sites: Where neurons are ablated.
        clamps: What they are set to, and its name.
        fractions: Of the neurons that a site has.
        random_orders: The same for every ranking.
        bootstrap_samples: Resampled test sets for the 95% interval over sentences.
        seed: Of random orders and of the bootstrap.

    Returns:
        One row for each ranking, site, clamp, order and count, in the columns of ``curves.csv``.
    """
    parts = []
    for site in sites:
        for clamp, values in clamps.items():
            points = _Points(measure, site, values, bootstrap_samples, seed)
            for ranking in rankings:
                rows = _curve(points, ranking, fractions, random_orders, seed)
                parts.append(rows.assign(ranking=ranking.method, clamp=clamp.value))
                _report(parts[-1], measure.metric)
    return pd.concat(parts, ignore_index=True)


class _Points:
    """Measured masks of one site and one clamp, each measured once."""

    def __init__(
        self, measure: Measure, site: Site, values: Values, samples: int, seed: int
    ) -> None:
        self.measure, self.site, self.values = measure, site, values
        self.neurons = site_neurons(measure.layout, site)
        self.samples, self.seed = samples, seed
        self._measured: dict[tuple[int, ...], dict[str, float]] = {}

    def at(self, neurons: Int[Tensor, " ablated"]) -> dict[str, float]:
        """Return ``value``, ``low`` and ``high`` with these neurons ablated."""
        chosen = tuple(neurons.sort().values.tolist())
        if chosen not in self._measured:
            self._measured[chosen] = self._measure(torch.tensor(chosen, dtype=torch.long))
        return self._measured[chosen]

    def _measure(self, neurons: Int[Tensor, " ablated"]) -> dict[str, float]:
        layout, site = self.measure.layout, self.site
        none = len(neurons) == 0
        mask = Mask.empty(layout, site) if none else Mask(neurons, layout, site, self.values)
        counts = self.measure.counts(mask).double()
        drawn = resampled(len(counts), self.samples, self.seed)
        (value,) = self.measure.value(counts.sum(dim=0, keepdim=True))
        low, high = interval(torch.tensor(self.measure.value(drawn.T @ counts)))
        return {"value": value, "low": float(low), "high": float(high)}


def _curve(
    points: _Points, ranking: Ranking, fractions: Sequence[float], random_orders: int, seed: int
) -> pd.DataFrame:
    """Draw one ranking's curves; of the neurons that the site has, in the ranking's order."""
    reached = ranking.order[torch.isin(ranking.order, points.neurons)]
    orders = orders_of(reached, random_orders, seed)
    rows = [
        {
            "order": order.name,
            "seed": order.seed,
            "neurons": count,
            "fraction": count / len(reached),
            **points.at(order.neurons[:count]),
        }
        for order in orders
        for count in neuron_counts(len(reached), fractions)
    ]
    return pd.DataFrame(rows).assign(
        target="model",
        operation="ablate",
        site=points.site.value,
        metric=points.measure.metric,
    )


def _report(curve: pd.DataFrame, metric: str) -> None:
    first = curve.iloc[0]
    tenth = curve[(curve["fraction"] - 0.1).abs() == (curve["fraction"] - 0.1).abs().min()]
    shown = ", ".join(f"{row.order} {row.value:.1f}" for row in tenth.itertuples())
    log.info(
        "ablated in the model (%s, %s, %s): %s %.1f; without %d neurons: %s",
        first["ranking"], first["site"], first["clamp"], metric, first["value"],
        tenth["neurons"].iloc[0], shown,
    )  # fmt: skip
