"""Whether the files that settings name are there, before seconds go into what reads them."""

from __future__ import annotations

from pathlib import Path

from onegrain.errors import UserError
from onegrain.settings import Settings

FILES = (  # settings that name one file
    *("data.source", "data.target", "data.dev_source", "data.dev_target"),
    *("data.test_source", "data.test_target", "task.train", "task.dev", "task.test"),
    *("task.train_labels", "task.dev_labels", "task.test_labels", "task.file"),
    *("model.vectors", "tuning.task.train", "tuning.task.dev", "tuning.task.test"),
)


def require_files(settings: Settings) -> None:
    """Refuse the first file that is named and is not there.

    Whoever reads a file says what else is wrong with it; folders are left to them too, some of
    which can be fetched.

    Raises:
        UserError: With the setting and the file.
    """
    for name in FILES:
        value: object = settings
        for part in name.split("."):
            value = getattr(value, part, None)
        if isinstance(value, str) and not Path(value).exists():
            raise UserError(f"{name}={value}: no such file")
