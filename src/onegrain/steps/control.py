"""How selective a probe is: what it reads beyond what any probe can learn by heart."""

from __future__ import annotations

import logging
from dataclasses import replace

from onegrain.data.control import control_labels
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.labels import UNLABELLED, LabelSet
from onegrain.probing.labelled import LabelledActivations
from onegrain.probing.scoring import score
from onegrain.reporting.run_files import Metric
from onegrain.settings import Settings
from onegrain.stages import ProbingTask, at_point, comparing, fitted_probe
from onegrain.steps.probed import Probed
from onegrain.store import Store

log = logging.getLogger(__name__)

TIMES_LONGER = 2  # random labels may take, to come as near as the task's


def control_metrics(settings: Settings, probed: Probed, store: Store) -> dict[str, Metric]:
    """Fit the control task's probe at the chosen point; return its accuracy and the selectivity.

    Hewitt & Liang (EMNLP 2019), §2: selectivity is the accuracy on the task less that on the
    control task, for the same test words. Nothing where ``probe.control`` is off.

    Args:
        settings: Those of the run.
        probed: The task and its probe.
        store: Of finished work.
    """
    if not settings.probe.control:
        return {}
    task, corpora = probed.task, probed.corpora
    train = _control(settings, task, corpora.train, corpora)
    control = replace(
        task,
        name="control",
        train=_labelled(task.train, train, task),
        test=_labelled(task.test, _control(settings, task, corpora.test, corpora), task),
    )
    near = comparing(settings).probe
    epochs = min(settings.probe.epochs, TIMES_LONGER * near.epochs)
    settings = replace(settings, probe=replace(near, epochs=epochs))
    point = at_point(settings, *probed.probe.grid.points()[0])
    log.info("control task: the same words, a random label for each type, at the chosen point")
    fitted = fitted_probe(point, control, probed.recordings["train"], train, store)
    control_accuracy = float(score(fitted, control.test).accuracy[0])
    return {
        "probe/control_accuracy": control_accuracy,
        "probe/selectivity": float(probed.test.accuracy[0]) - control_accuracy,
    }


def _control(settings: Settings, task: ProbingTask, corpus: Corpus, corpora: Splits) -> Corpus:
    """Return a split's words with their control labels."""
    seed = settings.seed if settings.probe.seed is None else settings.probe.seed
    lowercase = settings.data.text.lowercase
    control = control_labels(corpora.train.labels[task.name], seed, lowercase=lowercase)
    rows = zip(corpus.sentences, corpus.labels[task.name], strict=True)
    return corpus.with_labels("control", (control(words, labels) for words, labels in rows))


def _labelled(words: LabelledActivations, corpus: Corpus, task: ProbingTask) -> LabelledActivations:
    numbers = LabelSet(task.labels).encode(corpus.labels["control"])
    return replace(words, labels=numbers[numbers != UNLABELLED])
