from __future__ import annotations

import itertools
import re
import sys

import pandas as pd
import pytest

from onegrain.tracking.panels import METRICS, ORDERS, TRAINER_STEP, sections, summaries
from onegrain.tracking.runs import TRAINED_STAGES, curve_names
from onegrain.tracking.workspace import main, workspace

PANELS = [panel for section in sections() for panel in section.panels]


def all_curves() -> list[str]:
    rows = [
        {"target": target.name, "operation": "keep", "site": site, "clamp": "zero", "task": "pos"}
        | {"ranking": "variance", "order": order, "metric": metric}
        for target, metrics in METRICS.items()
        for metric, order, site in itertools.product(metrics, ORDERS, ("", "recurrent"))
    ]
    return list(curve_names(pd.DataFrame(rows)))


@pytest.mark.parametrize("name", all_curves())
def test_every_curve_is_in_one_panel_over_the_share_of_neurons(name: str) -> None:
    (panel,) = [panel for panel in PANELS if re.search(panel.pattern, name)]
    assert panel.axis == "ablation/fraction"


@pytest.mark.parametrize("name", ["train/loss", "dev/loss", "dev/perplexity", "dev/accuracy"])
def test_training_is_drawn_over_its_steps(name: str) -> None:
    assert name.split("/")[0] in TRAINED_STAGES
    (panel,) = [panel for panel in PANELS if re.search(panel.pattern, name)]
    assert panel.axis == TRAINER_STEP


def test_panels_and_summaries_are_named_once() -> None:
    assert len({panel.pattern for panel in PANELS}) == len(PANELS)
    assert len(set(summaries())) == len(summaries())


def test_the_view_has_all_panels_as_the_server_wants_them() -> None:
    pytest.importorskip("wandb_workspaces")
    bank = workspace("me", "p")._to_model().spec.section.panel_bank_config
    drawn = [
        (panel.config.x_axis, panel.config.metric_regex)
        for s in bank.sections
        for panel in s.panels
    ]
    assert drawn == [(panel.axis, panel.pattern) for panel in PANELS]
    assert all(
        panel.config.use_metric_regex for section in bank.sections for panel in section.panels
    )


def test_without_its_package_there_is_one_line_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "wandb_workspaces.workspaces", None)
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    assert main(["me/p"]) == 2
    assert capsys.readouterr().err == (
        "error: wandb-workspaces is not installed; pip install 'onegrain[workspaces]'\n"
    )


@pytest.mark.parametrize("project", ["p", "me/", "/p", "me/p/x"])
def test_a_project_is_named_with_who_has_it(
    project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([project]) == 2
    assert capsys.readouterr().err == f"error: {project}: name a project as ENTITY/PROJECT\n"
