"""Further labels for the words of a task: those that its text has too, or that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from onegrain.data.corpus import Splits
from onegrain.data.label_files import SPLITS
from onegrain.data.labelled import LabelledText, load_labelled
from onegrain.errors import UserError
from onegrain.settings import (
    BesideTask,
    MonthsTask,
    MorphTask,
    NerTask,
    PositionTask,
    PosTask,
    SemTask,
    Splitting,
    TaskSettings,
)

_TASKS: dict[BesideTask, type[TaskSettings]] = {
    BesideTask.pos: PosTask,
    BesideTask.morph: MorphTask,
    BesideTask.sem: SemTask,
    BesideTask.ner: NerTask,
    BesideTask.position: PositionTask,
    BesideTask.months: MonthsTask,
}
_OF_THE_TEXT = ("root", *SPLITS, *(f"{split}_sentences" for split in SPLITS), "multiword")


def labelled_beside(
    names: Iterable[BesideTask],
    task: TaskSettings,
    words: Splits,
    data: Splits,
    language: str,
    seed: int = 0,
    splitting: Splitting = Splitting.punctuation,
) -> dict[str, LabelledText]:
    """Read the words of a task once more, with the labels of others in their default settings.

    Args:
        names: Of the other tasks.
        task: Whose text is read.
        words: That text, as it was read for ``task``.
        data: The model's own text.
        language: That of the model's source side.
        seed: Of the sample.
        splitting: How plain text is cut into words.

    Raises:
        UserError: If the text has no such labels, or is cut into other words for them.
    """
    found = {}
    for name in names:
        other = _on_the_same_text(_TASKS[name], task)
        try:
            labelled = load_labelled(other, data, language, seed, splitting)
        except UserError as error:
            raise UserError(
                f"analysis.tasks: {name.name} beside task={task.name}: {error}"
            ) from error
        for split in SPLITS:
            if getattr(labelled, split).sentences != getattr(words, split).sentences:
                raise UserError(
                    f"analysis.tasks: {name.name} reads other words of {split} than "
                    f"task={task.name}; only tasks of the same words can share their recordings"
                )
        found[name.name] = labelled
    return found


def _on_the_same_text(kind: type[TaskSettings], task: TaskSettings) -> TaskSettings:
    known = {field.name for field in fields(kind)} & {field.name for field in fields(task)}
    return kind(**{name: getattr(task, name) for name in _OF_THE_TEXT if name in known})
