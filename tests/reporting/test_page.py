from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.page import write_report
from onegrain.reporting.page_tables import grid_table
from onegrain.reporting.run_contract import (
    AGREEMENT_COLUMNS,
    CURVE_COLUMNS,
    LAMBDA_GRID_COLUMNS,
    NEURON_COLUMNS,
)
from onegrain.reporting.run_files import read_run

MakeRun = Callable[..., Path]
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "--><img src=x onerror=alert(1)>",
    "\"' onmouseover=alert(1) x='",
    "]]></style><style>*{display:none}",
    "{{ 7 * 7 }}{% raw %}&lt;b&gt;\u2028",
)


class Page(HTMLParser):
    """What a browser would build of a page, as far as these tests ask."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.cells: list[str] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self._open.append(tag)
        if tag == "script":
            self.scripts.append("")
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        if self._open[-1] == "script":
            self.scripts[-1] += data
        if self._open[-1] == "td":
            self.cells[-1] += data
        self.text[self._open[-1]] = self.text.get(self._open[-1], "") + data


def page_of(folder: Path) -> Page:
    return Page(write_report(folder).read_text(encoding="utf-8"))


def test_the_page_says_what_the_run_found(make_run: MakeRun) -> None:
    page = page_of(make_run())
    assert "2026-11-21/10-02-11-k3f9" in page.text["h1"]
    assert "The probe reads pos at 91.2%, majority 84.0%" in page.text["p"]
    assert all(number in page.text["dd"] for number in ("91.2%", "84.0%", "1.3%", "24.57"))
    assert "python train.py model.hidden=64" in page.text["code"]
    assert "5 of 25 λ points had not reached lambda_grid.tolerance" in page.text["li"]
    assert "punctuation" in page.text["dd"]  # settings, down to the last one
    assert page.cells.count("▲ unfinished") == 5
    assert page.cells.count("chosen") == 1


def test_the_non_zero_weights_are_those_of_the_probe_and_not_of_the_compared_point(
    make_run: MakeRun,
) -> None:
    assert "12,321" in page_of(make_run(metrics={"probe/nonzero": 12321})).text["dd"]
    run = read_run(make_run())
    compared = f"{int(run.lambda_grid.query('selected')['nonzero'].iloc[0]):,}"
    assert compared in page_of(make_run()).text["dd"]  # a run of before


def test_the_grid_says_that_its_points_are_as_they_were_compared(make_run: MakeRun) -> None:
    grid = read_run(make_run()).lambda_grid
    several, one = grid_table(grid), grid_table(grid[grid["selected"]])
    assert "as they were compared; all else here is of the chosen one" in several.caption
    assert "all else" not in one.caption  # which is the probe itself


def test_the_neuron_table_shows_the_best_first(make_run: MakeRun) -> None:
    folder = make_run()
    neurons = read_run(folder).neurons
    make_run(neurons=neurons.sample(frac=1, random_state=0))
    page = page_of(folder)
    start = page.cells.index("encoder") - 2
    first = neurons.iloc[0]
    assert page.cells[start : start + 7] == [
        *("1", str(first["neuron"]), "encoder", str(first["layer"]), first["direction"]),
        *(str(first["unit"]), "1.00"),
    ]
    assert page.cells.count("encoder") == 100
    assert "Top 100 of 256 neurons" in page.text["span"]


def test_the_page_needs_nothing_but_itself(make_run: MakeRun) -> None:
    folder = make_run()
    page = page_of(folder)
    assert (folder / "report.html").stat().st_size < 3_000_000
    beside = {"metrics.json", "figures/", *(path.name for path in folder.glob("*.csv"))}
    for tag, attributes in page.attributes:
        assert tag not in ("link", "iframe", "object", "base")
        assert "src" not in attributes
        link = attributes.get("href")
        assert link is None or link.startswith("#") or link in beside


def test_the_library_is_in_the_page_once_and_all_charts_are(make_run: MakeRun) -> None:
    page = page_of(make_run())
    charts, library, script = page.scripts
    assert "vegaEmbed" in library
    assert "vegaEmbed(" in script
    specs = json.loads(charts)["specs"]
    places = [a["data-chart"] for _, a in page.attributes if "data-chart" in a]
    assert sorted(specs) == sorted(places)
    assert "lambda_grid" in specs


def test_only_the_pages_own_scripts_may_run(make_run: MakeRun) -> None:
    page = page_of(make_run())
    policy = next(a["content"] for _, a in page.attributes if "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    allowed = set(re.findall(r"'(sha256-[^']+)'", policy))
    hashes = {
        "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in page.scripts[1:]
    }
    assert allowed == hashes
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_wherever_it_comes_from(make_run: MakeRun, text: str) -> None:
    clean = page_of(make_run())
    folder = make_run()
    run = read_run(folder)
    settings = folder / ".hydra" / "config.yaml"
    settings.write_text(json.dumps({**run.settings, "task": {"name": text}, text: text}))
    (folder / ".hydra" / "overrides.yaml").write_text(json.dumps([text]))
    neurons = run.neurons.assign(best_label=text, top_words=text, direction=text, ranking=text)
    curves = run.curves.assign(task=text, ranking=text, metric=text, site=text)
    metrics = {**run.metrics, f"{text}/dropped_sentences": 2, f"ablation/{text}/gap": 0.1}
    agreement = run.agreement.assign(ranking=text, one=text, other=text)
    tables = {"neurons": neurons, "curves": curves, "agreement": agreement}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    page = page_of(folder)
    assert page.tags["script"] == 3
    assert page.tags["img"] == 0
    assert page.tags["style"] == 1
    assert set(page.tags) == set(clean.tags)
    assert page.cells.count(text) >= 300
    assert not any("onmouseover" in a or "onerror" in a for _, a in page.attributes)
    titles = {spec["title"]["text"] for spec in json.loads(page.scripts[0])["specs"].values()}
    assert any(text in title for title in titles)
    assert page.scripts[1:] == clean.scripts[1:]


def test_the_page_says_how_far_rankings_and_instances_agree(make_run: MakeRun) -> None:
    page = page_of(make_run())
    assert "Do rankings agree?" in page.text["h2"]
    assert "two rankings share" in page.text["span"]
    assert "best-correlated partner" in page.text["span"]
    between_rankings = page.cells.index("linear_correlation")
    expected = ["linear_correlation", "variance", "26", "50.0%", "10.2%", "0.250"]
    expected += ["variance", "1", "2", "26", "75.0%", "10.2%", "0.875"]  # between instances
    assert page.cells[between_rankings : between_rankings + 13] == expected


def test_each_ranking_is_judged_by_all_others(make_run: MakeRun) -> None:
    consensus = pd.DataFrame(
        [("consensus", "variance", "neuron_vote", "all others", 26, 0.25, 0.05, math.nan)],
        columns=list(AGREEMENT_COLUMNS),
    )
    page = page_of(make_run(agreement=consensus))
    assert "How far each ranking agrees with all others" in page.text["span"]
    start = page.cells.index("neuron_vote") - 1
    expected = ["variance", "neuron_vote", "all others", "26", "25.0%", "5.0%"]
    assert page.cells[start : start + 6] == expected  # and no column for what none has


def test_rankings_are_laid_over_each_other_where_there_are_several(
    make_run: MakeRun, curves_in_model: Callable[..., pd.DataFrame]
) -> None:
    folder = make_run()
    on_probe = read_run(folder).curves
    inside = [curves_in_model("linear_correlation"), curves_in_model("variance")]
    specs = json.loads(page_of(folder).scripts[0])["specs"]
    assert not [name for name in specs if name.startswith("rankings")]
    make_run(curves=pd.concat([on_probe, *inside]))
    specs = json.loads(page_of(folder).scripts[0])["specs"]
    compared = [name for name in specs if name.startswith("rankings")]
    assert compared == ["rankings-model-pos-bleu-at_recurrent-clamped_to_zero"]
    assert (folder / "figures" / f"{compared[0]}.svg").is_file()


def test_a_screen_reader_and_a_keyboard_find_their_way(make_run: MakeRun) -> None:
    page = page_of(make_run())
    assert page.attributes[0] == ("html", {"lang": "en"})
    assert page.tags["h1"] == page.tags["main"] == 1
    assert page.tags["caption"] == page.tags["table"] == 8
    ids = [a["id"] for _, a in page.attributes if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.attributes:
        for reference in ("aria-labelledby", "for"):
            if tag != "output" and reference in attributes:
                assert attributes[reference] in ids
        if tag == "th":
            assert attributes["scope"] == "col"
        if attributes.get("class") == "chart":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if attributes.get("role") == "region":
            assert attributes["tabindex"] == "0"


def test_runs_without_probe_curves_or_command_line_have_a_page(make_run: MakeRun) -> None:
    folder = make_run(
        metrics={},
        curves=pd.DataFrame(columns=CURVE_COLUMNS),
        neurons=pd.DataFrame(columns=NEURON_COLUMNS),
        lambda_grid=pd.DataFrame(columns=LAMBDA_GRID_COLUMNS),
        agreement=pd.DataFrame(columns=AGREEMENT_COLUMNS),
    )
    page = page_of(folder)
    for nothing in ("ablated nothing", "fitted no probe", "ranked no neurons"):
        assert nothing in page.text["p"]
    assert "Do rankings agree?" not in page.text["h2"]


def test_the_page_says_what_the_neurons_mean(
    make_run: MakeRun, meaning: Meaning, label_curves: pd.DataFrame
) -> None:
    folder = make_run()
    assert "What the neurons mean" not in page_of(folder).text["h2"]  # an old run
    curves = pd.concat([read_run(folder).curves, label_curves])
    page = page_of(make_run(meaning=meaning, curves=curves))
    assert "What the neurons mean" in page.text["h2"]
    specs = json.loads(page.scripts[0])["specs"]
    charts = {"label_neurons", "label_overlap", "label_weights", "label_curves", "encoded"}
    charts |= {"task_overlap"}
    assert set(specs) >= charts | {"layers", "scores"}
    places = [a["data-chart"] for _, a in page.attributes if "data-chart" in a]
    assert sorted(specs) == sorted(places)
    for name in specs:
        assert (folder / "figures" / f"{name}.svg").is_file()
    start = page.cells.index("all neurons")
    assert page.cells[start : start + 5] == ["all neurons", "30.0%", "60.0%", "10.0%", "–"]
    assert page.cells.count("maison vert") == 13  # the top neurons, each with its words
    assert page.cells.count(", <b>&") == 13
    shared = page.cells.index("NOUN VERB")
    assert page.cells[shared - 2 : shared] == ["5", "2"]
    tasks = page.cells.index("pos sem")  # shared neurons first, then those of one task alone
    assert page.cells[tasks - 1 : tasks + 7] == ["5", "pos sem", "2", "1", "7", "pos", "1", "2"]


def test_labels_and_words_are_text_and_never_markup(
    make_run: MakeRun, meaning: Meaning, label_curves: pd.DataFrame
) -> None:
    clean = page_of(make_run(meaning=meaning, curves=label_curves))
    text = "".join(HOSTILE)
    bad = Meaning(
        **{
            name: table.replace(
                {"NOUN": text, "maison": text, "pos": text, "linear_correlation": text}
            )
            for name, table in meaning.tables().items()
        }
    )
    folder = make_run(meaning=bad, curves=label_curves.replace({"NOUN": text}))
    page = page_of(folder)
    assert page.tags["script"] == 3
    assert page.tags["img"] == 0
    assert set(page.tags) == set(clean.tags)
    assert page.cells.count(f"{text} vert") == 13
    assert page.scripts[1:] == clean.scripts[1:]
    for name in ("label_neurons", "label_curves", "encoded"):
        root = ElementTree.parse(folder / "figures" / f"{name}.svg").getroot()
        assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_a_single_lambda_point_has_a_row_and_no_heat_map(make_run: MakeRun) -> None:
    grid = read_run(make_run()).lambda_grid
    page = page_of(make_run(lambda_grid=grid[grid["selected"]]))
    assert "lambda_grid" not in json.loads(page.scripts[0])["specs"]
    assert page.cells.count("chosen") == 1


def test_figures_are_well_formed_svg_with_safe_names(make_run: MakeRun) -> None:
    folder = make_run()
    curves = read_run(folder).curves.assign(task="../<x>", ranking="a/b&c")
    curves.to_csv(folder / "curves.csv", index=False)
    write_report(folder)
    figures = sorted(file.name for file in (folder / "figures").iterdir())
    assert figures == [
        "ablation-probe_mask-keep-_x_-a_b_c-accuracy-clamped_to_zero.svg",
        "lambda_grid.svg",
        "scores.svg",
    ]
    for name in figures:
        root = ElementTree.parse(folder / "figures" / name).getroot()
        assert root.tag.endswith("svg")
        assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_the_same_files_make_the_same_page(make_run: MakeRun) -> None:
    folder = make_run()
    first = write_report(folder).read_bytes()
    assert write_report(folder).read_bytes() == first


def test_one_layer_is_not_called_layers(make_run: MakeRun) -> None:
    folder = make_run()
    assert "<li>2 layers</li>" in write_report(folder).read_text(encoding="utf-8")
    config = folder / ".hydra" / "config.yaml"
    config.write_text(config.read_text().replace("layers: 2", "layers: 1"))
    page = write_report(folder).read_text(encoding="utf-8")
    assert "<li>1 layer</li>" in page
    assert "<li>64 units</li>" in page
