"""What ``--help`` shows: the groups that a user chooses from, and all settings.

Groups that stand below another (``model/scale``) are chosen by other choices, and ``schema`` holds
types; Hydra's own list has them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from hydra import initialize_config_dir

from onegrain.mistakes import choices_of, known_groups

WIDTH = 100
SETTINGS = "== Settings (setting=value); conf/ says what each means =="
OF_HYDRA = ("hydra/launcher", "hydra/sweeper")  # where the jobs of a sweep run, and which there are


def help_template(conf: Path, usage: str, chosen: Sequence[str] = ()) -> str:
    """Return Hydra's template of the help text; ``$CONFIG`` is where it puts the settings.

    Args:
        conf: The folder of ``train.yaml``.
        usage: How the program is called.
        chosen: Overrides that name a folder with more choices.
    """
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        lines = [
            fill(
                f"{group}: {', '.join(choices_of(group, list(chosen)))}",
                WIDTH,
                subsequent_indent="    ",
                break_on_hyphens=False,
            )
            for group in (*sorted(known_groups(list(chosen))), *OF_HYDRA)
        ]
    head = f"python {usage}\n\n== Groups (group=choice) =="
    return "\n".join([head, *lines, f"\n{SETTINGS}", "$CONFIG"])
