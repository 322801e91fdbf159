"""Every ablation curve that was asked for, as the rows of ``curves.csv``."""

from __future__ import annotations

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from onegrain.ablation.curves import probe_mask_curves
from onegrain.ablation.measures import Measure, PerplexityMeasure, TranslationMeasure
from onegrain.ablation.model_curves import Values, direction_curves, model_curves
from onegrain.ablation.orders import orders_of
from onegrain.ablation.pruning import pruning_curves
from onegrain.ablation.resampling import Resample
from onegrain.ablation.schedule import INSIDE, PERCENT, neuron_counts
from onegrain.activations.activations import Activations
from onegrain.data.corpus import Corpus
from onegrain.data.sampling import shuffled
from onegrain.models.text_model import TextModel, TextTranslator
from onegrain.neurons import Ranking
from onegrain.precision import resolve_precision
from onegrain.probing.probe import Probe
from onegrain.settings import Clamp, NmtModel, Settings, Target
from onegrain.stages import ProbingTask
from onegrain.steps.rankings import Ranked


def ablation_curves(
    settings: Settings,
    ranked: Ranked,
    probe: Probe,
    point: int,
    task: ProbingTask,
    model: TextModel,
    test: Corpus,
    recording: Activations,
) -> pd.DataFrame:
    """Draw the curves of every target.

    Args:
        settings: Those of the run.
        ranked: The orders in which neurons are taken away.
        probe: Of every grid point.
        point: The chosen one.
        task: What the probe is tested on.
        model: The analysed model.
        test: What the model is tested on.
        recording: Of the model, for what neurons are clamped to inside it.
    """
    parts = []
    targets = settings.ablation.targets
    if Target.probe_mask in targets:
        weight, bias = probe.weight[point], probe.bias[point]
        parts += [_on_probe(settings, ranking, weight, bias, task) for ranking in ranked.rankings]
    if Target.model in targets:
        measure = _measure(settings, model, test)
        parts.append(_in_model(settings, ranked, measure, recording))
    if Target.prune in targets:
        parts.append(_pruned(settings, ranked, model, test))
    curves = pd.concat(parts, ignore_index=True)
    return curves.assign(task=task.name, label="", instance=settings.model.instance)


def _on_probe(
    settings: Settings,
    ranking: Ranking,
    weight: Float[Tensor, "labels neurons"],
    bias: Float[Tensor, " labels"],
    task: ProbingTask,
) -> pd.DataFrame:
    """Draw one ranking's curves on the probe, for each value that neurons are clamped to."""
    chosen = settings.ablation
    fractions = PERCENT if chosen.fractions is None else chosen.fractions
    counts = neuron_counts(task.layout.size, [*fractions, *chosen.keep])
    values = {Clamp.zero: None, Clamp.mean: task.train.mean()}
    parts = [
        probe_mask_curves(
            weight,
            bias,
            task.test,
            orders_of(ranking.order, chosen.random_orders, settings.seed),
            counts,
            values[clamp],
            chosen.bootstrap_samples,
            settings.seed,
        ).assign(clamp=clamp.value)
        for clamp in chosen.clamps
    ]
    return pd.concat(parts, ignore_index=True).assign(ranking=ranking.method, site="")


def _in_model(
    settings: Settings, ranked: Ranked, measure: Measure, recording: Activations
) -> pd.DataFrame:
    chosen, samples = settings.ablation.model, settings.ablation.bootstrap_samples
    fractions = _fractions(settings)
    parts = []
    if ranked.rankings:
        curves = model_curves(
            measure,
            ranked.rankings,
            sites=chosen.sites,
            clamps={clamp: _values(clamp, recording, settings.seed) for clamp in chosen.clamps},
            fractions=fractions,
            random_orders=chosen.random_orders,
            bootstrap_samples=samples,
            seed=settings.seed,
        )
        parts.append(curves)
    if ranked.directions is not None:
        curves = direction_curves(
            measure,
            ranked.directions,
            fractions=fractions,
            bootstrap_samples=samples,
            seed=settings.seed,
        )
        parts.append(curves)
    return pd.concat(parts, ignore_index=True)


def _values(clamp: Clamp, recording: Activations, seed: int) -> Values:
    """Return what neurons are clamped to inside the model, read off what they usually are."""
    match clamp:
        case Clamp.zero:
            return None
        case Clamp.mean:
            total = torch.zeros(recording.shape[1], dtype=torch.float64)
            for block in recording.blocks(4096):
                total += block.double().sum(dim=0)
            return (total / recording.shape[0]).float()
        case Clamp.resample:
            return Resample.from_source(recording, seed)


def _pruned(settings: Settings, ranked: Ranked, model: TextModel, test: Corpus) -> pd.DataFrame:
    return pruning_curves(
        model,
        lambda pruned: _measure(settings, pruned, test),
        ranked.rankings,
        fractions=_fractions(settings),
        bootstrap_samples=settings.ablation.bootstrap_samples,
        seed=settings.seed,
    )


def _fractions(settings: Settings) -> list[float]:
    chosen = settings.ablation.model
    return [*(INSIDE if chosen.fractions is None else chosen.fractions), *chosen.shown]


def _measure(settings: Settings, model: TextModel, test: Corpus) -> Measure:
    chosen = settings.ablation.model
    if chosen.sentences is not None and chosen.sentences < len(test):
        test = shuffled(test, chosen.sentences, settings.data.seed, "ablation.model.sentences")
    if isinstance(model, TextTranslator):
        assert isinstance(settings.model, NmtModel)
        device = model.model.decoder.output.weight.device
        dtype = resolve_precision(chosen.precision, device)
        return TranslationMeasure(model, test, settings.model, chosen.rows_at_once, dtype)
    return PerplexityMeasure(model, test, chosen.rows_at_once)
