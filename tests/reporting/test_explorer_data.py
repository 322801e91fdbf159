from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onegrain.errors import UserError
from onegrain.reporting.explorer_data import ARRAYS, ExplorerData, read_explorer, to_json
from onegrain.reporting.run_files import read_run

MakeExplorer = Callable[..., ExplorerData]
SENTENCES = (("the", "dog", "sleeps", "</script>\u2028"), ("no",), ("a", "b", "c", "d", "e"))


@pytest.fixture
def data(make_explorer: MakeExplorer) -> ExplorerData:
    return make_explorer(SENTENCES, ("NOUN", "VERB"), layers=1, width=4)


def test_the_file_is_read_back_as_written(data: ExplorerData, tmp_path: Path) -> None:
    path = tmp_path / "explorer.json"
    path.write_text(to_json(data), encoding="utf-8")
    found = read_explorer(path)
    assert found is not None
    for field in dataclasses.fields(ExplorerData):
        expected, value = getattr(data, field.name), getattr(found, field.name)
        if field.name in ARRAYS:
            assert value.dtype == expected.dtype
            np.testing.assert_array_equal(value, expected)
        else:
            assert value == expected


def test_the_same_data_make_the_same_file(data: ExplorerData) -> None:
    assert to_json(data) == to_json(data)
    assert to_json(data).count("\n") == 1


def test_a_run_made_before_has_no_explorer(make_run: Callable[..., Path]) -> None:
    assert read_run(make_run()).explorer is None


def broken(**changes: object) -> Callable[[dict[str, object]], object]:
    return lambda document: document | changes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (broken(format=2), "format 2, expected 1"),
        (broken(passages=[]), "a passage is named that is not there"),
        (broken(blocks=[]), "'low' has the shape"),
        (broken(served=[]), "'served' is about 0 of 2 labels"),
        (broken(numbers={}), "'low'"),
        (broken(shared=[0, -1]), "a passage is named that is not there"),
        (broken(group_words=["many"]), "invalid literal"),
        (broken(labels=None), "NoneType"),
        (lambda document: [document], "expected an object"),
        (lambda document: {**document, "passages": [{"words": "x"}]}, "KeyError"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_line(
    data: ExplorerData,
    tmp_path: Path,
    change: Callable[[dict[str, object]], object],
    said: str,
) -> None:
    path = tmp_path / "explorer.json"
    path.write_text(json.dumps(change(json.loads(to_json(data)))), encoding="utf-8")
    with pytest.raises(UserError, match=said) as caught:
        read_explorer(path)
    assert str(caught.value).startswith(f"{path}: not the data of the neuron explorer")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""])
def test_a_file_that_is_no_json_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "explorer.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"explorer\.json: not the data"):
        read_explorer(path)
