"""Single numbers of many runs: their metrics, and what retraining keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pandas as pd

from onegrain.reporting.comparison.differences import REPLICATES, Differences
from onegrain.reporting.findings import curves_of
from onegrain.reporting.run_files import RunResults

KEPT = (0.10, 0.15, 0.20)
_FAMILY = re.compile(r"^(ablation/[^/]+|ranking)/([^/]+)/([^/]+)$")


def runs_table(runs: Sequence[RunResults], differ: Differences) -> pd.DataFrame:
    """One row for each run: its folder, the settings that differ, and all its metrics."""
    rows = [
        {"folder": str(run.folder), **differ.of(number), **run.metrics}
        for number, run in enumerate(runs)
    ]
    return pd.DataFrame(rows)


def metric_rows(runs: Sequence[RunResults], differ: Differences) -> pd.DataFrame:
    """Every number of every run, one a row, to be drawn against a setting.

    Metrics that rankings share (``ablation/model/<ranking>/gap``) are one ``metric`` with ``*`` in
    the place of the ranking, and ``ranking`` says which.

    Returns:
        Columns ``run``, the settings that differ, ``metric``, ``ranking`` and ``value``.
    """
    rows: list[dict[str, object]] = []
    for number, run in enumerate(runs):
        settings = differ.of(number)
        for name, value in run.metrics.items():
            if isinstance(value, str) or value != value:
                continue
            family = _FAMILY.match(name)
            metric = f"{family[1]}/*/{family[3]}" if family else name
            ranking = family[2] if family else ""
            about = {"metric": metric, "ranking": ranking, "value": value}
            rows.append({"run": number, **settings, **about})
    return pd.DataFrame(rows)


def numeric_keys(differ: Differences) -> list[str]:
    """The settings that differ and are numbers, but for the seed."""
    candidates = [key for key in differ.keys if key != REPLICATES]
    numbers = {key: pd.to_numeric(differ.values[key], errors="coerce") for key in candidates}
    return [key for key, column in numbers.items() if bool(column.notna().all())]


def kept_rows(runs: Sequence[RunResults], differ: Differences) -> pd.DataFrame:
    """What a few neurons of each model are worth: top, bottom and their difference.

    The difference is the paper's measure of how far a few neurons carry a property; averaged
    over tasks it compares models (Dalvi et al. 2019, from Tables 4 and 6). Retrained probes count
    where a run has them, else masked ones.

    Returns:
        Columns ``run``, the settings that differ, ``task``, ``target``, ``clamp``, ``ranking``,
        ``fraction``, ``all``, ``top``, ``bottom`` and ``difference``.
    """
    rows = [
        {"run": number, **differ.of(number), **kept}
        for number, run in enumerate(runs)
        for kept in _kept(run)
    ]
    return pd.DataFrame(rows)


def kept_metrics(kept: pd.DataFrame) -> pd.DataFrame:
    """What few neurons keep as rows of `metric_rows`: over training it is one curve.

    Args:
        kept: From `kept_rows`.
    """
    if kept.empty:
        return kept
    clamp = kept["clamp"].map(lambda text: f", {text}" if text else "")
    share = kept["fraction"].map(lambda fraction: f" at {fraction:.0%}")
    metric = "top − bottom" + share + ", " + kept["target"] + clamp
    of_kept = ["target", "clamp", "fraction", "all", "top", "bottom", "difference", "task"]
    return kept.assign(metric=metric, value=kept["difference"]).drop(columns=of_kept)


def layer_metrics(places: pd.DataFrame, differ: Differences) -> pd.DataFrame:
    """The share of each layer in the top neurons as rows of `metric_rows`.

    Args:
        places: From `distribution`.
        differ: What sets the runs apart.
    """
    settings = differ.values.loc[places["run"]].reset_index(drop=True)
    metric = "share of the top 10% in " + places["block"]
    rows = places[["run", "ranking"]].assign(metric=metric, value=places["share"])
    return pd.concat([rows.reset_index(drop=True), settings], axis="columns")


def _kept(run: RunResults) -> Iterator[dict[str, object]]:
    curves = [each for each in curves_of(run.curves) if each.operation == "keep"]
    for curve in curves:
        for fraction in KEPT:
            top, bottom = curve.at("top", fraction), curve.at("bottom", fraction)
            whole = curve.at("top", 1.0)
            if top is None or bottom is None or whole is None:
                continue
            if abs(top.fraction - fraction) > 0.01:  # not measured there
                continue
            yield {
                "task": curve.task,
                "target": curve.target,
                "clamp": ", ".join(curve.variant),
                "ranking": curve.ranking,
                "fraction": fraction,
                "all": whole.value,
                "top": top.value,
                "bottom": bottom.value,
                "difference": top.value - bottom.value,
            }
