"""Settings of what is said about neurons."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from onegrain.settings.control import ControlSettings


@dataclass
class MinimalSettings:
    """The search for the fewest neurons that do as well as all."""

    enabled: bool = False  # it fits some dozens of probes
    delta: float = 0.01  # of the dev accuracy on all neurons, what may be given up
    fractions: list[float] | None = None  # tried first; null: 0.1, 0.2 .. 1, 2 .. 10, 15 .. 90%


@dataclass
class RedundancySettings:
    """Disjoint sets of neurons that each do as well as all."""

    sets: int = 0  # to look for at most, the minimal one among them


@dataclass
class ClusterSettings:
    """Neurons that correlate."""

    cut: float | None = 0.3  # mean 1 - |rho| up to which they are one cluster; null: no clusters
    retrain: bool = False  # fit the probe on one neuron of each cluster


@dataclass
class JudgeSettings:
    """Every ranking before the same judges: two kinds of probe, and the other rankings."""

    enabled: bool = False  # it fits a probe for each ranking and number
    neurons: list[int] = field(default_factory=lambda: [10, 50, 100])  # of each ranking's top


class BesideTask(Enum):
    """A task whose labels the text of another may have too, or that follow from its words."""

    pos = "pos"
    morph = "morph"
    sem = "sem"
    ner = "ner"
    position = "position"
    months = "months"


@dataclass
class AnalysisSettings:
    """What the neurons mean, read off the labelled training words."""

    name: str = "default"
    top: float = 0.05  # of each ranking's neurons: what they encode, where they sit
    words: int = 10  # of highest and of lowest mean activation, for every neuron
    min_count: int = 5  # times a word must occur to be listed; rarer ones are one group
    tasks: list[BesideTask] = field(default_factory=list)  # probed on the same words, beside task=
    minimal: MinimalSettings = field(default_factory=MinimalSettings)
    redundancy: RedundancySettings = field(default_factory=RedundancySettings)
    clusters: ClusterSettings = field(default_factory=ClusterSettings)
    judges: JudgeSettings = field(default_factory=JudgeSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
