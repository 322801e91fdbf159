"""Settings of what is said about neurons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class AnalysisSettings:
    """What the neurons mean, read off the labelled training words."""

    name: str = "default"
    top: float = 0.05  # of each ranking's neurons: what they encode, where they sit
    words: int = 10  # of highest and of lowest mean activation, for every neuron
    min_count: int = 5  # times a word must occur to be listed; rarer ones are one group
