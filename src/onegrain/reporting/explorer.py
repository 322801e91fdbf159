"""What the page's neuron explorer is given: the run's files, packed.

Words from corpora reach the page as base64 alone, which holds no markup, and the explorer's script
shows them as the text of elements, never as HTML.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from onegrain.errors import UserError
from onegrain.reporting.explorer_data import ARRAYS
from onegrain.reporting.formatting import number
from onegrain.reporting.packed import pack, pack_bytes
from onegrain.reporting.run_contract import NEURONS_FILE
from onegrain.reporting.run_files import RunResults

WORDS_SHOWN = 10  # at each end of a neuron
_ENDS = ("top", "bottom")


def explorer_payload(results: RunResults) -> dict[str, Any] | None:
    """Return the explorer's data as what JSON can hold; None for a run without ``explorer.json``.

    Returns:
        ``text``, a JSON document as gzip in base64, and ``numbers``, packed arrays by name.

    Raises:
        UserError: If a table speaks of a neuron that ``explorer.json`` does not have.
    """
    data = results.explorer
    if data is None:
        return None
    for file, table in ((NEURONS_FILE, results.neurons), ("words.csv", results.meaning.words)):
        if not table["neuron"].between(0, data.neurons - 1).all():
            raise UserError(
                f"{results.folder / file}: names neurons beyond the 0 to {data.neurons - 1} of "
                "explorer.json; are both of the same run?"
            )
    document = {
        "task": data.task,
        "blocks": [vars(block) for block in data.blocks],
        "labels": data.labels,
        "groupWords": data.group_words,
        "served": data.served,
        "passages": [vars(passage) for passage in data.passages],
        "shared": data.shared,
        "rankings": _rankings(results.neurons, data.neurons),
        "words": _words(results.meaning.words, data.neurons),
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    numbers = {name: pack(getattr(data, name)) for name in ARRAYS}
    return {"text": pack_bytes(text.encode()), "numbers": numbers}


def _rankings(table: pd.DataFrame, neurons: int) -> list[dict[str, Any]]:
    """For each ranking the rank and, as the tables of the page show it, the score of every id."""
    rankings = []
    for name, rows in table.groupby("ranking", sort=False):
        ranks = np.zeros(neurons, dtype=np.int64)  # 0: not ranked
        ranks[rows["neuron"]] = rows["rank"]
        scores = [""] * neurons
        for neuron, score in zip(rows["neuron"], rows["score"], strict=True):
            scores[neuron] = number(score)
        rankings.append({"name": name, "ranks": ranks.tolist(), "scores": scores})
    return rankings


def _words(table: pd.DataFrame, neurons: int) -> list[list[list[tuple[str, float, str, int]]]]:
    """For every neuron its top and its bottom words: word, mean, mean as text, count."""
    ends: list[list[list[tuple[str, float, str, int]]]] = [[[], []] for _ in range(neurons)]
    shown = table[(table["place"] <= WORDS_SHOWN) & table["end"].isin(_ENDS)]
    shown = shown.sort_values("place", kind="stable")
    columns = (shown[name] for name in ("neuron", "end", "word", "mean", "count"))
    for neuron, end, word, mean, count in zip(*columns, strict=True):
        ends[neuron][_ENDS.index(end)].append((word, float(mean), number(mean), int(count)))
    return ends
