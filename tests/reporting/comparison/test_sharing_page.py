"""The matrix of tasks on the page, in a browser where there is one, and as figures beside it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from onegrain.reporting.comparison.page import write_comparison
from onegrain.reporting.run_contract import CURVE_COLUMNS
from onegrain.reporting.run_files import read_run

SEVERAL = 3  # tasks


@pytest.fixture
def sweep(make_run, tmp_path) -> Path:
    """One model probed for three tasks: each ranking is the last one's, turned by a step."""
    folder = tmp_path / "sweep"
    for job in range(SEVERAL):
        run = make_run(curves=pd.DataFrame(columns=list(CURVE_COLUMNS)))
        ranked = read_run(run).neurons
        ranked["rank"] = (ranked["rank"] - 1 - 13 * job) % len(ranked) + 1
        make_run(curves=pd.DataFrame(columns=list(CURVE_COLUMNS)), neurons=ranked)
        config = run / ".hydra" / "config.yaml"
        config.write_text(config.read_text().replace("name: pos", f"name: task{job}"))
        (run / ".hydra" / "overrides.yaml").write_text(f"- task=task{job}\n")
        shutil.copytree(run, folder / str(job))
    return folder


def test_the_matrix_is_a_figure_and_a_table_too(sweep):
    write_comparison([sweep], sweep)
    figures = [path.name for path in (sweep / "figures").iterdir()]
    assert [name for name in figures if name.startswith("tasks-")] == [
        "tasks-all-top_10_of_linear_correlation.svg"
    ]
    table = pd.read_csv(sweep / "comparison" / "task_overlap.csv")
    assert len(table) == SEVERAL**2
    assert pd.read_csv(sweep / "comparison" / "task_neurons.csv")["owners"].max() == 2


def test_the_page_shows_how_many_neurons_every_two_tasks_share(sweep, opened):
    with opened(write_comparison([sweep], sweep), "[data-chooser=sharing] svg") as page:
        counts = page.locator("[data-chooser=sharing] svg .mark-text.role-mark text")
        # 26 of 256 are the top tenth; turned by 13, two neighbours share half of them
        assert counts.all_text_contents() == [
            *("26", "13", "0"),
            *("13", "26", "13"),
            *("0", "13", "26"),
        ]
        page.locator("#sharing-filter").fill("task1 alone")
        assert page.locator("#sharing tbody tr:visible").count() == 0  # it shares all it has
        page.locator("#sharing-filter").fill("task0; task1")
        assert page.locator("#sharing tbody tr:visible").count() == 1
