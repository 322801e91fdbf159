"""Which panels a workspace of onegrain's runs has: plain data, without W&B.

Metrics are named alike in every run (`onegrain.tracking.runs.curve_names`), so a panel says by a
pattern which curves it lays over each other, whatever was ranked, clamped or probed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onegrain.settings import Method, Target

FRACTION = "ablation/fraction"  # the axis of ablation curves
TRAINER_STEP = "trainer/global_step"  # Lightning's name for the axis of training
MAIN = (Method.linear_correlation, Method.cross_model, Method.variance)
ORDERS = ("top", "bottom", "random")
METRICS = {  # of each target whose curves run over the share of neurons
    Target.model: ("bleu", "perplexity", "accuracy"),
    Target.prune: ("bleu", "perplexity", "accuracy"),
    Target.probe_mask: ("accuracy",),
    Target.probe_retrain: ("accuracy",),
}
TITLES = {
    Target.model: "Taken away inside the model",
    Target.prune: "Removed from the model's weights",
    Target.probe_mask: "Kept on the probe",
    Target.probe_retrain: "Probe fitted again",
}


@dataclass(frozen=True)
class Panel:
    """Lines of all runs over an axis.

    Attributes:
        title: What it shows.
        axis: The metric on the x axis.
        pattern: A regular expression of the metrics on the y axis.
        axis_title: What the axis is called.
        logarithmic: Whether the y axis is.
    """

    title: str
    axis: str
    pattern: str
    axis_title: str
    logarithmic: bool = False


@dataclass(frozen=True)
class Section:
    """Panels beside each other."""

    name: str
    panels: tuple[Panel, ...]


def sections() -> list[Section]:
    """Return all sections: ablation by what is ablated, then training, then single numbers."""
    ablation = [
        Section(
            TITLES[target],
            tuple(_curves(target, order, metric) for metric in metrics for order in ORDERS),
        )
        for target, metrics in METRICS.items()
    ]
    return [
        *ablation,
        Section("Training", tuple(map(_training, ("loss", "perplexity", "accuracy")))),
    ]


def summaries() -> list[str]:
    """Return the numbers by which a table of runs is sorted, those of the paper's claims first."""
    gaps = [f"ablation/{target.name}/{method.name}/gap" for target in METRICS for method in MAIN]
    return ["train/bleu", "train/perplexity", "probe/accuracy", "probe/selectivity", *gaps]


def _curves(target: Target, order: str, metric: str) -> Panel:
    return Panel(
        f"{metric}, {order}",
        FRACTION,
        rf"^ablation/{target.name}/.*/{re.escape(order)}/{re.escape(metric)}$",
        "share of neurons",
        logarithmic=metric == "perplexity",
    )


def _training(metric: str) -> Panel:
    return Panel(
        metric,
        TRAINER_STEP,
        rf"^(train|dev)/{metric}$",
        "training step",
        logarithmic=metric == "perplexity",
    )
