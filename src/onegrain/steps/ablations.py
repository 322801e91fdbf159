"""Every ablation curve that was asked for, as the rows of ``curves.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from onegrain.ablation.curves import probe_mask_curves
from onegrain.ablation.labelling_measure import LabellingAccuracy
from onegrain.ablation.measures import Measure, PerplexityMeasure, TranslationMeasure
from onegrain.ablation.model_curves import Values, direction_curves, model_curves
from onegrain.ablation.orders import ends_of, random_orders
from onegrain.ablation.pruning import pruning_curves
from onegrain.ablation.resampling import Resample
from onegrain.ablation.schedule import INSIDE, PERCENT, neuron_counts
from onegrain.ablation.summaries import Keep, not_kept
from onegrain.ablation.transformer_measures import TransformerPerplexity
from onegrain.ablation.transformer_translation import TransformerTranslation
from onegrain.ablation.workers import default_workers
from onegrain.activations.activations import Activations
from onegrain.data.corpus import Corpus
from onegrain.models.lightning import choose_device
from onegrain.models.text_model import (
    GenerativeModel,
    TextLanguageModel,
    TextTagger,
    TextTranslator,
)
from onegrain.models.transformer import StudiedModel, TextTransformer
from onegrain.neurons import Ranking
from onegrain.precision import resolve_precision
from onegrain.probing.labelled import mean_activation
from onegrain.reporting.run_contract import CURVE_COLUMNS
from onegrain.settings import Clamp, NmtModel, Settings, Target
from onegrain.steps.probed import Probed
from onegrain.steps.rankings import Ranked
from onegrain.steps.retraining import retraining_curves

ROWS_AT_ONCE = {True: 512, False: 8192}  # on a CPU, and elsewhere
TRANSLATED_AT_ONCE = 256  # by a pretrained model
LABEL_FRACTIONS = PERCENT[::5]  # of neurons kept, where each label has a point of its own


def ablation_curves(
    settings: Settings,
    ranked: Ranked,
    probed: Probed,
    model: StudiedModel | None,
    test: Corpus,
    recording: Activations,
    keep: Keep = not_kept,
) -> pd.DataFrame:
    """Draw the curves of every target.

    Args:
        settings: Those of the run.
        ranked: The orders in which neurons are taken away.
        probed: The probe, and what it is tested on.
        model: The analysed model; None where there are only its activations. A tagger has no curves
            inside it, which validation refuses.
        test: What the model is tested on.
        recording: Of the model, for what neurons are clamped to inside it.
        keep: Has what was measured inside the model before.
    """
    parts = []
    targets = settings.ablation.targets
    if Target.probe_mask in targets:
        parts.append(_on_probe(settings, ranked.rankings, probed))
    if Target.probe_retrain in targets and ranked.rankings:
        parts.append(retraining_curves(settings, ranked.rankings, probed))
    if Target.model in targets and not isinstance(model, TextTagger | None):
        measure = _measure(settings, model, test)
        parts.append(_in_model(settings, ranked, measure, recording, keep).assign(label=""))
    if Target.prune in targets and isinstance(model, TextTranslator | TextLanguageModel):
        parts.append(_pruned(settings, ranked, model, test).assign(label=""))
    if not parts:  # Target.label has a table of its own
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    curves = pd.concat(parts, ignore_index=True)
    return curves.assign(task=probed.task.name, instance=settings.model.instance)


def _on_probe(settings: Settings, rankings: Sequence[Ranking], probed: Probed) -> pd.DataFrame:
    """Draw the curves on the probe, for each value that neurons are clamped to.

    The test words are read once for all orders, and random orders are those of every ranking.
    With the first clamp, both ends of every ranking also have a curve for each label, at fewer
    points.
    """
    chosen, seed, task = settings.ablation, settings.seed, probed.task
    fractions = PERCENT if chosen.fractions is None else chosen.fractions
    counts = neuron_counts(task.layout.size, [*fractions, *chosen.keep])
    ends = [(each.method, end) for each in rankings for end in ends_of(each.order, seed)]
    at_random = random_orders(task.layout.size, chosen.random_orders, seed)
    orders = [*(end for _, end in ends), *at_random]
    names = [name for name, _ in [*ends, *(("", order) for order in at_random)] for _ in counts]
    few = neuron_counts(task.layout.size, LABEL_FRACTIONS)
    parts = []
    for clamp in chosen.clamps:
        value = task.train.mean() if clamp is Clamp.mean else None
        labels = task.labels if clamp is chosen.clamps[0] else ()
        samples = chosen.bootstrap_samples
        curves = probe_mask_curves(
            probed.weight, probed.bias, task.test, orders, counts, value, samples, seed, labels
        ).assign(ranking=names * (1 + len(labels)), clamp=clamp.value, site="")
        is_random, overall = curves["order"] == "random", curves["label"] == ""
        measured = curves["neurons"].isin(few) & curves["value"].notna()
        parts.append(curves[~is_random & (overall | measured)])
        parts += [curves[is_random & overall].assign(ranking=each.method) for each in rankings]
    return pd.concat(parts, ignore_index=True)


def _in_model(
    settings: Settings, ranked: Ranked, measure: Measure, recording: Activations, keep: Keep
) -> pd.DataFrame:
    chosen, samples = settings.ablation.model, settings.ablation.bootstrap_samples
    shared: dict[str, Any] = {
        "fractions": _fractions(settings),
        "bootstrap_samples": samples,
        "seed": settings.seed,
        "workers": chosen.workers or default_workers(choose_device(settings.trainer.accelerator)),
        "keep": keep,
    }
    parts = []
    if ranked.rankings:
        curves = model_curves(
            measure,
            ranked.rankings,
            sites=chosen.sites,
            clamps={clamp: _values(clamp, recording, settings.seed) for clamp in chosen.clamps},
            random_orders=chosen.random_orders,
            **shared,
        )
        parts.append(curves)
    if ranked.directions is not None:
        parts.append(direction_curves(measure, ranked.directions, **shared))
    return pd.concat(parts, ignore_index=True)


def _values(clamp: Clamp, recording: Activations, seed: int) -> Values:
    """Return what neurons are clamped to inside the model, read off what they usually are."""
    match clamp:
        case Clamp.zero:
            return None
        case Clamp.mean:
            return mean_activation(recording)
        case Clamp.resample:
            return Resample.from_source(recording, seed)


def _pruned(
    settings: Settings, ranked: Ranked, model: GenerativeModel, test: Corpus
) -> pd.DataFrame:
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


def _measure(settings: Settings, model: GenerativeModel | TextTransformer, test: Corpus) -> Measure:
    chosen = settings.ablation.model
    device = choose_device(settings.trainer.accelerator)
    rows = chosen.rows_at_once or ROWS_AT_ONCE[device.type == "cpu"]
    if isinstance(model, TextTranslator):
        assert isinstance(settings.model, NmtModel)
        dtype = resolve_precision(chosen.precision, device)
        return TranslationMeasure(model, test, settings.model, rows, dtype)
    if isinstance(model, TextTransformer):
        if model.classifier is not None:
            return LabellingAccuracy(model, test, rows)
        if model.writer is not None:
            translated = chosen.rows_at_once or TRANSLATED_AT_ONCE
            return TransformerTranslation(model, test, translated)
        return TransformerPerplexity(model, test, rows)
    return PerplexityMeasure(model, test, rows)
