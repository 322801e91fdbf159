"""What the page says of judges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from onegrain.reporting.figures import figures_of
from onegrain.reporting.judges import judge_chart, judge_table
from onegrain.reporting.page import write_report
from onegrain.reporting.run_contract import JUDGE_COLUMNS
from onegrain.reporting.run_files import read_run

MakeRun = Callable[..., Path]


@pytest.fixture
def judges() -> pd.DataFrame:
    accuracy = {"anova": (0.5, 0.7), "gaussian": (0.6, 0.8), "random": (0.2, 0.3)}
    rows = [
        (ranking, judge, size, value + better)
        for ranking, values in accuracy.items()
        for judge, better in (("linear", 0.0), ("gaussian", 0.1))
        for size, value in zip((10, 50), values, strict=True)
    ]
    rows += [("anova", "average_overlap", 10, 0.25), ("gaussian", "average_overlap", 10, 0.125)]
    return pd.DataFrame(rows, columns=list(JUDGE_COLUMNS))


def test_rankings_are_listed_by_the_mean_of_both_probes(
    make_run: MakeRun, judges: pd.DataFrame
) -> None:
    metrics = {"ablation/model/anova/gap": 0.5}
    table = judge_table(read_run(make_run(judges=judges, metrics=metrics)))
    assert table is not None
    assert table.columns[:3] == ["ranking", "both probes, mean", "linear probe, top 10"]
    assert table.columns[-2:] == ["average overlap, top 10", "gap in the model"]
    texts = [[cell.text for cell in row] for row in table.rows]
    assert texts == [
        ["gaussian", "75.0%", "60.0%", "80.0%", "70.0%", "90.0%", "0.125", "–"],
        ["anova", "65.0%", "50.0%", "70.0%", "60.0%", "80.0%", "0.250", "0.500"],
        ["random", "30.0%", "20.0%", "30.0%", "30.0%", "40.0%", "–", "–"],
    ]


def test_without_ablation_in_the_model_there_is_no_gap(
    make_run: MakeRun, judges: pd.DataFrame
) -> None:
    table = judge_table(read_run(make_run(judges=judges)))
    assert table is not None
    assert "gap in the model" not in table.columns


def test_the_chart_has_both_probes_and_no_other_judge(judges: pd.DataFrame) -> None:
    spec = judge_chart(judges).to_dict()
    (rows,) = spec["datasets"].values()
    assert {row["judge"] for row in rows} == {"linear probe", "Gaussian probe"}
    assert len(rows) == 12


def test_the_page_asks_which_ranking_to_trust_where_there_are_judges(
    make_run: MakeRun, judges: pd.DataFrame
) -> None:
    folder = make_run(judges=judges)
    page = write_report(folder).read_text(encoding="utf-8")
    assert "Which ranking should I trust?</h2>" in page
    assert (folder / "figures" / "judges.svg").exists()


@pytest.mark.parametrize("changes", [{}, {"judges": pd.DataFrame(columns=list(JUDGE_COLUMNS))}])
def test_a_run_without_judges_has_a_page_without_them(
    make_run: MakeRun, changes: dict[str, pd.DataFrame]
) -> None:
    folder = make_run(**changes)
    results = read_run(folder)
    assert judge_table(results) is None
    assert "judges" not in {figure.name for figure in figures_of(results)}
    assert "Do rankings agree?</h2>" in write_report(folder).read_text(encoding="utf-8")
