"""Which sentences are controlled, and what is said of what comes of it."""

import math
from pathlib import Path

import pandas as pd
import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.record import record
from onegrain.configuration import compose_settings
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.wanted_forms import WantedForms
from onegrain.errors import UserError
from onegrain.models.text_model import untrained_model
from onegrain.reporting.charts import specification
from onegrain.reporting.control_page import control_chart, control_tables
from onegrain.reporting.run_contract import CONTROL_COLUMNS
from onegrain.settings import ActivationSettings, ControlledFeature, ControlRanking, TextSettings
from onegrain.steps.control_cases import Case, cases_of, values_in
from onegrain.steps.control_translation import (
    _success,
    control_rows,
    translation_control_metrics,
    two_values,
)

CONF = Path(__file__).resolve().parents[2] / "conf"
NUMBER = ControlledFeature.number
SING, PLUR = "Number=Sing", "Number=Plur"
WORDS = (
    ("the", "dog", "sees", "cats"),
    ("dogs", "sleep"),
    ("a", "cat"),
    ("The", "dog", "sees", "cats"),
)
LABELS = (("_", SING, SING, PLUR), (PLUR, PLUR), ("_", SING), ("_", SING, SING, PLUR))
CORPUS = Corpus("en", WORDS, translation=Corpus("fr", WORDS), labels={"morph": LABELS})


@pytest.fixture
def settings():
    chosen = ["data=files", "data.source=a", "data.target=b", "task=morph", "task.root=c"]
    chosen += ["analysis=control", "model.hidden=4", "model.instances=1", "ranking=one_model"]
    chosen += ["analysis.control.neurons=[3]", "analysis.control.betas=[0,9]"]
    made = compose_settings(CONF, chosen)
    made.analysis.control.rankings = list(ControlRanking)
    return made


@pytest.fixture
def trained(settings):
    torch.manual_seed(3)
    made = untrained_model(settings.model, CORPUS, TextSettings())
    with torch.no_grad():
        for weights in made.model.parameters():
            weights.mul_(5)
    made.model.eval()
    return made


@pytest.fixture
def recording(trained, tmp_path):
    record(trained.model, trained.source, CORPUS, tmp_path, ActivationSettings())
    return Activations.open(tmp_path)


def test_words_have_one_of_two_values_or_none():
    found = values_in(CORPUS, "morph", NUMBER)
    assert found.tolist() == [-1, 0, 0, 1, 1, 1, -1, 0, -1, 0, 0, 1]


def test_the_first_word_of_the_present_value_is_controlled_in_each_different_sentence(
    settings, trained
):
    splits = Splits(CORPUS, CORPUS, CORPUS)
    change = (NUMBER, "Plur")
    found = cases_of(settings, [change], splits, trained.source, trained.target)[change]
    assert [(case.words, case.places) for case in found] == [(WORDS[0], (1,)), (WORDS[2], (1,))]


def test_on_other_text_it_is_said_how_many_translations_change(settings, trained, recording):
    known = two_values(settings, NUMBER, recording, values_in(CORPUS, "morph", NUMBER))
    assert {len(order) for order in known.orders.values()} == {8}  # the top layer's
    cases = [Case(WORDS[0], (1,)), Case(WORDS[2], (1,))]
    table = control_rows(settings, (NUMBER, "Plur"), known, cases, trained)
    assert tuple(table.columns) == CONTROL_COLUMNS
    assert len(table) == 1 + len(ControlRanking) * 2
    nothing = table[table["ranking"] == "none"].iloc[0]
    assert nothing["changed"] == 0
    assert nothing["bleu"] == pytest.approx(100) or nothing["bleu"] == 0  # too short for 4-grams
    assert table["success"].isna().all()
    assert table["changed"].max() > 0
    metrics = translation_control_metrics(table)
    assert metrics["control/number/Plur/sentences"] == 2
    assert "control/number/Plur/random/changed@3" in metrics


def test_success_is_the_share_of_translations_with_the_wanted_form(trained):
    present, wanted = ("the", "dog", "sleep"), ("the", "dogs", "sleep")
    cases = [Case(WORDS[0], (1,), WantedForms.of(present, wanted), "The dog sleep.")] * 4
    said = [wanted, present, ("a", "dogs", "sleep"), ("the", "cat", "sleep")]
    found = _success([trained.target.encode(words).ids for words in said], cases, trained)
    assert found["success"] == 0.5
    assert found["exact"] == 0.25
    assert found["unchanged_elsewhere"] == 0.75
    assert 0 < found["low"] < 0.5 < found["high"] < 1


def test_a_value_that_no_word_has_is_refused_in_a_line(settings, recording):
    nobody = values_in(CORPUS, "morph", ControlledFeature.gender)
    with pytest.raises(UserError, match="no labelled word has Gender=Masc; leave gender out"):
        two_values(settings, ControlledFeature.gender, recording, nobody)


@pytest.mark.parametrize("success", [0.5, math.nan])
def test_the_page_shows_what_is_known(success):
    row = {
        "property": "tense",
        "wanted": "Past",
        "present": "Pres",
        "sentences": 8,
        "changed": 0.25,
    }
    row |= dict.fromkeys(("success", "low", "high", "exact", "unchanged_elsewhere"), success)
    points = [("none", 0, 0.0), ("random", 5, 0.0), ("random", 5, 2.0)]
    table = pd.DataFrame(
        [row | {"ranking": name, "k": k, "beta": beta, "bleu": 30.0} for name, k, beta in points]
    )
    (shown,) = control_tables(table)
    assert len(shown.rows) == 2
    spec = specification(control_chart(table))
    assert ("success" if success == 0.5 else "changed") in str(spec)
    assert control_tables(table[:0]) == []


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("model=nlm", "writes none; take model=nmt"),
        ("task=pos", "words need all their features"),
        ("analysis.control.neurons=[9]", "site=context reaches 8 neurons"),
        ("analysis.control.betas=[-1]", "analysis.control.betas"),
    ],
)
def test_what_cannot_be_controlled_is_refused_in_a_line(override, match):
    chosen = ["data=files", "data.source=a", "data.target=b", "task=morph", "task.root=c"]
    chosen += ["analysis=control", "model.hidden=4", "model.instances=1", "ranking=one_model"]
    with pytest.raises(UserError, match=match):
        compose_settings(CONF, [*chosen, "analysis.control.neurons=[3]", override])
