"""The page of a comparison, in a browser where there is one."""

import shutil

import pandas as pd
import pytest

from onegrain.reporting.__main__ import main
from onegrain.reporting.comparison.collecting import collect
from onegrain.reporting.comparison.curves import comparable_curves
from onegrain.reporting.comparison.differences import differences
from onegrain.reporting.comparison.filling import curve_rows, distribution_rows, trend_rows
from onegrain.reporting.comparison.neurons import distribution
from onegrain.reporting.comparison.page import compare, write_comparison
from onegrain.reporting.comparison.readings import metric_rows

METRICS = {"probe/majority_accuracy": 0.7, "ablation/probe_mask/linear_correlation/gap": 0.34}
HOSTILE = "</script><script>window.hacked=1</script>"


@pytest.fixture
def sweep(make_run, curves_in_model, curves_of_size, tmp_path):
    """Two sizes by two seeds, a failed job, and a ranking whose name is markup."""
    folder = tmp_path / "sweep"
    for job, (hidden, seed) in enumerate([(32, 1), (32, 2), (64, 1), (64, 2)]):
        inside = curves_in_model("linear_correlation"), curves_in_model(HOSTILE)
        table = pd.concat([curves_of_size(), *inside], ignore_index=True)
        table = table.assign(value=table["value"] * (1 - 0.01 * job))  # no two runs are alike
        run = make_run(curves=table, metrics=METRICS | {"probe/accuracy": 0.9 - 0.01 * job})
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


def test_a_sweep_without_results_says_what_happened_and_how_to_go_on(sweep, opened):
    for job in "0123":
        (sweep / job / "metrics.json").unlink()
    failed = "2026-11-21 10:00:01,000 ERROR   onegrain.command_line: job 1: no memory\n"
    (sweep / "1" / "run.log").write_text(failed)
    (sweep / "multirun.yaml").write_text("hydra: {overrides: {task: ['seed=1,2']}}\n")
    with opened(write_comparison([sweep], sweep), "h1") as page:
        assert page.locator("h1").inner_text() == "No run has finished, 1 failed, 4 unfinished"
        said = page.locator("body").inner_text()
        assert "There is nothing to compare yet" in said
        assert "python train.py -m seed=1,2 resume=true" in said
        assert "do not differ" not in said
        assert "The numbers behind this page" not in said
        states = page.locator("#failed tbody td:nth-child(2)").all_inner_texts()
        assert states == ["unfinished", "failed", *["unfinished"] * 3]
        assert page.locator("nav a").all_inner_texts() == ["Jobs without results"]


def test_figures_for_a_paper_lie_beside_the_page(sweep):
    write_comparison([sweep], sweep)
    found = {path.stem for path in (sweep / "figures").glob("*.svg")}
    curves = "model_bleu_at_recurrent_clamped_to_zero"
    assert f"curves-{curves}-linear_correlation" in found
    assert {f"rankings-{curves}-hidden_32", f"rankings-{curves}-hidden_64"} <= found
    assert {"layers-linear_correlation", "lambda_grids"} <= found
    drawn = (sweep / "figures" / f"rankings-{curves}-hidden_32.svg").read_text()
    assert drawn.startswith("<svg")
    assert "<script" not in drawn
    page = (sweep / "comparison.html").read_text()
    assert all(f'href="figures/{name}.svg"' in page for name in found)


def test_seeds_are_averaged_and_each_run_is_still_named(sweep):
    write_comparison([sweep], sweep)
    overlap = pd.read_csv(sweep / "comparison" / "overlap.csv", keep_default_na=False)
    assert set(overlap["one"]) | set(overlap["other"]) == {
        *("1: hidden=32, seed=1", "2: hidden=32, seed=2"),
        *("3: hidden=64, seed=1", "4: hidden=64, seed=2"),
    }
    assert set(overlap["only_one"]) == {""}  # the same neurons in all runs


@pytest.fixture
def page(sweep, opened):
    """The page as a reader has it open, from disk; it must not complain."""
    with opened(write_comparison([sweep], sweep), "[data-chooser=curves] svg") as page:
        yield page


def options(place, number):
    return place.locator("select").nth(number).locator("option").all_text_contents()


