"""One property of words, probed: what every further step looks at."""

from __future__ import annotations

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
from onegrain.stages import ProbingTask, fitted_probe, probing_task, refitting
from onegrain.steps.selection import chosen_point, points_score
from onegrain.store import Store


@dataclass(frozen=True, eq=False)
class Probed:
    """A property of words and the probe that reads it off a model's neurons.

    Attributes:
        corpora: The words and their labels, all splits.
        recordings: Where the activations of each split's words lie.
        task: Both together, without the words that the task leaves out.
        probe: Of every point of the lambda grid.
        choice: The grid point that the run goes on with, and its score.
        dev: Scores of all points on the dev split.
        test: The same on the test split.
        refit: Fits the probe of that point again on some neurons only.
    """

    corpora: LabelledText
    recordings: Mapping[str, Path]
    task: ProbingTask
    probe: Probe
    choice: Choice
    dev: Scores
    test: Scores
    refit: Refit

    @property
    def point(self) -> int:
        """The grid point that the run goes on with."""
        return self.choice.point

    @property
    def weight(self) -> Float[Tensor, "labels neurons"]:
        """The chosen probe's weights."""
        return self.probe.weight[self.point]

    @property
    def bias(self) -> Float[Tensor, " labels"]:
        """The chosen probe's biases."""
        return self.probe.bias[self.point]

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
    """Fit the probe of every grid point on labelled activations, and choose one.

    Args:
        settings: Those of the run.
        recordings: Where the activations of each split's words lie.
        corpora: The words, with labels.
        store: Of finished work.
    """
    task = probing_task(settings.task, corpora, recordings)
    fitted_on = (recordings["train"], corpora.train)
    probe = fitted_probe(settings, task, *fitted_on, store, partial(points_score, settings, task))
    dev, test = score(probe, task.dev), score(probe, task.test)
    choice = chosen_point(settings, probe, task, dev)
    refit = refitting(settings, task, *fitted_on, probe, choice.point, store)
    return Probed(corpora, recordings, task, probe, choice, dev, test, refit)
