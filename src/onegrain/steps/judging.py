"""Which of the run's rankings to trust."""

from __future__ import annotations

import logging

import pandas as pd

from onegrain.analysis.judges import peer_judgements, probe_judgements
from onegrain.ranking.random_order import rank_at_random
from onegrain.reporting.run_contract import JUDGE_COLUMNS
from onegrain.reporting.run_files import Metric
from onegrain.settings import Method, Settings
from onegrain.steps.probed import Probed
from onegrain.steps.rankings import Ranked

log = logging.getLogger(__name__)


def judged(settings: Settings, ranked: Ranked, probed: Probed) -> pd.DataFrame:
    """Let probes and the other rankings judge each ranking; no rows where that is off.

    A random order stands beside them, as what the others must beat; among the rankings that judge
    each other it is only where it was asked for.

    Args:
        settings: Those of the run.
        ranked: Its rankings.
        probed: The probe, and what it was fitted and is scored on.

    Returns:
        The rows of ``judges.csv``: `JUDGE_COLUMNS`.
    """
    chosen = settings.analysis.judges
    rankings = {each.method: each for each in ranked.rankings}
    if not (chosen.enabled and rankings):
        return pd.DataFrame(columns=list(JUDGE_COLUMNS)).astype({"neurons": int, "value": float})
    task = probed.task
    everyone = task.layout.size
    sizes = sorted({size for size in chosen.neurons if size < everyone}) or [everyone]
    peers = peer_judgements(rankings, sizes)
    rankings.setdefault(Method.random.name, rank_at_random(task.layout, settings.seed))
    log.info("judging %d rankings by two kinds of probe on their top neurons", len(rankings))
    probes = probe_judgements(
        rankings, sizes, probed.refit, task.train, task.test, len(task.labels)
    )
    parts = [part for part in (probes, peers) if len(part)]
    return pd.concat(parts, ignore_index=True)[list(JUDGE_COLUMNS)]


def judge_metrics(judgements: pd.DataFrame) -> dict[str, Metric]:
    """Return every judgement under ``judges/<ranking>/<judge>@<neurons>``."""
    return {
        f"judges/{row['ranking']}/{row['judge']}@{row['neurons']}": float(row["value"])
        for row in judgements.to_dict("records")
    }
