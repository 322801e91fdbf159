"""The page of a comparison, in a browser where there is one."""

import shutil

import pandas as pd
import pytest

from onegrain.reporting.__main__ import main
from onegrain.reporting.comparison.page import write_comparison

HOSTILE = "</script><script>window.hacked=1</script>"
CHROMIUM = shutil.which("chromium")


@pytest.fixture
def sweep(make_run, curves_in_model, curves_of_size, tmp_path):
    """Two sizes by two seeds, a failed job, and a ranking whose name is markup."""
    folder = tmp_path / "sweep"
    for job, (hidden, seed) in enumerate([(32, 1), (32, 2), (64, 1), (64, 2)]):
        inside = curves_in_model("linear_correlation"), curves_in_model(HOSTILE)
        run = make_run(curves=pd.concat([curves_of_size(), *inside], ignore_index=True))
        settings = (run / ".hydra" / "config.yaml").read_text()
        settings = settings.replace("hidden: 64", f"hidden: {hidden}")
        (run / ".hydra" / "config.yaml").write_text(settings.replace("seed: 1", f"seed: {seed}"))
        overrides = f"- model.hidden={hidden}\n- seed={seed}\n"
        (run / ".hydra" / "overrides.yaml").write_text(overrides)
        shutil.copytree(run, folder / str(job))
    shutil.copytree(folder / "0" / ".hydra", folder / "4" / ".hydra")
    return folder


def test_a_sweep_has_a_page_and_tidy_tables(sweep, capsys):
    assert main([str(sweep)]) == 0
    assert capsys.readouterr().out == f"{sweep / 'comparison.html'}\n"
    runs = pd.read_csv(sweep / "comparison" / "runs.csv")
    assert runs["model.hidden"].tolist() == [32, 32, 64, 64]
    curves = pd.read_csv(sweep / "comparison" / "curves.csv")
    assert set(curves["run"]) == {0, 1, 2, 3}
    page = (sweep / "comparison.html").read_text()
    assert "python train.py model.hidden=32 seed=1" in page  # of the failed job
    assert HOSTILE not in page


def test_single_runs_get_their_own_pages_again_and_one_together(sweep, capsys):
    assert main([str(sweep / "0"), str(sweep / "2"), "--into", str(sweep / "both")]) == 0
    assert (sweep / "both" / "comparison.html").exists()
    assert capsys.readouterr().out.count("report.html") == 2


def test_what_is_no_run_is_said_in_a_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 2
    assert "there is no run in it" in capsys.readouterr().err


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
def test_the_reader_chooses_what_the_charts_show(sweep):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    page_file = write_comparison([sweep], sweep)
    flags = ["--headless", "--no-sandbox", "--disable-gpu"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(page_file.as_uri())
        place = page.locator('[data-chooser="curves"]')
        place.locator("svg").first.wait_for()
        colours, experiment, ranking = place.locator("select").all()
        assert colours.locator("option").all_text_contents() == ["model.hidden"]
        experiment.select_option("model, bleu, at recurrent, clamped to zero")
        ranking.select_option(HOSTILE)
        page.wait_for_function(
            "[...document.querySelectorAll('[data-chooser=curves] svg text')]"
            ".some((text) => text.textContent.includes('window.hacked'))"
        )
        assert page.evaluate("window.hacked") is None
        trend = page.locator('[data-chooser="trends"] select')
        assert trend.nth(0).locator("option").all_text_contents() == ["model.hidden"]
        assert errors == []
        browser.close()
