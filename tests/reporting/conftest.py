"""A run's folder with made-up numbers, and one whose words are hostile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from onegrain.activations.activations import Activations
from onegrain.activations.tokens import TokenTable
from onegrain.data.corpus import Corpus, Words
from onegrain.neurons import NeuronLayout
from onegrain.reporting.explorer_data import ExplorerData
from onegrain.reporting.meaning_files import Meaning
from onegrain.reporting.run_files import write_run_files
from onegrain.settings import Settings
from onegrain.steps.explorer import explorer_data

NEURONS = 256
SETTINGS = """
data: {name: grammar, pair: en-fr, text: {splitting: punctuation, lowercase: true}}
model: {name: nmt, hidden: 64, layers: 2, dropout: 0.3}
task: {name: pos, root: null}
lambda_grid: {name: coarse, lambda1: [0.0, 1.0e-05], lambda2: [0.0, 1.0e-05]}
ablation: {keep: [0.1, 0.15, 0.2], random_orders: 5, model: {shown: [0.05, 0.25]}}
ranking: {methods: [linear_correlation, variance], share: 0.25}
seed: 1
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium, driven by Playwright; tests that want it are skipped without either."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as started:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = started.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any) -> Callable[..., Any]:
    """Opens a page as its reader does, from disk and offline; it must not complain."""

    @contextmanager
    def opened(file: Path, shown: str) -> Iterator[Any]:
        page = browser.new_page()
        page.context.set_offline(True)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        page.locator(shown).first.wait_for()
        yield page
        assert errors == []
        page.close()

    return opened


@pytest.fixture
def cut_off() -> Callable[[Any, int], list[str]]:
    """Says what of a page cannot be reached in a window of some width: no box of it scrolls."""

    def cut_off(page: Any, width: int) -> list[str]:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")
        found: list[str] = page.evaluate(
            """() => {
                const room = (place) => {
                    for (let box = place.parentElement; box; box = box.parentElement) {
                        if (getComputedStyle(box).overflowX === "auto") return box;
                    }
                    return document.documentElement;
                };
                const seen = document.querySelectorAll("table, svg.marks, pre, .tiles, .filter");
                return [...seen].filter((place) => {
                    const box = room(place).getBoundingClientRect();
                    const beyond = place.getBoundingClientRect().right > box.right + 1;
                    const reached = room(place).scrollWidth > room(place).clientWidth;
                    return box.right > innerWidth || (beyond && !reached);
                }).map((place) => `${place.tagName} ${place.id || place.className}`);
            }"""
        )
        return found

    return cut_off


@pytest.fixture
def make_run(tmp_path: Path, make_run_in: Callable[..., Path]) -> Callable[..., Path]:
    """Makes ``<tmp>/2026-11-21/10-02-11-k3f9`` with every file a run has."""
    return partial(make_run_in, tmp_path)


