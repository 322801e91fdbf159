"""How many bits the labels cost beside the activations: MDL, beside accuracy."""

from __future__ import annotations

from onegrain.reporting.run_files import Metric
from onegrain.settings import Settings
from onegrain.stages import at_point, coded_online
from onegrain.steps.probed import Probed
from onegrain.store import Store


def code_length_metrics(settings: Settings, probed: Probed, store: Store) -> dict[str, Metric]:
    """Code the training labels online at the chosen point; nothing where ``probe.mdl`` is off.

    Args:
        settings: Those of the run.
        probed: The task and its probe.
        store: Of finished work.

    Returns:
        ``probe/codelength`` in bits, ``probe/codelength_uniform``, what they cost without any
        activations, and ``probe/compression``, the second over the first.
    """
    if not settings.probe.mdl:
        return {}
    point = at_point(settings, *probed.probe.grid.points()[0])
    fitted_on = (probed.task, probed.recordings["train"], probed.corpora.train)
    code = coded_online(point, *fitted_on, probed.probe, store)
    return {
        "probe/codelength": code.length,
        "probe/codelength_uniform": code.uniform_length,
        "probe/compression": code.compression,
    }
