"""The numbers of Dalvi et al. (AAAI 2019), Tables 1, 2 and 4 to 6, beside those of our runs.

The paper's models learned from 2M sentences and its labels are other tag sets, so they are for
orientation and no target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from onegrain.reporting.findings import Curve, curves_of
from onegrain.reporting.run_files import RunResults

PUBLISHED_FILE = Path(__file__).parent / "published.csv"
RANKING = "linear_correlation"  # whose neurons the paper keeps
_NEAR = 0.01  # of the fraction asked for


def published() -> pd.DataFrame:
    """Read the paper's numbers: accuracies as shares.

    Returns:
        Columns ``table``, ``model`` (empty: of the data), ``language``, ``task``, ``target``
        (``majority``, ``probe``, ``probe_mask`` or ``probe_retrain``), ``order``, ``fraction``
        (of the neurons kept) and ``value``.
    """
    return pd.read_csv(PUBLISHED_FILE, keep_default_na=False)


def beside_published(runs: Sequence[RunResults]) -> pd.DataFrame:
    """Put what our runs measured beside the paper's numbers for that model, language and task.

    Returns:
        The columns of `published` for rows that a run has, ``value`` as ``paper``, and ``ours``:
        the mean over runs, of which there are ``runs``.
    """
    parts = [pd.DataFrame(list(_measured(run))) for run in runs]
    measured = pd.concat([part for part in parts if not part.empty] or [pd.DataFrame()])
    if measured.empty:
        return pd.DataFrame(columns=[*published().columns, "paper", "ours", "runs"])
    ours = (
        measured.groupby(["model", "language", "task", "target", "order", "fraction"])["ours"]
        .agg(ours="mean", runs="size")
        .reset_index()
    )
    keys = ["model", "language", "task", "target", "order", "fraction"]
    table = published().rename(columns={"value": "paper"}).merge(ours, on=keys)
    return table.sort_values(["table", "task", "language", "model"], kind="stable")


def _measured(run: RunResults) -> Iterator[dict[str, object]]:
    settings = run.settings
    try:
        about = {
            "model": settings["model"]["name"],
            "language": settings["data"]["pair"].split("-")[0],
            "task": settings["task"]["name"],
        }
    except KeyError:  # a run of a notebook says less
        return
    for target, metric in (("probe", "probe/accuracy"), ("majority", "probe/majority_accuracy")):
        value = run.metrics.get(metric, math.nan)
        if isinstance(value, str) or not math.isfinite(value):
            continue
        model = "" if target == "majority" else about["model"]
        whole = {"target": target, "order": "", "fraction": 1.0, "ours": value}
        yield about | whole | {"model": model}
    for curve in curves_of(run.curves):
        if curve.ranking == RANKING and curve.operation == "keep" and _as_in_the_paper(curve):
            yield from (about | point for point in _points(curve))


def _as_in_the_paper(curve: Curve) -> bool:
    return curve.target == "probe_retrain" or "clamped to zero" in curve.variant


def _points(curve: Curve) -> Iterator[dict[str, object]]:
    for order in ("top", "bottom"):
        for fraction in (0.1, 0.15, 0.2):
            point = curve.at(order, fraction)
            if point is not None and abs(point.fraction - fraction) <= _NEAR:
                yield {
                    "target": curve.target,
                    "order": order,
                    "fraction": fraction,
                    "ours": point.value,
                }
