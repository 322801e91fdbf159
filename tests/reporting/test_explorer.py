from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from onegrain.errors import UserError
from onegrain.reporting.explorer import explorer_payload
from onegrain.reporting.explorer_data import ExplorerData
from onegrain.reporting.meaning_files import MEANING_COLUMNS, Meaning
from onegrain.reporting.packed import unpack
from onegrain.reporting.page import write_report
from onegrain.reporting.run_files import read_run

MakeRun = Callable[..., Path]
MakeExplorer = Callable[..., ExplorerData]
LIMIT = 15_000_000  # bytes of a page
HOSTILE = (
    *("<script>window.hacked=1</script>", "</script>", "<!--<script>", "\u2028", "\u202eedoc"),
    '"><img src=x onerror=window.hacked=1>',
)


@pytest.fixture
def data(make_explorer: MakeExplorer) -> ExplorerData:
    return make_explorer((HOSTILE, ("a", "dog", "sleeps", ".")), ("NOUN", "<b>VERB"), 2, 64)


def words_table(neurons: int, words: tuple[str, ...] = ("dog", "NA")) -> pd.DataFrame:
    rows = [
        (neuron, end, place, word, 0.5 / place - 0.25, place)
        for neuron in range(neurons)
        for end in ("top", "bottom")
        for place, word in enumerate(words, start=1)
    ]
    return pd.DataFrame(rows, columns=list(MEANING_COLUMNS["words"]))


def text_of(payload: dict[str, Any] | None) -> dict[str, Any]:
    assert payload is not None
    document: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(payload["text"])))
    return document


def test_ranks_and_scores_are_those_of_the_table(make_run: MakeRun, data: ExplorerData) -> None:
    run = read_run(make_run(explorer=data))
    (ranking,) = text_of(explorer_payload(run))["rankings"]
    assert ranking["name"] == "linear_correlation"
    by_id = run.neurons.set_index("neuron")["rank"]
    assert ranking["ranks"] == [by_id[neuron] for neuron in range(256)]
    page = write_report(run.folder).read_text(encoding="utf-8")
    first = run.neurons.iloc[40]
    assert f">{ranking['scores'][first['neuron']]}</td>" in page  # the text of the page's table


def test_a_neuron_that_a_ranking_leaves_out_has_no_rank(
    make_run: MakeRun, data: ExplorerData
) -> None:
    folder = make_run(explorer=data)
    neurons = read_run(folder).neurons
    make_run(explorer=data, neurons=neurons[neurons["neuron"] != 7])
    (ranking,) = text_of(explorer_payload(read_run(folder)))["rankings"]
    assert (ranking["ranks"][7], ranking["scores"][7]) == (0, "")


def test_words_are_those_of_the_table_in_their_order(make_run: MakeRun, data: ExplorerData) -> None:
    folder = make_run(explorer=data)
    assert text_of(explorer_payload(read_run(folder)))["words"][0] == [[], []]  # no table yet
    table = words_table(256, tuple(f"w{place}" for place in range(12)))
    table.sample(frac=1, random_state=0).to_csv(folder / "words.csv", index=False)
    words = text_of(explorer_payload(read_run(folder)))["words"]
    assert [word for word, *_ in words[5][0]] == [f"w{place}" for place in range(10)]
    assert words[5][1][1] == ["w1", 0.0, "0.00", 2]


def test_words_that_look_like_missing_values_are_words(
    make_run: MakeRun, data: ExplorerData
) -> None:
    folder = make_run(explorer=data)
    words_table(256, ("NA", "null", "1")).to_csv(folder / "words.csv", index=False)
    words = text_of(explorer_payload(read_run(folder)))["words"]
    assert [word for word, *_ in words[0][0]] == ["NA", "null", "1"]


def test_numbers_reach_the_page_as_they_are(make_run: MakeRun, data: ExplorerData) -> None:
    payload = explorer_payload(read_run(make_run(explorer=data)))
    assert payload is not None
    for name, packed in payload["numbers"].items():
        np.testing.assert_array_equal(unpack(packed), getattr(data, name))
    assert text_of(payload)["passages"][0]["words"] == list(HOSTILE)


