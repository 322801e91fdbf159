"""Which settings of a task go together."""

from __future__ import annotations

from onegrain.data.patterns import named_pattern
from onegrain.errors import UserError
from onegrain.settings import FilesTask, RegexTask, Settings, TaskSettings, VocabularyTask
from onegrain.validation.typed import as_typed


def validate_task(task: TaskSettings, group: str = "task") -> None:
    """Refuse a task that lacks what its labels come from.

    Args:
        task: Of any kind.
        group: What its settings are called on the command line.
    """
    if isinstance(task, VocabularyTask) and (task.words is None) == (task.file is None):
        raise UserError(
            f"{group}.words: task=vocabulary needs {group}.words=[...] or else {group}.file=..."
        )
    if isinstance(task, RegexTask):
        _validate_patterns(task.patterns, group)
    if isinstance(task, FilesTask):
        if (task.root, task.train, task.dev, task.test) == (None,) * 4:
            raise UserError(
                f"{group}.root: task=files needs files, {group}.root=... or {group}.train=..."
            )
        for split in ("train", "dev", "test"):
            if getattr(task, f"{split}_labels") is not None and getattr(task, split) is None:
                raise UserError(f"{group}.{split}_labels: needs {group}.{split}, the words, too")
        if task.word_column is not None and task.word_column == task.label_column:
            raise UserError(f"{group}.label_column={task.label_column}: is {group}.word_column")


def _validate_patterns(patterns: list[str], group: str) -> None:
    if not patterns:
        raise UserError(
            rf"{group}.patterns: task=regex needs some, {group}.patterns=['year=\d{{4}}']"
        )
    for text in patterns:
        try:
            named_pattern(text)
        except ValueError as error:
            raise UserError(f"{group}.patterns: {text}: {error}") from None


def validate_beside(settings: Settings) -> None:
    """Refuse further tasks (``analysis.tasks``) that cannot be told apart."""
    tasks = [task.name for task in settings.analysis.tasks]
    if settings.task.name in tasks or len(set(tasks)) < len(tasks):
        raise UserError(
            f"analysis.tasks={as_typed(tasks)}: must name none twice, and only tasks beside "
            f"task={settings.task.name}"
        )
