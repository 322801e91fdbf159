"""The charts of a run's page as a reader meets them: in headless Chromium, from disk."""

import pandas as pd
import pytest

from onegrain.reporting.page import write_report
from onegrain.reporting.run_files import read_run


@pytest.fixture
def page(make_run, curves_in_model, opened):
    """The page of a run that compares two rankings."""
    rankings = [curves_in_model("linear_correlation"), curves_in_model("variance")]
    folder = make_run(curves=pd.concat(rankings, ignore_index=True))
    table = read_run(folder).neurons
    both = pd.concat([table, table.assign(ranking="variance")], ignore_index=True)
    both.to_csv(folder / "neurons.csv", index=False)
    with opened(write_report(folder), "[data-chart] svg") as page:
        yield page


def test_rankings_are_compared_and_each_alone_is_drawn_where_it_is_opened(page):
    folded = page.locator(
        "section[aria-labelledby=ablation] details", has_text="Each ranking alone"
    )
    assert folded.locator("summary").inner_text() == (
        "Each ranking alone, with its bands (2 charts)"
    )
    assert folded.locator("svg.marks").count() == 0
    folded.locator("summary").press("Enter")  # by keyboard
    folded.locator("svg.marks").nth(1).wait_for()
    widths = folded.locator("svg.marks").evaluate_all(
        "charts => charts.map((chart) => chart.getBoundingClientRect().width)"
    )
    assert min(widths) > 400


def test_the_neurons_of_further_rankings_are_a_click_away(page):
    tables = page.locator("section[aria-labelledby=neurons] table")
    assert [tables.nth(place).is_visible() for place in range(tables.count())] == [True, False]
    page.locator("summary", has_text="The other rankings (1)").click()
    assert tables.nth(1).is_visible()


@pytest.mark.parametrize("width", [1200, 800, 500])
def test_no_part_of_the_page_is_out_of_reach_on_a_small_screen(page, cut_off, width):
    assert cut_off(page, width) == []
