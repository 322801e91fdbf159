"""The explorer as a reader meets it: in headless Chromium, opened from disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from onegrain.reporting.explorer_data import ExplorerData
from onegrain.reporting.formatting import number
from onegrain.reporting.meaning_files import MEANING_COLUMNS
from onegrain.reporting.page import write_report
from onegrain.reporting.run_contract import CURVE_COLUMNS, LAMBDA_GRID_COLUMNS
from onegrain.reporting.run_files import read_run

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NEURONS = 256
LABELS = ("NOUN", "VERB", "<img src=x onerror=window.hacked=2>", *(f"L{n}" for n in range(12)))
HOSTILE = (
    *("<script>window.hacked=1</script>", '"><img src=x onerror="window.hacked=1">', "</script>"),
    *("<!--", "\u2028", "\u202eevil", "\u200f", "{{ 7*7 }}", "${window.hacked=1}", "a\u0301\u0302"),
)
PLAIN = tuple(tuple(f"word{s}.{w}" for w in range(8)) for s in range(30))


class Reader:
    """A reader of the page, and what the browser complained of."""

    def __init__(self, page: sync_api.Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, fragment: str = "") -> Reader:
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)
        self.page.locator("#explorer-body").wait_for(state="visible")
        return self

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    def find(self, query: str) -> list[int]:
        self.page.locator("#explorer-search").fill(query)
        return [int(text.split()[0][1:]) for text in self.texts("#explorer-found [role=option]")]

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.id"))

    @property
    def neuron(self) -> int:
        return int(self.text("#explorer-name").split()[-1])


@pytest.fixture(scope="module")
def data(make_explorer: Callable[..., ExplorerData]) -> ExplorerData:
    return make_explorer((HOSTILE, *PLAIN), LABELS)


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    make_run_in: Callable[..., Path],
    data: ExplorerData,
) -> Path:
    place = tmp_path_factory.mktemp("runs")
    nothing = {  # no charts, which take their time to be drawn
        "curves": pd.DataFrame(columns=CURVE_COLUMNS),
        "lambda_grid": pd.DataFrame(columns=LAMBDA_GRID_COLUMNS),
    }
    folder = make_run_in(place, explorer=data)
    ranked = read_run(folder).neurons
    other = ranked.assign(ranking="variance", score=0.5, rank=len(ranked) + 1 - ranked["rank"])
    make_run_in(place, explorer=data, neurons=pd.concat([ranked, other]), **nothing)
    words = [
        (neuron, end, place, HOSTILE[(neuron + place) % len(HOSTILE)], sign * 0.25 / place, 3)
        for neuron in (*range(40), 131, 255)
        for end, sign in (("top", 1), ("bottom", -1))
        for place in (1, 2)
    ]
    pd.DataFrame(words, columns=list(MEANING_COLUMNS["words"])).to_csv(
        folder / "words.csv", index=False
    )
    write_report(folder)
    return folder


@pytest.fixture
def reader(browser: sync_api.Browser, folder: Path) -> Iterator[Reader]:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(20_000)
    page.context.set_offline(True)
    reader = Reader(page, (folder / "report.html").as_uri())
    yield reader
    page.close()
    assert reader.complaints == []


def test_numbers_are_those_of_the_tables(reader: Reader, folder: Path) -> None:
    run = read_run(folder)
    for neuron in (0, 131, 255):
        reader.open(f"#neuron={neuron}")
        rows = run.neurons[run.neurons["neuron"] == neuron]
        cells = [row.split("\t") for row in reader.texts("#explorer-ranks tbody tr")]
        assert [[cell.strip() for cell in row] for row in cells] == [
            [row.ranking, f"{row.rank} of 256", number(row.score)] for row in rows.itertuples()
        ]
        first = rows.iloc[0]
        place = f"encoder · {first['direction']} layer {first['layer']}, unit {first['unit']} ·"
        assert reader.text("#explorer-where").startswith(place)
        words = run.meaning.words[run.meaning.words["neuron"] == neuron]
        for end in ("top", "bottom"):
            means = [number(mean) for mean in words[words["end"] == end]["mean"]]
            found = reader.texts(f"#explorer-{end} .explorer-mean")
            assert found == [mean.replace("-", "−") for mean in means]


def test_values_are_the_recorded_ones_as_far_as_their_digits_go(
    reader: Reader, data: ExplorerData, recorded: Callable[[int, int], torch.Tensor]
) -> None:
    activations = recorded(len(HOSTILE) + 8 * len(PLAIN), NEURONS).numpy()
    reader.open("#neuron=77").page.locator("#explorer-numbers").check()
    lists = reader.page.locator("[data-passages] > li")
    assert lists.count() == 4 + 4 + 8
    peak = 0.0
    for index in range(lists.count()):
        sentence = int(lists.nth(index).locator(".number").inner_text()) - 1
        texts = lists.nth(index).locator(".value").all_inner_texts()
        first = 0 if sentence == 0 else len(HOSTILE) + 8 * (sentence - 1)
        exact = activations[first : first + len(texts), 77]
        values = np.array([float(text.replace("−", "-")) for text in texts])
        assert {len(text.strip(" −")) for text in texts} == {4}  # two digits after the point
        assert np.abs(values - exact).max() <= 0.01
        peak = max(peak, float(np.abs(values).max()))
    assert peak == pytest.approx(float(data.peak[77]), abs=0.01)


def test_words_are_red_below_zero_and_blue_above_and_as_strong_as_they_are(reader: Reader) -> None:
    reader.open("#neuron=5")
    words = reader.page.locator(".word").evaluate_all(
        """words => words.map((word) => [
            Number(word.querySelector('.value').textContent.replace('−', '-')),
            getComputedStyle(word).backgroundColor.match(/[\\d.]+/g).map(Number),
        ])"""
    )
    peak = max(abs(value) for value, _ in words)
    for value, (red, _, blue, *_) in words:
        assert (blue > red) if value > 0.02 else (red > blue) if value < -0.02 else True
    white = [colour for value, colour in words if abs(value) <= 0.02]
    assert all(min(colour[:3]) > 0.9 for colour in white)
    full = [colour for value, colour in words if abs(value) >= 0.95 * peak]
    assert full
    assert all(min(colour[:3]) < 0.45 for colour in full)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_every_colour_can_be_read(reader: Reader, scheme: str) -> None:
    reader.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    reader.open("#neuron=5")
    colours = reader.page.locator(".word, .explorer-mean").evaluate_all(
        """all => all.map((one) => getComputedStyle(one))
            .map(({ color, backgroundColor }) => [color, backgroundColor])"""
    )
    ratios = [contrast(text, paper) for text, paper in colours]
    assert len(ratios) > 50
    assert min(ratios) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two CSS colours, by WCAG 2."""
    dim, bright = sorted(map(luminance, (one, other)))
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    """Of ``rgb(27, 37, 48)`` or ``color(srgb 0.1 0.2 0.3)``."""
    parts = np.array([float(part) for part in re.findall(r"[\d.]+(?:e-?\d+)?", colour)[:3]])
    parts = parts / 255 if colour.startswith("rgb(") else parts
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_histograms_are_over_the_test_words_of_each_label(
    reader: Reader, data: ExplorerData
) -> None:
    reader.open("#neuron=9")
    reader.page.locator("#explorer-all-labels").click()
    rows = reader.page.locator("#explorer-histograms tbody tr").evaluate_all(
        """rows => rows.map(({ cells: [label, words, , mean] }) =>
            [label.firstChild.textContent, words.textContent, mean.textContent, label.className])"""
    )
    found = {label: (words, mean) for label, words, mean, _ in rows}
    assert rows[0][:2] == ["all words", "250"]
    for label, words, mean in zip(LABELS, data.group_words, data.means[9], strict=False):
        if not words:
            assert label not in found
            continue
        count, shown = found[label]
        assert count == str(words)
        assert abs(float(shown.replace("−", "-")) - mean) <= 0.00051
    tips = reader.page.locator("#explorer-histograms tbody tr:first-child rect title")
    counts = [int(tip.split()[0]) for tip in tips.all_text_contents()]
    assert counts == [count for count in data.histograms[9].sum(axis=0) if count]
    serving = {LABELS[label] for label, pairs in enumerate(data.served) if 9 in dict(pairs)}
    marked = [label for label, *_, mark in rows if mark == "served"]
    assert set(marked) == {label for label in serving if label in found}
    assert [label for label, *_ in rows[1 : 1 + len(marked)]] == marked  # they come first


