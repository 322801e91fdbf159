"""The expensive stages of the pipeline, each found in the store if it was done before.

A stage's key holds all that its result depends on and nothing else: what was trained on what, by
content, and the settings that reach it. So another lambda grid does not train or record again.
"""

from onegrain.stages.models import (
    OpenRun,
    loaded,
    model_scores,
    model_text,
    trained_model,
    training_metrics,
)
from onegrain.stages.probes import (
    ProbingTask,
    coded_online,
    fitted_probe,
    probing_task,
    refitting,
)
from onegrain.stages.recordings import recorded

__all__ = [
    "OpenRun",
    "ProbingTask",
    "coded_online",
    "fitted_probe",
    "loaded",
    "model_scores",
    "model_text",
    "probing_task",
    "recorded",
    "refitting",
    "trained_model",
    "training_metrics",
]
