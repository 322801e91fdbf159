"""``python -m onegrain.tracking.workspace ENTITY/PROJECT``: a saved W&B view of ablation curves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import wandb

from onegrain.errors import UserError
from onegrain.tracking.panels import Panel, Section, sections, summaries

NAME = "onegrain: ablation"
MOST_RUNS = 100  # that a panel draws; W&B's default of 10 hides most of a sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Save the view in a project; say where it is.

    Returns:
        2 if it could not be saved, else 0.
    """
    options = _parser().parse_args(arguments)
    entity, separator, project = options.project.partition("/")
    try:
        if not (entity and separator and project) or "/" in project:
            raise UserError(f"{options.project}: name a project as ENTITY/PROJECT")
        view = workspace(entity, project, options.name)
        sys.stdout.write(f"{_save(view)}\n")
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def workspace(entity: str, project: str, name: str = NAME) -> Any:
    """Return the view, not saved yet, with every section of `onegrain.tracking.panels`.

    Args:
        entity: Who has the project.
        project: Of the runs.
        name: Of the view.

    Raises:
        UserError: If `wandb-workspaces` is not installed.
    """
    workspaces = _package()
    return workspaces.Workspace(
        entity=entity,
        project=project,
        name=name,
        sections=[_section(each) for each in sections()],
        settings=workspaces.WorkspaceSettings(max_runs=MOST_RUNS),
        runset_settings=workspaces.RunsetSettings(
            pinned_columns=[f"summary:{summary}" for summary in summaries()],
        ),
    )


def _section(section: Section) -> Any:
    return _package().Section(
        name=section.name, panels=[_panel(each) for each in section.panels], is_open=True
    )


def _panel(panel: Panel) -> Any:
    from wandb_workspaces.reports import v2

    panels: Any = v2  # its type hints leave this class out
    return panels.LinePlot(
        max_runs_to_show=MOST_RUNS,
        title=panel.title,
        x=panel.axis,
        metric_regex=panel.pattern,
        title_x=panel.axis_title,
        log_y=panel.logarithmic,
    )


def _save(view: Any) -> str:
    try:
        return str(view.save().url)
    except (wandb.Error, ValueError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{view.entity}/{view.project}: cannot be saved ({reason})") from error


def _package() -> Any:
    try:
        import wandb_workspaces.workspaces as workspaces
    except ImportError as error:
        raise UserError(
            "wandb-workspaces is not installed; pip install 'onegrain[workspaces]'"
        ) from error
    return workspaces


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onegrain.tracking.workspace",
        description="Save a view with all ablation curves in a project of Weights & Biases.",
    )
    parser.add_argument("project", metavar="ENTITY/PROJECT")
    parser.add_argument("--name", default=NAME, help=f"of the view ({NAME})")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
