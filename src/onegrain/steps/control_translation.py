"""Can a translation be given another tense, number or gender by setting a few neurons?

Bau et al. (ICLR 2019), section 6. On the grammar it is known exactly what the translation would be;
on other text only how often it changes, and how far it is from the model's own.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Int
from scipy.stats import binomtest
from torch import Tensor

from onegrain.ablation.control import ControlledTranslation, control_mask
from onegrain.ablation.mask import Mask, site_neurons
from onegrain.activations.activations import Activations
from onegrain.data.corpus import Corpus, Splits
from onegrain.errors import UserError
from onegrain.models.bleu import corpus_bleu
from onegrain.models.search import ROWS_AT_ONCE
from onegrain.models.text_model import TextTranslator
from onegrain.models.transformer import StudiedModel
from onegrain.neurons import Ranking
from onegrain.probing.fitting import fit_probe
from onegrain.probing.grid import LambdaGrid
from onegrain.probing.labelled import LabelledActivations
from onegrain.ranking.linear_correlation import rank_by_weights
from onegrain.ranking.random_order import rank_at_random
from onegrain.ranking.two_values import (
    ValueMoments,
    rank_by_explained_variance,
    rank_by_gaussian_f1,
    value_moments,
)
from onegrain.reporting.run_contract import CONTROL_COLUMNS
from onegrain.reporting.run_files import Metric
from onegrain.settings import FEATURE_VALUES, ControlledFeature, ControlRanking, NmtModel, Settings
from onegrain.stages import recorded
from onegrain.steps.control_cases import (
    Case,
    Change,
    cases_of,
    labelled_text,
    present_value,
    values_in,
    written,
)
from onegrain.store import Store

log = logging.getLogger(__name__)

PROBE_LAMBDA = 1e-4  # L1 and L2 of the probe that tells two values apart
UNCONTROLLED = "none"  # the ranking of the rows without control


def controlled_translations(
    settings: Settings,
    data: Splits,
    corpora: Splits,
    models: Mapping[int, Path],
    trained: StudiedModel | None,
    store: Store,
) -> pd.DataFrame:
    """Control every feature that was asked for, in both directions; nothing where it is off.

    Args:
        settings: Those of the run.
        data: The model's own text.
        corpora: The labelled text.
        models: Folders of the trained models, by their instances.
        trained: The analysed one, loaded; only a translator can be controlled.
        store: Of finished work.

    Returns:
        The rows of ``control.csv``: `CONTROL_COLUMNS`.

    Raises:
        UserError: If a value has no labelled word.
    """
    chosen = settings.analysis.control
    nothing = pd.DataFrame(columns=list(CONTROL_COLUMNS))
    if not chosen.enabled or not isinstance(trained, TextTranslator):
        return nothing
    text, task = labelled_text(settings, data, corpora)
    words = Corpus(text.language, text.sentences)
    recording = Activations.open(recorded(settings, models[settings.model.instance], words, store))
    changes = [(each, wanted) for each in chosen.features for wanted in FEATURE_VALUES[each]]
    cases = cases_of(settings, changes, corpora, trained.source, trained.target)
    parts = []
    for feature in chosen.features:
        known = two_values(settings, feature, recording, values_in(text, task, feature))
        for wanted in FEATURE_VALUES[feature]:
            change = (feature, wanted)
            parts.append(control_rows(settings, change, known, cases[change], trained))
    rows = [part for part in parts if len(part)]
    return pd.concat(rows, ignore_index=True) if rows else nothing


@dataclass(frozen=True, eq=False)
class TwoValues:
    """What tells the two values of a feature apart.

    Attributes:
        moments: Of all neurons on the words of each value, in the order of `FEATURE_VALUES`.
        orders: The neurons that can be set, by each ranking.
    """

    moments: ValueMoments
    orders: dict[str, Int[Tensor, " neurons"]]


def two_values(
    settings: Settings,
    feature: ControlledFeature,
    recording: Activations,
    values: Int[Tensor, " tokens"],
) -> TwoValues:
    """Rank the neurons by how well they tell two values apart.

    Args:
        settings: Those of the run.
        feature: Whose values they are.
        recording: Of labelled words.
        values: Which of the two each has, 0 or 1; -1 for other words.

    Raises:
        UserError: If one of them has no word.
    """
    missing = [
        value for number, value in enumerate(FEATURE_VALUES[feature]) if number not in values
    ]
    if missing:
        raise UserError(
            f"analysis.control.features={feature.name}: no labelled word has "
            f"{feature.value}={missing[0]}; leave {feature.name} out"
        )
    chosen, layout, seed = settings.analysis.control, recording.layout, settings.seed
    rows = (values >= 0).nonzero()[:, 0]
    words, truth = recording.select(rows), values[rows]
    moments = value_moments(words, truth)
    allowed = torch.zeros(layout.size, dtype=torch.bool)
    allowed[site_neurons(layout, chosen.site)] = True
    orders = {}
    for ranking in chosen.rankings:
        match ranking:
            case ControlRanking.linear_correlation:
                found = _by_probe(settings, feature, words, truth)
            case ControlRanking.explained_variance:
                found = rank_by_explained_variance(moments, layout, seed)
            case ControlRanking.gaussian_f1:
                found = rank_by_gaussian_f1(words, truth, moments, layout, seed)
            case ControlRanking.random:
                found = rank_at_random(layout, seed)
        orders[ranking.value] = found.order[allowed[found.order]]
    return TwoValues(moments, orders)


def control_rows(
    settings: Settings,
    change: Change,
    known: TwoValues,
    cases: Sequence[Case],
    trained: TextTranslator,
) -> pd.DataFrame:
    """Translate the sentences under every control, and without any.

    Where it is known what a translation says, sentences are left out whose own translation does not
    have the present value's forms: there is nothing to change in them.

    Returns:
        Rows of ``control.csv``: `CONTROL_COLUMNS`.
    """
    chosen, (feature, wanted), layout = settings.analysis.control, change, trained.model.layout
    nothing = Mask.empty(layout, chosen.site)
    if not cases:
        log.warning("control of %s to %s: no sentence shows it", feature.name, wanted)
        return pd.DataFrame(columns=list(CONTROL_COLUMNS))
    kept = _with_present_forms(cases, _controlled(settings, cases, trained)(nothing), trained)
    log.info(
        "control of %s to %s: %d of %d translations show the present value",
        feature.name, wanted, len(kept), len(cases),
    )  # fmt: skip
    if not kept:
        return pd.DataFrame(columns=list(CONTROL_COLUMNS))
    control = _controlled(settings, kept, trained)
    own = control(nothing)
    present = present_value(feature, wanted)
    means = [known.moments.means[FEATURE_VALUES[feature].index(each)] for each in (wanted, present)]
    about = {"property": feature.name, "wanted": wanted, "present": present}
    rows = [about | {"ranking": UNCONTROLLED, "k": 0, "beta": 0.0}]
    rows[0] |= _outcome(own, own, kept, trained)
    for ranking, order in known.orders.items():
        for count, beta in product(chosen.neurons, chosen.betas):
            mask = control_mask(
                order[:count], means[0].float(), means[1].float(), beta, layout, chosen.site
            )
            row = about | {"ranking": ranking, "k": count, "beta": beta}
            rows.append(row | _outcome(control(mask), own, kept, trained))
    return pd.DataFrame(rows)[list(CONTROL_COLUMNS)]


def translation_control_metrics(table: pd.DataFrame) -> dict[str, Metric]:
    """Return the best success of each ranking and number of neurons, over beta.

    It is the best on the sentences at hand, as in the paper, not one chosen on others.
    """
    metrics: dict[str, Metric] = {}
    for (feature, wanted), rows in table.groupby(["property", "wanted"], sort=False):
        metrics[f"control/{feature}/{wanted}/sentences"] = int(rows["sentences"].iloc[0])
        for (ranking, k), points in rows[rows["k"] > 0].groupby(["ranking", "k"], sort=False):
            name = f"control/{feature}/{wanted}/{ranking}"
            if points["success"].notna().any():
                best = points.sort_values("success", ascending=False, kind="stable").iloc[0]
                metrics[f"{name}/success@{k}"] = float(best["success"])
                metrics[f"{name}/beta@{k}"] = float(best["beta"])
            else:
                metrics[f"{name}/changed@{k}"] = float(points["changed"].max())
    return metrics


def _by_probe(
    settings: Settings,
    feature: ControlledFeature,
    words: Activations,
    values: Int[Tensor, " tokens"],
) -> Ranking:
    """Rank by the weights of a probe that tells the two values apart."""
    sentences = words.tokens.sentence.unique_consecutive(return_inverse=True)[1]
    names = FEATURE_VALUES[feature]
    probe = fit_probe(
        LabelledActivations(words, values, sentences),
        names,
        LambdaGrid.product([PROBE_LAMBDA], [PROBE_LAMBDA]),
        accelerator=settings.trainer.accelerator,
        seed=settings.seed,
    )
    return rank_by_weights(probe.weight[0], names, words.layout, settings.seed)


def _controlled(
    settings: Settings, cases: Sequence[Case], trained: TextTranslator
) -> ControlledTranslation:
    assert isinstance(settings.model, NmtModel)
    return ControlledTranslation(
        trained,
        [case.words for case in cases],
        [case.places for case in cases],
        settings.model,
        settings.ablation.model.rows_at_once or ROWS_AT_ONCE,
    )


def _with_present_forms(
    cases: Sequence[Case], own: Sequence[Sequence[int]], trained: TextTranslator
) -> list[Case]:
    return [
        case
        for case, symbols in zip(cases, own, strict=True)
        if case.forms is None or case.forms.not_yet_in(written(trained.target, symbols))
    ]


def _outcome(
    found: Sequence[Sequence[int]],
    own: Sequence[Sequence[int]],
    cases: Sequence[Case],
    trained: TextTranslator,
) -> dict[str, float]:
    """Compare controlled translations with what is wanted and with the model's own."""
    lines = [trained.target.decode(symbols) for symbols in found]
    references = [
        trained.target.decode(symbols) if case.text is None else case.text
        for case, symbols in zip(cases, own, strict=True)
    ]
    bleu = corpus_bleu(lines, references, lowercase=trained.target.settings.lowercase)
    changed = sum(one != other for one, other in zip(found, own, strict=True)) / len(cases)
    outcome = {"changed": changed, "bleu": bleu.score, "sentences": len(cases)}
    return outcome | _success(found, cases, trained)


def _success(
    found: Sequence[Sequence[int]], cases: Sequence[Case], trained: TextTranslator
) -> dict[str, float]:
    """Return how many translations take the wanted value, with a 95% interval (Wilson)."""
    known = [
        (case.forms, written(trained.target, symbols))
        for case, symbols in zip(cases, found, strict=True)
        if case.forms is not None
    ]
    if not known:
        return dict.fromkeys(("success", "low", "high", "unchanged_elsewhere", "exact"), math.nan)
    taken = sum(forms.shown_in(words) for forms, words in known)
    kept = sum(forms.keeps_the_rest(words) for forms, words in known)
    exact = sum(forms.wanted == words for forms, words in known)
    ends = binomtest(taken, len(known)).proportion_ci(method="wilson")
    return {
        "success": taken / len(known),
        "low": float(ends.low),
        "high": float(ends.high),
        "unchanged_elsewhere": kept / len(known),
        "exact": exact / len(known),
    }
