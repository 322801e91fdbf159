"""Settings of the control of translations."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from onegrain.settings.analysis import Site


class ControlledFeature(Enum):
    """What is changed in a translation, by its name in treebanks."""

    tense = "Tense"
    number = "Number"
    gender = "Gender"


FEATURE_VALUES = {  # each is changed into the other
    ControlledFeature.tense: ("Pres", "Past"),
    ControlledFeature.number: ("Sing", "Plur"),
    ControlledFeature.gender: ("Masc", "Fem"),
}


class ControlRanking(Enum):
    """By what the neurons are found that tell the two values apart."""

    linear_correlation = "linear_correlation"  # weights of a probe for the two values
    explained_variance = "explained_variance"  # share of the variance between them
    gaussian_f1 = "gaussian_f1"  # how well one normal for each tells them apart
    random = "random"  # what the others must beat


@dataclass
class ControlSettings:
    """Neurons of single source words are set so that their translation takes another value."""

    enabled: bool = False  # it translates some hundred times
    features: list[ControlledFeature] = field(default_factory=lambda: list(ControlledFeature))
    rankings: list[ControlRanking] = field(
        default_factory=lambda: [
            ControlRanking.linear_correlation,
            ControlRanking.gaussian_f1,
            ControlRanking.random,
        ]
    )
    neurons: list[int] = field(default_factory=lambda: [5, 20, 50])  # k, the first of a ranking
    betas: list[float] = field(default_factory=lambda: [0.0, 0.5, 1.0, 2.0, 4.0])
    site: Site = Site.context
    sentences: int = 200  # for each value that is wanted
