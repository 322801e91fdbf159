"""What a model is worth, how large it is and how fast, when neurons are really removed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
from jaxtyping import Int
from torch import Tensor

from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import Measure
from onegrain.ablation.prune import parameter_count, prune
from onegrain.ablation.schedule import neuron_counts
from onegrain.ablation.summaries import summarised
from onegrain.models.text_model import GenerativeModel, TextTranslator
from onegrain.neurons import Ranking
from onegrain.settings import Site


def pruning_curves(
    model: GenerativeModel,
    measure_of: Callable[[GenerativeModel], Measure],
    rankings: Sequence[Ranking],
    *,
    fractions: Sequence[float],
    bootstrap_samples: int,
    seed: int,
) -> pd.DataFrame:
    """Remove more and more of the least important neurons from the weights.

    Dalvi et al. (AAAI 2019) suggest it as a use of rankings: what can go without loss makes a
    smaller model. Compare with the bottom curve of masking at `Site.recurrent` with zero.

    Args:
        model: In evaluation mode; it is left as it is.
        measure_of: What a model does on the test set.
        rankings: The last neurons of each go first.
        fractions: Of the neurons.
        bootstrap_samples: Resampled test sets for the 95% interval over sentences.
        seed: Of the bootstrap.

    Returns:
        Rows as those of ``model_curves``, with ``target=prune``, and two more columns:
        ``parameters`` of the whole model and ``seconds`` to measure it once, which differ from run
        to run.
    """
    measurements = partial(_measured, measure_of, samples=bootstrap_samples, seed=seed)
    whole = measurements(model)
    rows = [
        {
            "ranking": ranking.method,
            "neurons": count,
            "fraction": count / ranking.layout.size,
            **(measurements(_without(model, ranking.order.flip(0)[:count])) if count else whole),
        }
        for ranking in rankings
        for count in neuron_counts(ranking.layout.size, fractions)
    ]
    return pd.DataFrame(rows).assign(
        target="prune",
        operation="ablate",
        order="bottom",
        seed=seed,
        clamp="zero",
        site="recurrent",
    )


def _measured(
    measure_of: Callable[[GenerativeModel], Measure],
    model: GenerativeModel,
    *,
    samples: int,
    seed: int,
) -> dict[str, object]:
    """Return what a model is worth, its size, and the seconds that the test set took."""
    measure = measure_of(model)
    nothing_more = Mask.empty(measure.layout, Site.recurrent)
    start = time.perf_counter()
    counts = measure.counts(nothing_more)
    seconds = time.perf_counter() - start
    return {
        "metric": measure.metric,
        **summarised(measure, counts, samples, seed),
        "parameters": parameter_count(model.model),
        "seconds": seconds,
    }


def _without(model: GenerativeModel, neurons: Int[Tensor, " neurons"]) -> GenerativeModel:
    if isinstance(model, TextTranslator):
        return replace(model, model=prune(model.model, neurons))
    return replace(model, model=prune(model.model, neurons))