def legend_colours(page, chooser):
    """The colour of each group in the legend of a chart."""
    return page.evaluate(
        """(name) => {
            const found = {};
            for (const entry of document.querySelectorAll(`[data-chooser=${name}] .role-legend-entry
                .role-scope > g`)) {
                const symbol = entry.querySelector(".role-legend-symbol path");
                const label = entry.querySelector(".role-legend-label text");
                if (symbol && label) found[label.textContent] = symbol.getAttribute("stroke");
            }
            return found;
        }""",
        chooser,
    )


def test_the_reader_chooses_what_the_charts_show(page):
    place = page.locator("[data-chooser=curves]")
    assert options(place, 0) == ["model.hidden", "seed", "ranking"]
    place.locator("select").nth(1).select_option("model, bleu, at recurrent, clamped to zero")
    place.locator("select").nth(2).select_option(HOSTILE)
    page.wait_for_function(
        "[...document.querySelectorAll('[data-chooser=curves] svg text')]"
        ".some((text) => text.textContent.includes('window.hacked'))"
    )
    assert page.evaluate("window.hacked") is None
    assert options(page.locator("[data-chooser=trends]"), 0) == ["model.hidden"]


def test_colours_stand_for_any_setting_or_for_rankings_and_stay_with_them(page):
    place = page.locator("[data-chooser=curves]")
    place.locator("select").nth(1).select_option("model, bleu, at recurrent, clamped to zero")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-chooser=curves] svg text')]"
        ".some((text) => text.textContent.startsWith('model, bleu'))"
    )
    sizes = legend_colours(page, "curves")
    assert {name: sizes[name] for name in ("32", "64")} == {"32": "#0072b2", "64": "#d55e00"}
    place.locator("select").first.select_option("ranking")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-chooser=curves] svg text')]"
        ".some((text) => text.textContent === 'linear_correlation')"
    )
    assert place.locator("label").nth(2).inner_text().startswith("runs")
    assert options(place, 2) == ["hidden=32", "hidden=64"]
    rankings = legend_colours(page, "curves")
    assert rankings["linear_correlation"] == "#0072b2"
    trends = page.locator("[data-chooser=trends] select")
    trends.nth(2).select_option("ablation/probe_mask/*/gap")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-chooser=trends] svg text')]"
        ".some((text) => text.textContent === 'ablation/probe_mask/*/gap')"
    )
    assert legend_colours(page, "trends")["linear_correlation"] == "#0072b2"


