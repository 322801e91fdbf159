"""The paper's numbers beside ours."""

import dataclasses

import pytest

from onegrain.reporting.comparison.published import beside_published, published
from onegrain.reporting.comparison.published_tables import published_tables
from onegrain.reporting.run_files import read_run


def test_the_tables_hold_what_the_paper_prints():
    table = published().set_index(["table", "model", "language", "task", "order", "fraction"])
    known = {
        (1, "nmt", "en", "pos", "", 1.0): 0.935,
        (1, "", "de", "morph", "", 1.0): 0.837,
        (2, "nmt", "en", "pos", "top", 0.1): 0.698,
        (2, "nlm", "de", "pos", "bottom", 0.2): 0.169,
        (4, "nlm", "en", "sem", "top", 0.15): 0.814,
        (5, "nmt", "fr", "morph", "bottom", 0.15): 0.203,
        (6, "nlm", "de", "morph", "top", 0.2): 0.830,
    }
    assert {key: table["value"][key] for key in known} == known
    assert len(table) == 162


def test_a_run_stands_beside_its_own_model_language_and_task(make_run):
    run = read_run(make_run())
    beside = beside_published([run, run])
    assert set(beside["task"]) == {"pos"}
    assert set(beside["language"]) == {"en"}
    assert set(beside["runs"]) == {2}
    probe = beside.query("target == 'probe'").iloc[0]
    assert (probe["ours"], probe["paper"]) == (0.912, 0.935)
    kept = beside.query("target == 'probe_mask' and order == 'top' and fraction == 0.1").iloc[0]
    own = run.curves.query("order == 'top'")
    nearest = own.iloc[(own["fraction"] - 0.1).abs().argmin()]
    assert kept["ours"] == pytest.approx(nearest["value"])


def test_a_run_of_another_property_stands_beside_nothing(make_run):
    run = read_run(make_run())
    settings = run.settings | {"task": {"name": "months"}}
    assert beside_published([dataclasses.replace(run, settings=settings)]).empty


def test_the_page_prints_the_papers_tables_with_both_numbers_in_a_cell(make_run):
    first, second = published_tables(beside_published([read_run(make_run())]))
    assert first.columns == ["property", "MAJ", "NMT", "runs"]
    assert [cell.text for cell in first.rows[0]] == ["EN pos", "84.0% (91.6)", "91.2% (93.5)", "1"]
    assert second.columns[:5] == ["model", "property", "ALL", "top 10%", "bottom 10%"]
    assert second.columns[5:] == ["top 15%", "bottom 15%", "top 20%", "bottom 20%", "runs"]
    texts = [cell.text for cell in second.rows[0]]
    assert texts[:3] == ["NMT", "EN pos", "91.2% (93.5)"]
    assert texts[3].endswith("(69.8)")
    assert texts[8].endswith("(21.5)")


def test_without_numbers_there_is_no_table():
    assert published_tables(beside_published([])) == []
