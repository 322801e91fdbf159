from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console

from onegrain.reporting.run_files import CURVE_COLUMNS, read_run
from onegrain.reporting.tables import summary_table

MakeRun = Callable[..., Path]


def shown(metrics: Mapping[str, float | str], curves: pd.DataFrame, width: int = 80) -> str:
    console = Console(width=width, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(summary_table(metrics, curves))
    return capture.get()


def test_the_table_has_every_number_in_80_columns(make_run: MakeRun) -> None:
    run = read_run(make_run())
    text = shown(run.metrics, run.curves)
    assert "probe accuracy 91.2%, MAJ 84.0%, unknown words 1.3%" in text
    rows = [line.split("│") for line in text.splitlines() if "keep" in line]
    assert [[cell.strip() for cell in row[3:8]] for row in rows] == [
        ["keep 10%", "42.6%", "17.0%", "10.1%", "0.341"],
        ["keep 15%", "52.8%", "20.5%", "10.3%", ""],
        ["keep 20%", "61.6%", "24.4%", "10.6%", ""],
    ]
    assert max(map(len, text.splitlines())) <= 80


def test_markup_in_names_is_shown_and_not_obeyed(make_run: MakeRun) -> None:
    run = read_run(make_run())
    text = shown(run.metrics, run.curves.assign(task="[red]x[/red]"), width=120)
    assert "[red]x[/red]" in text


def test_missing_numbers_are_left_out(make_run: MakeRun) -> None:
    run = read_run(make_run())
    only_top = run.curves[run.curves["order"] == "top"]
    assert "–" in shown({}, only_top)
    assert "keep" not in shown(run.metrics, pd.DataFrame(columns=CURVE_COLUMNS))