def test_runs_are_filtered_and_sorted_by_keyboard_alone(page):
    shown = "#runs tbody tr:not([hidden]) td:first-child"
    assert page.locator(shown).all_inner_texts() == ["1", "2", "3", "4"]
    page.locator("#runs-filter").focus()
    page.keyboard.type("64")
    assert page.locator(shown).all_inner_texts() == ["3", "4"]
    assert page.locator("#runs-count").inner_text().startswith("2 of 4 runs")
    header = page.locator("#runs th", has_text="seed")
    header.locator("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert page.locator(shown).all_inner_texts() == ["4", "3"]
    page.keyboard.press("Enter")
    assert page.locator(shown).all_inner_texts() == ["3", "4"]


NUMBERS = ("value", "low", "high", "lower", "upper", "runs")


def assert_same_rows(drawn, expected, names):
    """The page's rows are those that the figures are drawn from."""
    found, figures = (
        {tuple(row[name] for name in names): row for row in rows} for rows in (drawn, expected)
    )
    assert found.keys() == figures.keys()
    assert len(drawn) == len(expected)
    for point, row in figures.items():
        for name in set(NUMBERS) & set(row):
            assert found[point][name] == pytest.approx(row[name], abs=1e-5)


@pytest.mark.parametrize("left", [(0, 1, 2, 3), (0, 2, 3), (1, 2), (3,)])
def test_the_page_averages_the_runs_that_the_filter_leaves_as_the_figures_are_averaged(
    page, sweep, left
):
    runs = collect([sweep]).runs
    differ = differences(runs)
    tables = (
        comparable_curves(runs, differ),
        metric_rows(runs, differ),
        distribution(runs, differ.run_labels()),
    )
    curves, metrics, places = (table[table["run"].isin(left)] for table in tables)
    page.evaluate("left => { shown = new Set(left) }", list(left))

    def drawn(name, *chosen):
        return page.evaluate("([name, chosen]) => dataFor(name, chosen)", [name, chosen])

    for key, rows in curve_rows(curves, differ).items():
        for one in {(row["experiment"], row["within"]) for row in rows}:
            some = [row for row in rows if (row["experiment"], row["within"]) == one]
            assert_same_rows(drawn("curves", key, *one), some, ["group", "order", "fraction"])
    for key, rows in trend_rows(metrics, differ, ["model.hidden"])["model.hidden"].items():
        for metric in {row["metric"] for row in rows}:
            some = [row for row in rows if row["metric"] == metric]
            assert_same_rows(drawn("trends", "model.hidden", key, metric), some, ["group", "x"])
    for key, rows in distribution_rows(places, differ).items():
        some = [row for row in rows if row["ranking"] == "linear_correlation"]
        found = drawn("distribution", key, "linear_correlation")
        assert_same_rows(found, some, ["group", "block"])


def test_the_charts_follow_the_filter_of_the_runs(page):
    def drawn(chooser, text):
        page.wait_for_function(
            """([chooser, text]) =>
                [...document.querySelectorAll(`[data-chooser=${chooser}] svg text`)]
                .some((found) => found.textContent.includes(text))""",
            arg=[chooser, text],
        )

    assert {"32", "64"} <= set(legend_colours(page, "curves"))
    page.locator("#runs-filter").fill("hidden=64 seed=1")
    for chooser in ("curves", "trends", "distribution"):
        drawn(chooser, "1 of 4 runs")
    colours = legend_colours(page, "curves")
    assert colours["64"] == "#d55e00"  # its own, as before
    assert "32" not in colours
    grids = page.locator("[data-chooser=grids] svg text")
    assert grids.get_by_text("hidden=64, seed=1").count() == 1
    assert grids.get_by_text("hidden=32").count() == 0
    page.locator("#runs-filter").fill("hidden=16")
    page.locator("[data-chooser=curves] .none").wait_for()
    assert page.locator("[data-chooser] .chart svg").count() == 0
    page.locator("#runs-filter").fill("")
    page.locator("[data-chooser=curves] svg.marks").wait_for()
    assert {"32", "64"} <= set(legend_colours(page, "curves"))
    assert page.locator("#runs-count").inner_text() == ""


@pytest.mark.parametrize("width", [1200, 800, 500])
def test_no_part_of_the_page_is_out_of_reach_on_a_small_screen(page, cut_off, width):
    assert cut_off(page, width) == []


@pytest.mark.parametrize("width", [1200, 800, 500])
def test_no_name_in_a_legend_is_cut_off(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(
        """() => {
            for (const run of runs) run.groups["model.hidden"] += " units in each of two layers";
            for (const name of ["curves", "distribution"]) {
                for (const pair of choosers[name].colours["model.hidden"]) {
                    pair[0] += " units in each of two layers";
                }
                drawChoice(document.querySelector(`[data-chooser=${name}]`));
            }
        }"""
    )
    legends = (
        "[data-chooser=curves] .role-legend-label, [data-chooser=distribution] .role-legend-label"
    )
    page.locator(legends).get_by_text("64 units in each").nth(1).wait_for()
    beyond = page.evaluate(
        """(legends) => [...document.querySelectorAll(legends)].filter((label) =>
            label.getBoundingClientRect().right
            > label.closest("svg").getBoundingClientRect().right + 1
        ).map((label) => label.textContent)""",
        legends,
    )
    assert beyond == []


def test_a_ranking_has_the_same_colour_in_curves_and_in_trends(sweep):
    charts = compare(collect([sweep]), sweep).charts
    in_curves = charts["curves"]["colours"]["ranking"]
    in_trends = charts["trends"]["colours"]["model.hidden"][""]
    assert in_trends["linear_correlation"] == in_curves["linear_correlation"]
    assert in_trends["all"] not in in_curves.values()  # metrics that belong to no ranking