def test_a_neuron_is_found_by_its_id_and_its_place(reader: Reader) -> None:
    reader.open()
    for query, expected in {
        "131": [131],
        "#131": [131],
        " 131 ": [131],
        "256": [],
        "layer 9": [],
        "backward layer 2 unit 7": [199],
        "forward l1 u3": [3],
        "LAYER 2, UNIT 0": [64, 192],
        "sideways layer 1": [],
    }.items():
        assert reader.find(query) == expected, query
        assert ("No neuron" in reader.text("#explorer-found")) == (not expected)


def test_a_label_lists_the_neurons_that_serve_it_by_their_share(
    reader: Reader, data: ExplorerData
) -> None:
    reader.open()
    assert reader.find("verb") == [neuron for neuron, _ in data.served[1]]
    reader.page.keyboard.press("ArrowDown")
    reader.page.keyboard.press("Enter")
    assert reader.neuron == data.served[1][1][0]
    assert reader.focused() == "explorer-name"
    reader.page.locator("#explorer-order").select_option(label="serving VERB")
    assert reader.text("#explorer-place") == f"2 of {len(data.served[1])}"


def test_a_word_lists_the_neurons_that_have_it_among_theirs(reader: Reader, folder: Path) -> None:
    reader.open()
    words = read_run(folder).meaning.words
    expected = set(words[words["word"] == HOSTILE[2]]["neuron"])
    assert set(reader.find(HOSTILE[2])) == expected
    reader.find("")
    assert reader.page.locator("#explorer-found").is_hidden()


