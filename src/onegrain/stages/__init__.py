"""The expensive stages of the pipeline, each found in the store if it was done before.

A stage's key holds all that its result depends on and nothing else: what was trained on what, by
content, and the settings that reach it. So another lambda grid does not train or record again.
"""

from onegrain.stages.ablated import kept_summaries
from onegrain.stages.models import (
    loaded,
    model_metrics,
    model_scores,
    model_text,
    reading,
    trained_model,
    trained_models,
    unseen_text,
)
from onegrain.stages.probes import (
    ProbingTask,
    at_point,
    coded_online,
    comparing,
    fitted_probe,
    probing_task,
    refitting,
)
from onegrain.stages.recordings import recorded, recordings_of
from onegrain.stages.texts import parallel_text
from onegrain.stages.tracked import OpenRun, training_metrics

__all__ = [
    "OpenRun",
    "ProbingTask",
    "at_point",
    "coded_online",
    "comparing",
    "fitted_probe",
    "kept_summaries",
    "loaded",
    "model_metrics",
    "model_scores",
    "model_text",
    "parallel_text",
    "probing_task",
    "reading",
    "recorded",
    "recordings_of",
    "refitting",
    "trained_model",
    "trained_models",
    "training_metrics",
    "unseen_text",
]
