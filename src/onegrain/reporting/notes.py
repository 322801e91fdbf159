"""What a reader must know before trusting a run's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from onegrain.reporting.findings import (
    Curve,
    asked_share,
    curves_of,
    number_of,
    selected_point,
    shown_fractions,
    unconverged,
)
from onegrain.reporting.formatting import percent, strength
from onegrain.reporting.run_files import Metric, RunResults

# What a run counted and its reader should know: metric name after the stage, singular, plural.
_COUNTED = {
    "dropped_sentences": (
        "sentence was longer than the limit and was dropped.",
        "sentences were longer than the limit and were dropped.",
    ),
    "unseen_label_words": (
        "test word has a label that training never showed; it is kept and counted as wrong.",
        "test words have labels that training never showed; they are kept and counted as wrong.",
    ),
    "unranked": (
        "neuron has no score in this ranking; it stands last.",
        "neurons have no score in this ranking; they stand last.",
    ),
}


def notes(results: RunResults) -> list[str]:
    """All of them: first what the results themselves make doubtful."""
    found = [*doubts(results), *_unfinished_points(results.lambda_grid)]
    unknown = number_of(results.metrics, "probe/unknown_share")
    if unknown:
        found.append(
            f"{percent(unknown)} of the test words are outside the model's vocabulary: "
            "all the model saw of them is the unknown-word symbol."
        )
    for name, value in sorted(results.metrics.items()):
        stage, _, counted = name.rpartition("/")
        if counted in _COUNTED and not isinstance(value, str) and value > 0:
            singular, plural = _COUNTED[counted]
            found.append(f"{stage}: {value:,.0f} {singular if value == 1 else plural}")
    return found


def doubts(results: RunResults) -> list[str]:
    """What the results make doubtful: the probe, the rankings, the choice of λ.

    A probe that is not at its optimum or does not beat MAJ; rankings whose first neurons, kept in
    the probe, do no better than the best random order; a chosen λ at an edge of its grid. At λ = 0
    there is nothing beyond.
    """
    return [
        *_unfinished(results.metrics),
        *_below_majority(results),
        *_no_better_than_random(results),
        *_at_an_edge(results.lambda_grid),
    ]


def _below_majority(results: RunResults) -> Iterator[str]:
    accuracy = number_of(results.metrics, "probe/accuracy")
    majority = number_of(results.metrics, "probe/majority_accuracy")
    if accuracy is not None and majority is not None and accuracy < majority:
        yield (
            f"On test the probe ({percent(accuracy)}) is below MAJ ({percent(majority)}), which "
            "knows each word's most frequent label and no neuron: ranking and curves say little of "
            "what the model knows."
        )


def _no_better_than_random(results: RunResults) -> Iterator[str]:
    """One line for all rankings that fail at the same shares of the neurons."""
    fractions = shown_fractions(results.settings, "keep")
    failing: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves_of(results.curves):
        if curve.target == "probe_mask" and curve.operation == "keep":
            shares = [asked_share(each) for each in fractions if _is_random(curve, each)]
            if shares:
                where = ", ".join((curve.task, *curve.variant))
                failing.setdefault((where, _listed(shares)), []).append(curve)
    for (where, listed), curves in failing.items():
        seeds = curves[0].seeds
        orders = f"the best of {seeds} random orders" if seeds > 1 else "a random order"
        yield (
            f"Ranked by {_listed([curve.ranking for curve in curves])}, the top {listed} of the "
            f"neurons, kept in the probe ({where}), do no better than {orders}."
        )


def _is_random(curve: Curve, fraction: float) -> bool:
    """Whether some random order does as well as the top; None and all neurons say nothing."""
    top, random = curve.at("top", fraction), curve.at("random", fraction)
    if top is None or random is None or not 0 < top.neurons < curve.size:
        return False
    return top.value <= (random.high if curve.seeds > 1 else random.value)


def _at_an_edge(grid: pd.DataFrame) -> Iterator[str]:
    chosen = selected_point(grid)
    for name, symbol in (("lambda1", "λ1"), ("lambda2", "λ2")):
        strengths = sorted(set(grid[name]))
        if chosen is None or len(strengths) < 2:
            continue
        value = chosen[name]
        ends = {strengths[-1]: ("largest", "larger"), strengths[0]: ("smallest", "smaller")}
        if value in ends and value > 0:
            end, beyond = ends[value]
            yield (
                f"The chosen {symbol} = {strength(value)} is the {end} of the grid: a {beyond} one "
                f"may do better; extend lambda_grid.{name} on that side."
            )


def _unfinished_points(grid: pd.DataFrame) -> Iterator[str]:
    short = unconverged(grid)
    if len(grid) > 1 and short.any():
        ended = int(grid["fitted"].sum()) if "fitted" in grid.columns else len(grid)
        given_up = "" if ended == len(grid) else " that the search did not give up"
        yield (
            f"{int(short.sum())} of {ended} λ points{given_up} had not reached "
            "lambda_grid.tolerance when the epochs ended (marked ▲): they were compared as they "
            "were then."
        )


def _unfinished(metrics: Mapping[str, Metric]) -> Iterator[str]:
    residual, tolerance = (metrics.get(f"probe/{name}") for name in ("residual", "tolerance"))
    if isinstance(residual, float) and isinstance(tolerance, float) and not residual <= tolerance:
        yield (
            f"The probe had not reached probe.tolerance ({residual:.1e}, not {tolerance:.1e}) when "
            "the epochs ended: sparsity and ranking belong to an early stop and not to the optimum."
        )


def _listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    Example:
        >>> _listed(["10%", "15%", "20%"])
        '10%, 15% and 20%'
    """
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
