from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from onegrain.reporting.run_contract import CURVE_COLUMNS
from onegrain.reporting.run_files import read_run
from onegrain.reporting.tables import summary_table

MakeRun = Callable[..., Path]


def shown(
    metrics: Mapping[str, float | str],
    curves: pd.DataFrame,
    settings: Mapping[str, Any],
    width: int = 80,
) -> str:
    console = Console(width=width, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(summary_table(metrics, curves, settings))
    return capture.get()


def test_the_table_has_every_number_in_80_columns(make_run: MakeRun) -> None:
    run = read_run(make_run())
    text = shown(run.metrics, run.curves, run.settings)
    assert "probe accuracy 91.2%, MAJ 84.0%, unknown words 1.3%" in text
    rows = [line.split("│") for line in text.splitlines() if "keep" in line]
    assert [[cell.strip() for cell in row[3:8]] for row in rows] == [
        ["keep 10%", "42.6%", "17.0%", "10.1%", "0.452"],
        ["keep 15%", "52.8%", "20.5%", "10.3%", ""],
        ["keep 20%", "61.6%", "24.4%", "10.6%", ""],
    ]
    assert max(map(len, text.splitlines())) <= 80


def test_markup_in_names_is_shown_and_not_obeyed(make_run: MakeRun) -> None:
    run = read_run(make_run())
    text = shown(run.metrics, run.curves.assign(task="[red]x[/red]"), run.settings, width=120)
    assert "[red]x[/red]" in text


def test_missing_numbers_are_left_out(make_run: MakeRun) -> None:
    run = read_run(make_run())
    only_top = run.curves[run.curves["order"] == "top"]
    assert "–" in shown({}, only_top, {})
    assert "keep" not in shown(run.metrics, pd.DataFrame(columns=CURVE_COLUMNS), run.settings)


def test_what_ablation_in_the_model_costs_has_rows_of_its_own(
    make_run: MakeRun, curves_in_model: Callable[..., pd.DataFrame]
) -> None:
    run = read_run(make_run())
    text = shown(run.metrics, curves_in_model("variance"), run.settings, width=100)
    rows = [line.split("│") for line in text.splitlines() if "ablate" in line]
    assert [[cell.strip() for cell in row[3:8]] for row in rows] == [
        ["ablate 5%", "9.05", "23.73", "25.00", "16.69"],
        ["ablate 25%", "0.168", "18.75", "24.90", ""],
    ]
    assert "variance (model, bleu)" in " ".join(text.split())


def test_the_shares_are_those_of_the_settings_or_of_the_papers(make_run: MakeRun) -> None:
    run = read_run(make_run())
    chosen = {"ablation": {"keep": [0.5]}}
    assert "keep 50%" in shown({}, run.curves, chosen)
    assert "keep 10%" not in shown({}, run.curves, chosen)
    assert "keep 15%" in shown({}, run.curves, {})
