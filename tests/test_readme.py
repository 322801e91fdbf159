"""The README's commands are those that CI runs, and every command line shown somewhere composes."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra._internal.utils import get_args_parser

from onegrain.configuration import compose_jobs

REPOSITORY = Path(__file__).resolve().parents[1]
CONF = REPOSITORY / "conf"
README = REPOSITORY / "README.md"
TEXT = README.read_text(encoding="utf-8")
PAGES = {"README.md": TEXT, "RESULTS.md": (REPOSITORY / "RESULTS.md").read_text(encoding="utf-8")}

PROMISED = ["pip install -e . && python train.py", "pip install -e '.[dev]' && pytest -n auto"]


def bash_blocks(text: str) -> list[str]:
    return re.findall(r"^```bash *\n(.*?)\n```", text, flags=re.MULTILINE | re.DOTALL)


def shown_commands() -> Iterator[tuple[str, str]]:
    """Each ``python train.py ...`` of our pages and of conf/'s comments, and where it stands."""
    for page, text in PAGES.items():
        for block in bash_blocks(text):
            for line in block.replace("\\\n", " ").splitlines():
                yield from ((page, part) for part in line.split("&&"))
        yield from ((page, span) for span in re.findall(r"`(python train\.py[^`…]*)`", text))
    for path in sorted(CONF.rglob("*.yaml")):
        text = re.sub(r"\\\n# +", " ", path.read_text(encoding="utf-8"))
        comments = re.findall(r"^#   (python train\.py.*)$", text, flags=re.MULTILINE)
        yield from ((str(path.relative_to(REPOSITORY)), line) for line in comments)


def train_arguments() -> list[tuple[str, tuple[str, ...]]]:
    found = [(place, shlex.split(line, comments=True)) for place, line in shown_commands()]
    return [(place, tuple(words[2:])) for place, words in found if words[1:2] == ["train.py"]]


def test_the_readme_begins_with_the_two_promised_commands() -> None:
    assert bash_blocks(TEXT)[:2] == PROMISED


def test_ci_runs_the_commands_of_the_readme_and_then_the_checks() -> None:
    command = [str(REPOSITORY / ".ci" / "run"), "--list"]
    listed = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout
    assert listed.splitlines() == [*PROMISED, "ruff format --check", "ruff check", "mypy"]


@pytest.mark.parametrize(
    ("place", "words"), train_arguments(), ids=lambda item: item if isinstance(item, str) else None
)
def test_every_command_line_that_is_shown_composes(place: str, words: tuple[str, ...]) -> None:
    arguments = get_args_parser().parse_intermixed_args(list(words))
    assert compose_jobs(CONF, arguments.overrides, multirun=arguments.multirun).settings


def test_every_experiment_says_how_it_is_run() -> None:
    shown = {word for _, words in train_arguments() for word in words}
    for path in (CONF / "experiment").glob("*.yaml"):
        assert f"experiment={path.stem}" in shown
