"""README.md and docs/: CI runs the two commands, command lines compose, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.utils import get_args_parser

from onegrain.configuration import compose_jobs

REPOSITORY = Path(__file__).resolve().parents[1]
CONF = REPOSITORY / "conf"
README = REPOSITORY / "README.md"
TEXT = README.read_text(encoding="utf-8")
DOCS = REPOSITORY / "docs"
PAGES = {
    str(path.relative_to(REPOSITORY)): path.read_text(encoding="utf-8")
    for path in (README, REPOSITORY / "RESULTS.md", *sorted(DOCS.glob("*.md")))
}

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
    """What follows ``train.py``, once however often it is shown, and where it is shown first."""
    places: dict[tuple[str, ...], str] = {}
    for place, line in shown_commands():
        words = shlex.split(line, comments=True)
        if words[1:2] == ["train.py"]:
            places.setdefault(tuple(words[2:]), place)
    return [(place, words) for words, place in places.items()]


def relative_links(text: str) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    links: list[str] = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [link for link in links if "://" not in link]


def anchors(text: str) -> set[str]:
    """The ids that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


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


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for link in relative_links(PAGES[page]):
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_the_readme_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in relative_links(TEXT)}
    assert PAGES.keys() - {"README.md"} <= linked


def test_the_numbers_beside_the_papers_are_those_of_results() -> None:
    caption = TEXT.split("\n## ")[0]
    shown = re.findall(r"\d+\.\d+", caption + section(TEXT, "Results beside the paper's"))
    assert shown
    for number in shown:
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", PAGES["RESULTS.md"]), number


def test_the_notebook_finds_the_neuron_that_decides() -> None:
    (code,) = re.findall(r"^```python\n(.*?)\n```", PAGES["docs/notebook.md"], re.M | re.S)
    names: dict[str, Any] = {}
    exec(code, names)
    first = names["ranking"].to_frame().iloc[0]
    found = [first[name] for name in ("neuron", "direction", "layer", "unit")]
    assert found == [6, "backward", 2, 0]