@pytest.mark.parametrize("file", ["neurons.csv", "words.csv"])
def test_tables_of_another_run_are_refused(
    make_run: MakeRun, data: ExplorerData, file: str
) -> None:
    folder = make_run(explorer=data)
    words_table(256).to_csv(folder / "words.csv", index=False)
    table = pd.read_csv(folder / file, keep_default_na=False)
    table.loc[3, "neuron"] = 256
    table.to_csv(folder / file, index=False)
    with pytest.raises(UserError, match=rf"{file}: names neurons beyond the 0 to 255"):
        write_report(folder)


def test_no_word_reaches_the_page_as_markup(make_run: MakeRun, data: ExplorerData) -> None:
    folder = make_run(explorer=data)
    words_table(256, HOSTILE).to_csv(folder / "words.csv", index=False)
    page = write_report(folder).read_text(encoding="utf-8")
    for word in HOSTILE[:1] + HOSTILE[2:]:
        assert word not in page
    assert page.count("</script>") == page.count("<script") == 7
    assert "unsafe-eval" not in page.split("</head>")[0]


def test_the_page_of_an_older_run_has_no_trace_of_an_explorer(make_run: MakeRun) -> None:
    page = write_report(make_run()).read_text(encoding="utf-8")
    assert "explorer" not in page
    assert "#neuron=" not in page


def test_ids_in_the_tables_lead_to_the_explorer(make_run: MakeRun, data: ExplorerData) -> None:
    folder = make_run(explorer=data)
    page = write_report(folder).read_text(encoding="utf-8")
    links = [int(one) for one in re.findall(r'<a href="#neuron=(\d+)">\1</a>', page)]
    assert links == read_run(folder).neurons["neuron"].tolist()[:100]


def test_the_page_is_made_again_from_the_folder_alone(
    make_run: MakeRun, data: ExplorerData
) -> None:
    folder = make_run(explorer=data)
    first = write_report(folder).read_bytes()
    assert b"#neuron=" in first
    assert write_report(folder).read_bytes() == first


def test_a_page_of_2000_neurons_and_50_labels_stays_under_15_mb(
    make_run: MakeRun, make_explorer: MakeExplorer
) -> None:
    random = np.random.default_rng(0)
    lengths = random.integers(5, 45, size=800)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzäöüß"))
    sentences = tuple(
        tuple("".join(random.choice(letters, size=8)) for _ in range(length)) for length in lengths
    )
    labels = tuple(f"label{number}" for number in range(50))
    data = make_explorer(sentences, labels, layers=2, width=500)
    rankings = pd.concat(
        pd.DataFrame(
            {
                "ranking": f"ranking_{number}",
                "rank": range(1, 2001),
                "neuron": random.permutation(2000),
                "component": "encoder",
                "layer": 1,
                "direction": "forward",
                "unit": 0,
                "score": random.random(2000),
            }
        )
        for number in range(12)
    )
    folder = make_run(explorer=data, neurons=rankings)
    words = words_table(2000, tuple(random.choice(sentences[0], size=10)))
    words.assign(mean=random.normal(size=len(words))).to_csv(folder / "words.csv", index=False)
    assert write_report(folder).stat().st_size < LIMIT


def test_ids_lead_to_the_explorer_wherever_a_table_names_a_neuron(
    make_run: MakeRun, data: ExplorerData, meaning: Meaning
) -> None:
    page = write_report(make_run(explorer=data, meaning=meaning)).read_text(encoding="utf-8")
    for name, ids in (("shared-neurons", [5]), ("top-neurons", None)):
        (table,) = re.findall(rf'<table id="{name}">(.*?)</table>', page, re.DOTALL)
        links = [int(one) for one in re.findall(r'<a href="#neuron=(\d+)">\1</a>', table)]
        assert len(links) == table.count("<tr>") - 1
        assert ids is None or links == ids
    without = write_report(make_run(meaning=meaning))
    (without.parent / "explorer.json").unlink(missing_ok=True)
    assert "#neuron=" not in write_report(without.parent).read_text(encoding="utf-8")


def test_a_filter_names_columns_that_its_table_has(make_run: MakeRun) -> None:
    page = write_report(make_run()).read_text(encoding="utf-8")
    (field,) = re.findall(r'<input[^>]*id="agreement-rankings-filter"[^>]*>', page, re.DOTALL)
    assert 'placeholder="one, other …"' in field
