"""One property of words, probed: what every further step looks at."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from onegrain.data.labelled import LabelledText
from onegrain.neurons import NeuronLayout
from onegrain.probing.probe import Probe
from onegrain.probing.refitting import Refit
from onegrain.probing.scoring import Scores, score
from onegrain.probing.selection import Choice
from onegrain.ranking.with_labels import Labelled
from onegrain.settings import Settings
from onegrain.stages import ProbingTask, at_point, fitted_probe, probing_task, refitting
from onegrain.steps.selection import chosen_point, points_score
from onegrain.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Compared:
    """The points of the lambda grid, and the one that the run goes on with.

    Attributes:
        probe: Of every point, fitted well enough to be compared.
        dev: Scores of all points on the dev split.
        test: The same on the test split.
        choice: The chosen point, and its score.
    """

    probe: Probe
    dev: Scores
    test: Scores
    choice: Choice


@dataclass(frozen=True, eq=False)
class Probed:
    """A property of words and the probe that reads it off a model's neurons.

    Attributes:
        corpora: The words and their labels, all splits.
        recordings: Where the activations of each split's words lie.
        task: Both together, without the words that the task leaves out.
        compared: The lambda grid.
        probe: Of the chosen point alone, near its optimum.
        dev: Its scores on the dev split.
        test: The same on the test split.
        refit: Fits it again on some neurons only.
    """

    corpora: LabelledText
    recordings: Mapping[str, Path]
    task: ProbingTask
    compared: Compared
    probe: Probe
    dev: Scores
    test: Scores
    refit: Refit

    @property
    def weight(self) -> Float[Tensor, "labels neurons"]:
        """The chosen probe's weights."""
        return self.probe.weight[0]

    @property
    def bias(self) -> Float[Tensor, " labels"]:
        """The chosen probe's biases."""
        return self.probe.bias[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each row of the weights."""
        return self.probe.labels

    @property
    def labelled(self) -> Labelled:
        """What rankings by labels look at."""
        task = self.task
        return Labelled(task.train, task.dev, self.labels, self.weight, task.layout)

    @property
    def layout(self) -> NeuronLayout:
        """What the neurons are."""
        return self.task.layout


def probe_property(
    settings: Settings, recordings: Mapping[str, Path], corpora: LabelledText, store: Store
) -> Probed:
    """Choose a point of the lambda grid, and take its probe near its optimum.

    Several points are fitted as well as comparing them needs. Which weights of the chosen one are
    zero, and so which neurons lead, settles later than its accuracy: it is fitted again, alone,
    and is the probe that a run with no other point would have.

    Args:
        settings: Those of the run.
        recordings: Where the activations of each split's words lie.
        corpora: The words, with labels.
        store: Of finished work.
    """
    task = probing_task(settings.task, corpora, recordings)
    fitted_on = (task, recordings["train"], corpora.train)
    points = fitted_probe(settings, *fitted_on, store, partial(points_score, settings, task))
    dev, test = score(points, task.dev), score(points, task.test)
    compared = Compared(points, dev, test, chosen_point(settings, points, task, dev))
    probe = points
    if len(points.grid) > 1:
        chosen = points.grid.points()[compared.choice.point]
        log.info("probe: lambda1=%g, lambda2=%g is chosen, and fitted alone", *chosen)
        settings = at_point(settings, *chosen)
        probe = fitted_probe(settings, *fitted_on, store)
        dev, test = score(probe, task.dev), score(probe, task.test)
    refit = refitting(settings, *fitted_on, probe, store)
    return Probed(corpora, recordings, task, compared, probe, dev, test, refit)