@pytest.fixture(scope="session")
def make_run_in() -> Callable[..., Path]:
    """Makes the run in the folder it is given."""

    def make(place: Path, **changes: Any) -> Path:
        folder = place / "2026-11-21" / "10-02-11-k3f9"
        files = {
            "metrics": metrics(),
            "curves": curves(),
            "neurons": neurons(),
            "lambda_grid": lambda_grid(),
            "agreement": agreement(),
            "minimal": minimal(),
            "neuron_sets": neuron_sets(),
        } | changes
        write_run_files(folder, **files)
        (folder / ".hydra").mkdir(exist_ok=True)
        (folder / ".hydra" / "config.yaml").write_text(SETTINGS, encoding="utf-8")
        overrides = "- model.hidden=64\n- data.pair='en-fr'\n- seed=1\n"
        (folder / ".hydra" / "overrides.yaml").write_text(overrides, encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def make_explorer() -> Callable[..., ExplorerData]:
    """Makes the explorer's data of random activations, those of `recorded`."""

    def make(
        sentences: tuple[Words, ...], labels: tuple[str, ...], layers: int = 2, width: int = 64
    ) -> ExplorerData:
        layout = NeuronLayout.bidirectional_encoder(layers, width)
        random = torch.Generator().manual_seed(0)
        count = sum(map(len, sentences))
        names = iter(torch.randint(len(labels), (count,), generator=random).tolist())
        gold = tuple(tuple(labels[next(names)] for _ in words) for words in sentences)
        corpus = Corpus("en", sentences, labels={"pos": gold})
        values = random_activations(count, layout.size)
        tokens = TokenTable.of(corpus, torch.arange(count) % 11 == 5)
        weight = torch.randn(len(labels), layout.size, generator=random)
        recording = Activations(layout, tokens, (values,))
        return explorer_data(Settings(), weight, labels, recording, corpus)

    return make


@pytest.fixture(scope="session")
def recorded() -> Callable[[int, int], torch.Tensor]:
    """Makes the activations from which `make_explorer` made its data."""
    return random_activations


def random_activations(words: int, neurons: int) -> torch.Tensor:
    return torch.randn(words, neurons, generator=torch.Generator().manual_seed(1)).tanh()


def metrics() -> dict[str, float | str]:
    return {
        "train/bleu": 24.57,
        "train/bleu_signature": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
        "probe/accuracy": 0.912,
        "probe/majority_accuracy": 0.840,
        "probe/unknown_share": 0.013,
        "probe/lambda1": 1e-5,
        "task/dropped_sentences": 3.0,
        "ablation/probe_mask/linear_correlation/gap": 0.3412,
    }


def curves(neurons: int = NEURONS, random_orders: int = 5) -> pd.DataFrame:
    kept = np.unique(np.linspace(0, neurons, 101).round().astype(int))
    share = kept / neurons
    shapes = {
        ("top", 1): 0.1 + 0.812 * (1 - np.exp(-5 * share)) / (1 - np.exp(-5)),
        ("bottom", 1): 0.1 + 0.812 * share**3,
        **{
            ("random", seed): 0.1 + 0.812 * share ** (0.9 + 0.06 * seed)
            for seed in range(1, random_orders + 1)
        },
    }
    return pd.concat(
        pd.DataFrame(
            {
                "task": "pos",
                "label": "",
                "instance": 0,
                "seed": seed,
                "target": "probe_mask",
                "operation": "keep",
                "ranking": "linear_correlation",
                "order": order,
                "clamp": "zero",
                "site": "",
                "neurons": kept,
                "fraction": share,
                "metric": "accuracy",
                "value": value,
                "low": value - 0.012,
                "high": value + 0.012,
            }
        )
        for (order, seed), value in shapes.items()
    )


@pytest.fixture
def curves_of_size() -> Callable[..., pd.DataFrame]:
    """Makes the curves of the probe of a model with so many neurons."""
    return curves


@pytest.fixture
def curves_in_model() -> Callable[..., pd.DataFrame]:
    """Makes the curves of ablation inside the model; its random order is that of any ranking."""

    def curves_in_model(ranking: str = "linear_correlation") -> pd.DataFrame:
        ablated = np.array([0, 13, 26, 64, 128, 256])
        share = ablated / NEURONS
        steepness = {"linear_correlation": 12.0, "variance": 20.0}.get(ranking, 6.0)
        bleu = {
            "top": 25 * np.exp(-steepness * share),
            "bottom": 25 * (1 - share**4),
            "random": 25 * (1 - share),
        }
        shared = {"task": "pos", "label": "", "instance": 0, "seed": 1, "target": "model"}
        shared |= {"operation": "ablate", "ranking": ranking, "clamp": "zero", "metric": "bleu"}
        parts = [
            pd.DataFrame({"order": order, "neurons": ablated, "fraction": share, "value": value})
            for order, value in bleu.items()
        ]
        table = pd.concat(parts, ignore_index=True).assign(site="recurrent", **shared)
        return table.assign(low=table["value"] - 1, high=table["value"] + 1)

    return curves_in_model


def agreement() -> pd.DataFrame:
    columns = ["kind", "ranking", "one", "other", "top", "overlap", "chance", "spearman"]
    rows = [
        ("rankings", "", "linear_correlation", "variance", 26, 0.5, 26 / 256, 0.25),
        ("instances", "variance", "1", "2", 26, 0.75, 26 / 256, 0.875),
    ]
    return pd.DataFrame(rows, columns=columns)


def neurons(count: int = NEURONS, label: str = "NOUN", words: str = "maison, vert") -> pd.DataFrame:
    order = np.random.default_rng(0).permutation(count)
    labels = np.array([label, "VERB", "ADP", "DET"])
    return pd.DataFrame(
        {
            "ranking": "linear_correlation",
            "rank": range(1, count + 1),
            "neuron": order,
            "component": "encoder",
            "layer": order // 64 % 2 + 1,
            "direction": np.where(order < 128, "forward", "backward"),
            "unit": order % 64,
            "score": np.linspace(1, 0, count),
            "best_label": labels[order % 4],
            "top_words": words,
        }
    )


def lambda_grid() -> pd.DataFrame:
    strengths = [0.0, 1e-6, 1e-5, 1e-4, 1e-3]
    rows = []
    for lambda1 in strengths:
        for lambda2 in strengths:
            dev = 0.915 - 30 * lambda1 - 20 * lambda2
            rows.append(
                {
                    "lambda1": lambda1,
                    "lambda2": lambda2,
                    "accuracy_dev": dev,
                    "accuracy_test": dev - 0.003,
                    "objective": 0.25 + 200 * lambda1,
                    "nonzero": int(4096 / (1 + 1e5 * lambda1)),
                    "selected": lambda1 == 1e-5 and lambda2 == 1e-5,
                    "accuracy_train": dev + 0.02,
                    "macro_f1_test": dev - 0.1,
                    "macro_f1_dev": dev - 0.09,
                    "residual": 0.02 if lambda1 == 0 else 0.004,
                    "converged": lambda1 > 0,
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture
def meaning() -> Meaning:
    """What neurons mean: four labels, three properties, two words at each end."""
    names = ["NOUN", "VERB", "ADP", "DET"]
    labels = pd.DataFrame(
        {
            "label": names,
            "word_class": ["open", "open", "closed", "closed"],
            "words_train": [900, 500, 300, 600],
            "words_test": [90, 50, 0, 60],
            "accuracy": [0.9, 0.75, np.nan, 1.0],
            "neurons": [40, 30, 8, 4],
            "exclusive": [30, 20, 2, 0],
        }
    )
    lists = [("NOUN", 1, 5, 0.25, 2), ("NOUN", 2, 7, 0.125, 1), ("VERB", 1, 5, 0.5, 2)]
    pairs = [(one, other) for one in names for other in names]
    overlap = pd.DataFrame(pairs, columns=["one", "other"])
    properties = {"pos": 0.3, "word": 0.6, "word_number": 0.1}
    explained = pd.DataFrame(
        {
            "neuron": list(range(NEURONS)) * 3,
            "property": [name for name in properties for _ in range(NEURONS)],
            "share": [share for share in properties.values() for _ in range(NEURONS)],
            "chance": 0.01,
        }
    )
    encoded = pd.DataFrame(
        {
            "ranking": "linear_correlation",
            "top": 13,
            "property": list(properties),
            "share": [0.5, 0.75, 0.25],
            "all_neurons": list(properties.values()),
            "chance": 0.01,
            "probe_share": 1.0,
        }
    )
    ends = [("top", 1, "maison", 0.5), ("top", 2, "vert", 0.25)]
    ends += [("bottom", 1, ",", -0.75), ("bottom", 2, "<b>&", -0.5)]
    words = pd.DataFrame(
        [(neuron, *end, 7) for neuron in range(NEURONS) for end in ends],
        columns=["neuron", "end", "place", "word", "mean", "count"],
    )
    places = [("ranking", "linear_correlation", 0.75), ("label", "NOUN", 0.5)]
    blocks = [("forward", 0), ("backward", 1)]
    distribution = pd.DataFrame(
        [
            (kind, name, "encoder", 1, direction, 4, abs(number - share), 0.5)
            for kind, name, share in places
            for direction, number in blocks
        ],
        columns=[
            *("kind", "name", "component", "layer", "direction", "neurons"),
            "share",
            "chance",
        ],
    )
    weights = pd.DataFrame(
        [(name, rank, 1 / rank, rank / 3) for name in names for rank in (1, 2, 3)],
        columns=["label", "rank", "weight", "mass"],
    )
    at_top = [("pos", 1, 5, 2, "pos sem"), ("pos", 2, 7, 1, "pos"), ("sem", 1, 5, 2, "pos sem")]
    both = [("pos", "pos"), ("pos", "sem"), ("sem", "pos"), ("sem", "sem")]
    tasks = {"task": ["pos", "sem"], "label_count": [4, 9], "accuracy": [0.9, 0.8]}
    return Meaning(
        tasks=pd.DataFrame(tasks).assign(majority_accuracy=0.7, neurons=[2, 1], exclusive=[1, 0]),
        task_neurons=pd.DataFrame(
            at_top, columns=["task", "place", "neuron", "task_count", "tasks"]
        ),
        task_overlap=pd.DataFrame(both, columns=["one", "other"]).assign(
            shared=[2, 1, 1, 1], share=[1.0, 0.5, 1.0, 1.0], jaccard=0.5, chance=0.01
        ),
        labels=labels,
        label_neurons=pd.DataFrame(
            lists, columns=["label", "place", "neuron", "mass", "label_count"]
        ),
        label_overlap=overlap.assign(shared=2, share=0.5, jaccard=0.25, chance=0.1),
        explained=explained,
        encoded=encoded,
        words=words,
        distribution=distribution,
        weights=weights,
    )


@pytest.fixture
def label_curves() -> pd.DataFrame:
    """The curves of four labels, from both ends of two rankings."""
    some = curves(random_orders=0)
    some = some[some["neurons"].isin([0, 128, 256])].assign(low=np.nan, high=np.nan)
    parts = [
        some.assign(label=label, ranking=ranking)
        for ranking in ("linear_correlation", "variance")
        for label in ("NOUN", "VERB", "ADP", "DET")
    ]
    return pd.concat(parts, ignore_index=True)


def minimal() -> pd.DataFrame:
    shared = {"target_dev": 0.9, "oracle_dev": 0.91, "fraction": [3 / 256, 5 / 256]}
    scores = {"accuracy_dev": [0.905, 0.901], "accuracy_test": [0.9, 0.899]}
    return pd.DataFrame({"set": [1, 2], "neurons": [3, 5], **shared, **scores})


def neuron_sets() -> pd.DataFrame:
    sets = {"minimal": ([7, 2, 9], [11, 3, 5, 1, 8]), "cluster": ([7, 30], [2], [9, 31, 32])}
    return pd.DataFrame(
        {"kind": kind, "set": number, "place": place, "neuron": neuron}
        for kind, parts in sets.items()
        for number, part in enumerate(parts, 1)
        for place, neuron in enumerate(part, 1)
    )