def test_neurons_are_walked_by_rank_with_buttons_and_keys(reader: Reader, folder: Path) -> None:
    ranks = read_run(folder).neurons.groupby("ranking")["neuron"].apply(list)
    reader.open()
    assert reader.neuron == ranks["linear_correlation"][0]
    reader.page.locator("#explorer-next").click()
    assert reader.neuron == ranks["linear_correlation"][1]
    reader.page.keyboard.press("n")
    reader.page.keyboard.press("n")
    reader.page.keyboard.press("p")
    assert reader.neuron == ranks["linear_correlation"][2]
    assert reader.page.url.endswith(f"#neuron={reader.neuron}")
    assert reader.focused() == "explorer-next"
    assert reader.text("#explorer-place") == "3 of 256"
    reader.page.locator("#explorer-order").select_option(label="by rank in variance")
    assert reader.text("#explorer-place") == "254 of 256"
    reader.page.locator("#explorer-next").click()
    assert reader.neuron == ranks["linear_correlation"][1]  # the other way round
    reader.page.go_back()
    last = f"Neuron {ranks['linear_correlation'][2]}"
    sync_api.expect(reader.page.locator("#explorer-name")).to_have_text(last)


def test_letters_typed_into_the_search_do_not_walk(reader: Reader) -> None:
    reader.open("#neuron=4").page.locator("#explorer-search").press_sequentially("np")
    assert reader.neuron == 4


def test_an_id_in_a_table_leads_to_its_neuron(reader: Reader) -> None:
    reader.open()
    link = reader.page.locator("#neurons-1 tbody a").nth(5)
    wanted = int(link.inner_text())
    for _ in range(2):  # the second time the address does not change
        link.focus()
        reader.page.keyboard.press("Enter")
        reader.page.wait_for_function("document.activeElement.id === 'explorer-name'")
        assert reader.neuron == wanted
        sync_api.expect(reader.page.locator("#explorer-name")).to_be_in_viewport()


def test_an_unknown_neuron_in_the_address_is_said(reader: Reader) -> None:
    reader.open("#neuron=9999")
    assert "no neuron 9999: ids go from 0 to 255" in reader.text("#explorer-state")


