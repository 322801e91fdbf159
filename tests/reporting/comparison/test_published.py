"""The paper's numbers beside ours."""

import dataclasses

import pytest

from onegrain.reporting.comparison.published import beside_published, published
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