def test_a_screen_reader_hears_which_neuron_is_shown(reader: Reader) -> None:
    reader.open("#neuron=199")
    said = reader.page.locator("#explorer-said")
    assert said.get_attribute("role") == "status"
    assert said.text_content().startswith("Neuron 199, backward layer 2, unit 7.")
    tree = reader.page.locator("#neuron-explorer").aria_snapshot()
    for line in ("region", 'combobox "Find a neuron"', 'combobox "Walk"', 'table "Ranks"'):
        assert line in tree
    assert 'table "Activation by label"' in tree
    unlabelled = reader.page.locator("#neuron-explorer :is(button, input, select)").evaluate_all(
        "all => all.filter((one) => !one.textContent.trim() && !one.labels?.length).length"
    )
    assert unlabelled == 0
    words = reader.page.locator("[data-passages=shared] .words").first
    assert words.get_attribute("aria-label").startswith("Sentence ")
    ids = reader.page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_a_sentence_is_one_stop_and_arrows_read_its_words(reader: Reader) -> None:
    reader.open("#neuron=199")
    line = reader.page.locator("[data-passages=shared] .words").nth(2)
    assert line.locator("[tabindex='0']").count() == 1
    line.locator("[tabindex='0']").focus()
    reader.page.keyboard.press("Home")
    tip = reader.page.locator("#explorer-tip")
    for place in range(3):
        word = line.locator(".word").nth(place)
        assert word.evaluate("e => e === document.activeElement")
        value = word.locator(".value").text_content().strip()
        assert tip.inner_text().startswith(f"{value} · ")
        reader.page.keyboard.press("ArrowRight")
    assert line.locator("[tabindex='0']").count() == 1
    line.locator(".word").last.hover()
    assert tip.inner_text() == line.locator(".word").last.get_attribute("data-tip")


def test_the_search_can_be_worked_by_keys_alone(reader: Reader) -> None:
    reader.open()
    box = reader.page.locator("#explorer-search")
    box.focus()
    box.press_sequentially("layer 2")
    assert box.get_attribute("aria-expanded") == "true"
    active = box.get_attribute("aria-activedescendant")
    reader.page.keyboard.press("ArrowUp")  # to the last
    assert box.get_attribute("aria-activedescendant") != active
    reader.page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.get_attribute("aria-activedescendant") is None
    assert box.input_value() == "layer 2"


def test_hostile_words_and_labels_are_text(reader: Reader, data: ExplorerData) -> None:
    hostile = next(i for i, p in enumerate(data.passages) if p.words[0] == HOSTILE[0])
    neuron = next(n for n in range(NEURONS) if hostile in data.highest[n])
    reader.open(f"#neuron={neuron}")
    more = reader.page.locator("#explorer-more-sentences")
    while more.is_visible():
        more.click()
    reader.page.locator("#explorer-all-labels").click()
    for query in (*HOSTILE, *LABELS[2:3]):
        reader.find(query)
    reader.page.keyboard.press("Escape")
    words = reader.page.locator(".words").evaluate_all(
        "all => all.map((line) => [...line.children].map((word) => word.firstChild.textContent))"
    )
    unseen = {"\u2028": "U+2028", "\u200f": "U+200F"}
    readable = [unseen.get(word, word) for word in HOSTILE]
    assert readable in words
    assert LABELS[2] in "".join(reader.texts("#explorer-histograms tbody th"))
    assert reader.page.evaluate("window.hacked") is None
    assert reader.page.locator("#neuron-explorer :is(img, script, iframe)").count() == 0
    assert all(url.startswith(("file:", "about:", "data:")) for url in reader.asked)


def test_nothing_moves_for_who_asked_for_no_motion(reader: Reader) -> None:
    reader.open()
    assert (
        reader.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    )


def test_a_narrow_window_shows_the_explorer_without_scrolling_sideways(reader: Reader) -> None:
    reader.page.set_viewport_size({"width": 380, "height": 800})
    reader.open("#neuron=3")
    box = reader.page.locator("#neuron-explorer").bounding_box()
    assert box is not None
    inner = reader.page.locator("#neuron-explorer").evaluate("e => e.scrollWidth")
    assert inner <= box["width"] + 1
